"""The README is true: its tables are those of the code, its commands and links exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.readme_tables import README, TOP, rewritten

TEXT = README.read_text()
PAGES = [*sorted(TOP.glob("*.md")), *sorted((TOP / "docs").rglob("*.md"))]


def test_the_tables_are_those_of_the_code() -> None:
    assert rewritten(TEXT) == TEXT, "run: make docs"


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:^|`)make ([a-z][a-z0-9-]*)", TEXT, re.MULTILINE))))
def test_each_make_command_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (TOP / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_each_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_the_first_two_commands_are_demo_and_test() -> None:
    assert re.findall(r"^make (\w+)", TEXT, re.MULTILINE)[:2] == ["demo", "test"]
