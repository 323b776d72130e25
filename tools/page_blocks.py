"""Blocks of Markdown pages: the text between the comments `<!-- name -->` and `<!-- /name -->`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path


def replace_blocks(page: str, blocks: Mapping[str, str]) -> str:
    """Return the page with these texts in its blocks, by name. Each block has to be in the page exactly once."""
    for name, text in blocks.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        parts = re.split(f"{begin}.*?{end}", page, flags=re.DOTALL)
        assert len(parts) == 2, f"the page has to have one {begin} block"
        page = f"{begin}\n{text}\n{end}".join(parts)
    return page


def read_block(page: str, name: str) -> str:
    """Return the text of a block, which has to be in the page exactly once."""
    (text,) = re.findall(f"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", page, flags=re.DOTALL)
    return str(text)


def write_blocks(path: Path, blocks: Mapping[str, str]) -> None:
    """Write these texts into the blocks of a page."""
    path.write_text(replace_blocks(path.read_text(encoding="utf-8"), blocks), encoding="utf-8")
