"""Completion, tried in the shells themselves."""

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
    """The shell's path; what is not installed is said."""
    found = shutil.which(name)
    if not found:
        pytest.skip(f"There is no {name}: apt-get install {name}")
    return found


def run(command: list[str], folder: Path, script: str = "") -> list[str]:
    """The lines that a shell prints."""
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
    """What bash offers for the last word."""
    line = " ".join(f"'{word}'" for word in ["async-download", *words])
    text = (
        f"{script('bash', make_parser(''))}\n"
        f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; _async_download; printf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    )
    return run([shell("bash"), "--norc", "-s"], folder, text)


def in_fish(words: list[str], folder: Path) -> list[str]:
    """What fish offers for the last word."""
    (folder / "script.fish").write_text(script("fish", make_parser("")))
    line = " ".join(["async-download", *words])
    return run([shell("fish"), "--no-config", "-c", f"source script.fish; complete -C '{line}' | cut -f1"], folder)


@pytest.mark.parametrize("ask", [in_bash, in_fish])
def test_offers(ask: object, folder: Path) -> None:
    """Commands, the options of a command and no others, files where files belong, shells."""
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


def test_zsh(folder: Path) -> None:
    """Zsh takes the script after compinit, and knows the command then."""
    (folder / "script.zsh").write_text(script("zsh", make_parser("")))
    text = (
        "autoload -Uz compinit && compinit -u; source script.zsh\n"
        "print -r -- $_comps[async-download]; whence -w _async_download"
    )
    out = run([shell("zsh"), "-f", "-c", text], folder)
    assert out == ["_bash_complete", "-o", "filenames", "-F", "_async_download", "_async_download:", "function"]


def test_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the script of each shell, and knows no others."""
    for name in ("bash", "zsh", "fish"):
        assert cli.main(["completion", name]) == 0
        assert capsys.readouterr().out == script(name, make_parser(cli.__doc__ or "")) + "\n"
    with pytest.raises(SystemExit):
        cli.main(["completion", "tcsh"])
