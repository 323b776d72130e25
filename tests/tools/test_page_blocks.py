"""Generators of pages replace the text of their own blocks only."""

from __future__ import annotations

import pytest

from tools.page_blocks import read_block, replace_blocks

PAGE = "# A page\n\n<!-- a -->\nold\n\n<!-- /a -->\n\nKept.\n\n<!-- b -->\nother\n<!-- /b -->\n"


def test_only_the_named_blocks_change() -> None:
    page = replace_blocks(PAGE, {"a": r"new \1"})
    assert page == PAGE.replace("old\n", r"new \1")
    assert (read_block(page, "a"), read_block(page, "b")) == (r"new \1", "other")


@pytest.mark.parametrize("page", ["", PAGE.replace("<!-- /a -->", ""), PAGE + PAGE])
def test_a_block_that_is_not_there_exactly_once_is_refused(page: str) -> None:
    with pytest.raises(AssertionError, match="has to have one <!-- a --> block"):
        replace_blocks(page, {"a": "new"})
    with pytest.raises(ValueError, match="values to unpack"):
        read_block(page, "a")
