"""The page of the operator's command has the tables of its code, and every command."""

from __future__ import annotations

import pytest
from async_download_admin.cli.parser import COMMAND_NAMES

from tools.admin_page import PAGE, blocks
from tools.page_blocks import replace_blocks

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_code() -> None:
    assert replace_blocks(TEXT, blocks()) == TEXT, "run: make docs"


@pytest.mark.parametrize("command", COMMAND_NAMES)
def test_every_command_has_a_heading(command: str) -> None:
    assert f"\n## {command}\n" in TEXT
