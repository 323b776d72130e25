"""Signed commands in the documentation work on AWS."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from localcloud import walkthrough
from tests.docs.pages import OUTPUTS, PAGES, code_blocks, code_in_sentences
from tools.readme_tables import TOP

SIGNERS = ("--aws-sigv4", "awscurl")


def commands(text: str, program: str) -> list[str]:
    """Return the shell commands in `text` that begin with `program`."""
    lines = [line.removeprefix("$ ") for line in (*code_blocks(text), *code_in_sentences(text))]
    return [line for line in lines if re.match(rf"{program}\s", line)]


def unencoded(command: str) -> list[str]:
    """Return the query values of a command that SigV4 signs in another spelling than the command sends.

    SigV4 encodes everything but unreserved characters before it signs, and curl up to 8.2.1 signs the query as it is.
    """
    queries = [word.partition("?")[2] for word in shlex.split(command)]
    values = [pair.partition("=")[2] for query in queries for pair in query.split("&")]
    return [value for value in values if "$" not in value and quote(unquote(value), safe="") != value]


def signed_commands(page: Path) -> list[str]:
    """Return the commands of a page whose requests are signed."""
    calls = commands(page.read_text(encoding="utf-8"), "(?:curl|awscurl)")
    return [command for command in calls if any(signer in command for signer in SIGNERS)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_signed_queries_are_encoded_as_sigv4_signs_them(page: Path) -> None:
    assert [command for command in signed_commands(page) if unencoded(command)] == []


def test_signed_commands_are_found_on_both_pages_and_with_a_query() -> None:
    signed = {str(page.relative_to(TOP)): signed_commands(page) for page in PAGES}
    assert {name for name, calls in signed.items() if calls} >= {"README.md", "docs/downloading.md"}
    assert any("?path=" in command for command in signed["README.md"])


@pytest.mark.parametrize("value", ["2026/q3.csv", "a b", "a+b", "a:b", "%2f", "a%2Fb c"])
def test_a_query_that_is_signed_in_another_spelling_is_detected(value: str) -> None:
    url = f"https://a.example.com/download?origin=b&path={value}"
    (command,) = commands(f'```sh\ncurl --aws-sigv4 "aws:amz:r:execute-api" \\\n  "{url}"\n```\n', "curl")
    assert unencoded(command)
    assert not unencoded(command.replace(value, quote(unquote(value), safe="")))


@pytest.mark.parametrize("default_path", [True, False])
def test_the_walkthrough_of_a_stack_with_rest_auth_none_signs_no_call(default_path: bool) -> None:
    lines = [line for _, lines in walkthrough.steps(OUTPUTS, default_path) for line in lines]
    assert any("curl" in shlex.split(line) for line in lines)
    assert not any(signer in line for line in lines for signer in SIGNERS)
