"""Completion scripts, run in the shells."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from async_download_client import cli
from async_download_client.cli.completion import script
from async_download_client.cli.parser import make_parser

OPTIONS = ["--sha256", "--limit-rate", "--no-resume", "--profile"]


def shell(name: str) -> str:
    """Return the path of a shell, or skip the test."""
    path = shutil.which(name)
    if not path:
        pytest.skip(f"There is no {name}: apt-get install {name}")
    return path


def run(command: list[str], folder: Path, script: str = "") -> list[str]:
    """Return the lines that a shell prints."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    ended = subprocess.run(
        command, input=script, cwd=folder, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.stderr == ""
    return ended.stdout.split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file."""
    (tmp_path / "q3.json").touch()
    return tmp_path


def in_bash(words: list[str], folder: Path) -> list[str]:
    """Return the completions of bash for the last word."""
    line = " ".join(f"'{word}'" for word in ["async-download", *words])
    text = (
        f"{script('bash', make_parser(''))}\n"
        f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; _async_download; printf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    )
    return run([shell("bash"), "--norc", "-s"], folder, text)


def in_fish(words: list[str], folder: Path) -> list[str]:
    """Return the completions of fish for the last word."""
    (folder / "script.fish").write_text(script("fish", make_parser("")), encoding="utf-8")
    line = " ".join(["async-download", *words])
    return run([shell("fish"), "--no-config", "-c", f"source script.fish; complete -C '{line}' | cut -f1"], folder)


@pytest.mark.parametrize("ask", [in_bash, in_fish])
def test_a_shell_completes_commands_options_and_files(ask: object, folder: Path) -> None:
    assert callable(ask)
    assert set(ask([""], folder)) >= {"get", "request", "status", "cancel", "watch", "completion"}
    assert ask(["wa"], folder) == ["watch"]
    assert set(ask(["get", "--"], folder)) >= set(OPTIONS)
    assert set(ask(["status", "--"], folder)) & set(OPTIONS) == {"--profile"}
    assert ask(["get", "--limit-r"], folder) == ["--limit-rate"]
    assert ask(["get", "-o", "q"], folder) == ["q3.json"]
    assert ask(["get", "--path", "q"], folder) == []
    assert ask(["status", "q"], folder) == ["q3.json"]
    assert set(ask(["completion", ""], folder)) >= {"bash", "zsh", "fish"}


def test_zsh_registers_the_completion_after_compinit(folder: Path) -> None:
    (folder / "script.zsh").write_text(script("zsh", make_parser("")), encoding="utf-8")
    text = (
        "autoload -Uz compinit && compinit -u; source script.zsh\n"
        "print -r -- $_comps[async-download]; whence -w _async_download"
    )
    out = run([shell("zsh"), "-f", "-c", text], folder)
    assert out == ["_bash_complete", "-o", "filenames", "-F", "_async_download", "_async_download:", "function"]


def test_completion_prints_the_script_of_each_shell(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("bash", "zsh", "fish"):
        assert cli.main(["completion", name]) == 0
        assert capsys.readouterr().out == script(name, make_parser(cli.__doc__ or "")) + "\n"
    with pytest.raises(SystemExit):
        cli.main(["completion", "tcsh"])
