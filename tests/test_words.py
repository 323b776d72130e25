"""Names and docstrings use the field's terms: no pronouns or participles as names, no docstring that is a riddle.

The bounds are those of well-kept projects with some room: two such names in 1,000, three docstrings in 100.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.python_files import FILES, TOP

BANNED = re.compile(  # in the words of a name, in lower case with blanks between them
    r"\b(told|tells?|asked|wanted|news|crowd|whom|somebody|nobody|beside|meanwhile|undelivered|mishaps?|witness|decides"
    r"|unhurried|secretive|trouble)\b"
    r"|^(ones?|each|known|given|made|found|seen|others|own|who|holder|window|things?|stuff|pages|judge|wire|tick)$"
    r"|^(most|least|longest|note) "
)
RIDDLE = re.compile(r"(What|Who|Whose|Where|How|Which|Why|When|That|Of|As)\b")
MAX_NAMES_PER_1000 = 2.0
MAX_DOCSTRINGS_PERCENT = 3.0


def is_banned(name: str) -> bool:
    """Return whether a name says too little; the name of a test is a sentence and may hold any word."""
    if name.startswith("test_"):
        return False
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower().split("_")
    return BANNED.search(" ".join(word for word in words if len(word) > 1)) is not None


def bound_names(tree: ast.AST) -> Iterator[str]:
    """Yield every name that a module binds: variables, parameters, functions, classes, attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name


def docstrings(tree: ast.AST) -> Iterator[str]:
    """Yield the docstrings of a module, its classes and functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield text


@pytest.mark.parametrize("name", ["told", "tell_all", "wasAsked", "CROWD", "one", "_found_x", "Judge", "most_bytes"])
def test_banned_names_are_recognised(name: str) -> None:
    assert is_banned(name)


@pytest.mark.parametrize(
    "name", ["notified_at", "one_second", "found_keys", "test_one_is_told", "window_seconds", "keynote"]
)
def test_other_names_pass(name: str) -> None:
    assert not is_banned(name)


@cache
def scan(path: Path) -> tuple[list[str], list[str]]:
    """Return the bound names and the docstrings of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return list(bound_names(tree)), list(docstrings(tree))


@pytest.mark.parametrize("folder", FILES)
def test_names_say_what_they_hold(folder: str) -> None:
    places: dict[str, list[str]] = {}
    count = 0
    for path in FILES[folder]:
        names, _ = scan(path)
        count += len(names)
        for name in filter(is_banned, names):
            places.setdefault(name, []).append(str(path.relative_to(TOP)))
    banned = sum(len(paths) for paths in places.values())
    assert banned <= count * MAX_NAMES_PER_1000 / 1000, places


@pytest.mark.parametrize("folder", FILES)
def test_docstrings_are_plain_sentences(folder: str) -> None:
    texts = [text for path in FILES[folder] for text in scan(path)[1]]
    riddles = [text.splitlines()[0] for text in texts if RIDDLE.match(text)]
    assert len(riddles) <= len(texts) * MAX_DOCSTRINGS_PERCENT / 100, riddles
