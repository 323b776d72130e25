"""Text files are read and written in UTF-8, whatever the locale: the linter knows only some of the paths."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.python_files import FILES, TOP

POSITION = {"read_text": 0, "write_text": 1}  # of the argument `encoding`, by the name of the method


def calls_without_encoding(source: str) -> Iterator[int]:
    """Yield the lines of calls of `read_text` and `write_text` in the encoding of the locale."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in POSITION):
            continue
        has_keyword = any(keyword.arg in ("encoding", None) for keyword in node.keywords)
        if not has_keyword and len(node.args) <= POSITION[node.func.attr]:
            yield node.lineno


@pytest.mark.parametrize("call", ["path.read_text()", "path.write_text('')", "path.read_text(errors='ignore')"])
def test_call_without_encoding_is_detected(call: str) -> None:
    assert list(calls_without_encoding(call)) == [1]


@pytest.mark.parametrize("folder", FILES)
def test_every_text_file_is_opened_with_an_encoding(folder: str) -> None:
    places = [
        f"{path.relative_to(TOP)}:{line}"
        for path in FILES[folder]
        for line in calls_without_encoding(path.read_text(encoding="utf-8"))
    ]
    assert places == []
