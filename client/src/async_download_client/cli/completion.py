"""Generates completion scripts for shells from the parser: commands, their options, and file names."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable

SHELLS = ("bash", "zsh", "fish")
_FILES = ("output", "download")

_BASH = """\
_async_download() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words=
  if [[ $COMP_CWORD == 1 ]]; then
    words={commands}
  elif [[ " "{files}" " == *" $previous "* ]]; then
    COMPREPLY=($(compgen -f -- "$current")); return
  elif [[ " "{valued}" " == *" $previous "* ]]; then
    return
  else
    case ${{COMP_WORDS[1]}} in
{cases}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ ${{#COMPREPLY[@]}} == 0 && $current != -* ]] && COMPREPLY=($(compgen -f -- "$current"))
  return 0
}}
complete -o filenames -F _async_download async-download"""

_ZSH = """\
#compdef async-download
autoload -U +X bashcompinit && bashcompinit
"""


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """Return the script that a shell evaluates."""
    commands = _commands(parser)
    return _fish(commands) if shell == "fish" else ("" if shell == "bash" else _ZSH) + _bash(commands)


def _bash(commands: dict[str, argparse.ArgumentParser]) -> str:
    cases, files, valued = [], set[str](), set[str]()
    for name, command in commands.items():
        words: list[str] = []
        for action in _actions(command):
            words += action.option_strings or map(str, action.choices or ())
            if action.nargs != 0:
                (files if action.dest in _FILES else valued).update(action.option_strings)
        cases.append(f"      {name}) words={_words(words)} ;;")
    lists = {"files": _words(sorted(files)), "valued": _words(sorted(valued))}
    return _BASH.format(commands=_words(commands), cases="\n".join(cases), **lists)


def _fish(commands: dict[str, argparse.ArgumentParser]) -> str:
    no_command = "not __fish_seen_subcommand_from " + " ".join(commands)
    lines = ["complete -c async-download -f"]
    for name, command in commands.items():
        about = shlex.quote((command.description or "").rstrip("."))
        lines.append(f"complete -c async-download -n {shlex.quote(no_command)} -a {name} -d {about}")
        this_command = shlex.quote(f"__fish_seen_subcommand_from {name}")
        for action in _actions(command):
            flags = " ".join(
                f"-l {option[2:]}" if option[:2] == "--" else f"-s {option[1:]}" for option in action.option_strings
            )
            value = "" if action.nargs == 0 else " -rF" if action.dest in _FILES else " -x"
            if flags:
                lines.append(f"complete -c async-download -n {this_command} {flags}{value} -d {_about(action)}")
            elif action.choices:
                lines.append(f"complete -c async-download -n {this_command} -a {_words(map(str, action.choices))}")
            elif action.dest in _FILES:
                lines.append(f"complete -c async-download -n {this_command} -F")
    return "\n".join(lines)


def _about(action: argparse.Action) -> str:
    return shlex.quote(" ".join((action.help or "").partition(";")[0].replace("%(default)s", "").split()))


def _words(words: Iterable[str]) -> str:
    return shlex.quote(" ".join(words))


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    subparsers = next(action for action in _actions(parser) if isinstance(action, argparse._SubParsersAction))
    return dict(subparsers.choices)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # argparse has no public way to list them
