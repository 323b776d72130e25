"""The page of recipes is true: its programs run, its tables are those of the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from async_download_client import cli
from async_download_client.cli.parser import make_parser

from client.tests.support.fake_stack import FakeStack, Fault

PAGE = Path(__file__).parents[2] / "docs" / "downloading.md"
TEXT = PAGE.read_text()
BIN = Path(sys.executable).parent


def blocks(language: str) -> list[str]:
    """The pieces of code in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def environment(stack: FakeStack) -> dict[str, str]:
    """Where the stack is, and our command."""
    return os.environ | {"API_URL": stack.api_url, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def test_there_are_some() -> None:
    """An expression that matches nothing would test nothing."""
    assert (len(blocks("python")), len(blocks("yaml"))) == (3, 1)
    assert len(blocks("sh")) >= 6


@pytest.mark.parametrize("number", range(3))
def test_python(stack: FakeStack, tmp_path: Path, number: int) -> None:
    """Each program downloads what it says."""
    program = [sys.executable, "-c", blocks("python")[number]]
    ended = subprocess.run(
        program, cwd=tmp_path, env=environment(stack), capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "error" not in ended.stdout.lower()
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made in (
        {"q3.csv": stack.content},
        {"q3.csv": stack.content, "q4.csv": stack.content},
    )


@pytest.mark.parametrize("block", blocks("sh"))
def test_shell_syntax(block: str) -> None:
    """Each piece is what bash takes for a program."""
    assert subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False).stderr == ""


@pytest.mark.parametrize("block", [block for block in blocks("sh") if block.startswith(("async-download", "until"))])
def test_shell(stack: FakeStack, tmp_path: Path, block: str) -> None:
    """What needs nothing but our command runs."""
    stack.faults = [Fault(cut=1000)]
    ended = subprocess.run(
        ["bash", "-e", "-c", block],
        cwd=tmp_path,
        env=environment(stack),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert {path.name for path in tmp_path.iterdir()} in ({"q3.csv"}, {"q3.json"}, {"dump.tar"})


def test_ci_job() -> None:
    """The job's command is one that our parser takes."""
    steps = yaml.safe_load(blocks("yaml")[0])["jobs"]["report"]["steps"]
    words = steps[-1]["run"].replace('"$API_URL"', "https://example.com").replace('"$SHA256"', "0" * 64).split()
    assert words[0] == "async-download"
    assert make_parser("").parse_args(words[1:]).iam is True


def test_exit_codes() -> None:
    """The table of exit codes is the command's own."""
    rows = [line for line in (cli.__doc__ or "").splitlines() if re.match(r"\| \d", line)]
    assert re.findall(r"^\| \d+ \| .*\|$", TEXT.split("<!-- exit codes -->")[1], re.MULTILINE) == rows


def test_options() -> None:
    """Every option that the page names exists, and every command and option of note is named."""
    parser = make_parser("")
    commands = next(action.choices for action in parser._actions if action.dest == "command")
    assert isinstance(commands, dict)
    known = {text for command in commands.values() for action in command._actions for text in action.option_strings}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", re.sub(r"^```sh\ncurl.*?^```", "", TEXT, flags=re.M | re.S)))
    assert named - known <= {"--user"}
    assert {f"`{name}" in TEXT for name in commands} == {True}
    assert known - named <= {"--help", "--path", "--origin", "--file-name", "--resume", "--api-key", "--header"} | {
        "-h",
        "-o",
        "--output",
    }
