"""docs/downloading.md: its programs run, and its tables are those of the code."""

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
TEXT = PAGE.read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def environment(stack: FakeStack) -> dict[str, str]:
    """Return an environment with the stack's URL and the command in PATH."""
    return os.environ | {"API_URL": stack.api_url, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def test_the_page_has_the_expected_blocks() -> None:
    assert (len(blocks("python")), len(blocks("yaml"))) == (3, 1)
    assert len(blocks("sh")) >= 6


@pytest.mark.parametrize("number", range(3))
def test_each_python_program_downloads_its_files(
    stack: FakeStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], number: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("API_URL", stack.api_url)
    exec(blocks("python")[number], {"__name__": "__main__"})  # noqa: S102 - a program of our own page
    out, err = capfd.readouterr()
    assert ("error" in out.lower(), err) == (False, "")
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert files in ({"q3.csv": stack.content}, {"q3.csv": stack.content, "q4.csv": stack.content})


@pytest.mark.parametrize("block", blocks("sh"))
def test_each_shell_block_is_valid_bash(block: str) -> None:
    assert subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False).stderr == ""


@pytest.mark.parametrize("block", [block for block in blocks("sh") if block.startswith(("async-download", "until"))])
def test_each_shell_block_with_only_our_command_runs(stack: FakeStack, tmp_path: Path, block: str) -> None:
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


def test_the_parser_accepts_the_command_of_the_ci_job() -> None:
    steps = yaml.safe_load(blocks("yaml")[0])["jobs"]["report"]["steps"]
    words = steps[-1]["run"].replace('"$API_URL"', "https://example.com").replace('"$SHA256"', "0" * 64).split()
    assert words[0] == "async-download"
    assert make_parser("").parse_args(words[1:]).iam is True


def test_the_table_of_exit_codes_is_that_of_the_command() -> None:
    rows = [line for line in (cli.__doc__ or "").splitlines() if re.match(r"\| \d", line)]
    assert re.findall(r"^\| \d+ \| .*\|$", TEXT.split("<!-- exit codes -->")[1], re.MULTILINE) == rows


def test_the_page_names_the_options_of_the_command_and_no_others() -> None:
    parser = make_parser("")
    commands = next(action.choices for action in parser._actions if action.dest == "command")
    assert isinstance(commands, dict)
    existing = {text for command in commands.values() for action in command._actions for text in action.option_strings}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", re.sub(r"^```sh\ncurl.*?^```", "", TEXT, flags=re.M | re.S)))
    assert named - existing <= {"--user"}
    assert {f"`{name}" in TEXT for name in commands} == {True}
    assert existing - named <= {"--help", "--path", "--origin", "--file-name", "--resume", "--api-key", "--header"} | {
        "-h",
        "-o",
        "--output",
    }
