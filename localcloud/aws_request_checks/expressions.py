"""A parser of DynamoDB's expressions, as far as the checks need it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

MAX_BYTES = 4096
MAX_OPERATORS = 300
MAX_IN_OPERANDS = 100
_SYMBOL = re.compile(r"\s*(?:(#\w+|:\w+|[A-Za-z_]\w*|\[\d+\]|<>|<=|>=|[=<>(),.+-])|(\S))")
_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")
_WORDS = ("AND", "OR", "NOT", "BETWEEN", "IN")
_FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
    "if_not_exists": 2,
    "list_append": 2,
}
_OF_UPDATES = ("if_not_exists", "list_append")
_OF_PATHS = ("attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "if_not_exists")
_OPERATORS = {"=", "<>", "<", "<=", ">", ">=", "+", "-", "AND", "OR", "NOT", "BETWEEN", "IN"}
_ADDED, _DELETED = {"N", "SS", "NS", "BS"}, {"SS", "NS", "BS"}


class Kind(Enum):
    """The purpose of an expression."""

    CONDITION = "condition"
    PROJECTION = "projection"
    UPDATE = "update"


class ExpressionError(ValueError):
    """A text is not an expression."""


@cache
def reserved_words() -> frozenset[str]:
    """Return the words that may not stand for an attribute, in upper case."""
    lines = Path(__file__).with_name("reserved_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


class Expression:
    """An expression.

    Attributes:
        names: Aliases of attributes in it: `#size`.
        values: Aliases of values in it: `:size`.
        bare: Attributes that stand in it without an alias.
        clauses: The actions of an update, as symbols: `{"SET": [["#size", "=", ":size"]]}`.

    Raises:
        ExpressionError: The text is no expression.
    """

    def __init__(self, kind: Kind, text: str) -> None:
        self.kind = kind
        self.text = text
        self.symbols = list(_symbols(text))
        self.names = {symbol for symbol in self.symbols if symbol.startswith("#")}
        self.values = {symbol for symbol in self.symbols if symbol.startswith(":")}
        self.bare = set(self._bare_names())
        self.clauses = self._clauses() if kind is Kind.UPDATE else {}

    def problems(
        self, names: Mapping[str, str], values: Mapping[str, Mapping[str, Any]], key: Mapping[str, Any]
    ) -> Iterator[str]:
        """Yield the rules of DynamoDB that the expression breaks, with these aliases and for an item with this key."""
        if not self.symbols:
            yield "may not be empty"
        if len(self.text.encode()) > MAX_BYTES:
            yield f"is longer than {MAX_BYTES} bytes"
        if sum(symbol.upper() in _OPERATORS for symbol in self.symbols) > MAX_OPERATORS:
            yield f"has more than {MAX_OPERATORS} operators"
        for name in sorted(self.bare):
            if name.upper() in reserved_words():
                yield f"{name} is a reserved word; alias it: #{name}"
        yield from self._function_problems()
        yield from self._parenthesis_problems()
        if self.kind is Kind.UPDATE:
            yield from self._update_problems(names, values, key)

    def _bare_names(self) -> Iterator[str]:
        """Yield identifiers that are neither words of the language nor functions that are called."""
        words = {Kind.CONDITION: _WORDS, Kind.UPDATE: _CLAUSES, Kind.PROJECTION: ()}[self.kind]
        for symbol, following in pairwise([*self.symbols, ""]):
            called = following == "(" and symbol in _FUNCTIONS
            if (symbol[0].isalpha() or symbol[0] == "_") and symbol.upper() not in words and not called:
                yield symbol

    def _function_problems(self) -> Iterator[str]:
        for index, symbol in enumerate(self.symbols):
            following = self.symbols[index + 1 : index + 2]
            if symbol.upper() == "IN" and self.kind is Kind.CONDITION and following == ["("]:
                count = len(self._arguments(index + 1))
                if count > MAX_IN_OPERANDS:
                    yield f"IN has {count} operands, and the most is {MAX_IN_OPERANDS}"
            if symbol not in _FUNCTIONS or following != ["("]:
                continue
            arguments = self._arguments(index + 1)
            if (symbol in _OF_UPDATES) != (self.kind is Kind.UPDATE):
                yield f"{symbol} is no function of this kind of expression"
            if len(arguments) != _FUNCTIONS[symbol]:
                yield f"{symbol} takes {_FUNCTIONS[symbol]} operands, not {len(arguments)}"
            if symbol in _OF_PATHS and arguments and arguments[0][:1] == ":":
                yield f"{symbol} takes a path, not {arguments[0]}"
            if len(set(arguments)) < len(arguments):
                yield f"{symbol} takes distinct operands"

    def _arguments(self, opening: int) -> list[str]:
        """Return the arguments of the function whose parentheses open at this symbol."""
        depth, arguments = 0, [""]
        for symbol in self.symbols[opening:]:
            depth += {"(": 1, ")": -1}.get(symbol, 0)
            if depth == 0:
                return [argument for argument in arguments if argument]
            if symbol == "," and depth == 1:
                arguments.append("")
            elif depth > 1 or symbol != "(":
                arguments[-1] += symbol
        return arguments

    def _parenthesis_problems(self) -> Iterator[str]:
        opened: list[int] = []
        pairs: set[tuple[int, int]] = set()
        for index, symbol in enumerate(self.symbols):
            if symbol == "(":
                opened.append(index)
            elif symbol == ")":
                if not opened:
                    yield "closes a parenthesis that is not open"
                    return
                pairs.add((opened.pop(), index))
        if opened:
            yield "does not close a parenthesis"
        if any((first + 1, last - 1) in pairs for first, last in pairs):
            yield "has redundant parentheses"

    def _update_problems(
        self, names: Mapping[str, str], values: Mapping[str, Mapping[str, Any]], key: Mapping[str, Any]
    ) -> Iterator[str]:
        changed: list[tuple[str, ...]] = []
        for clause, actions in self.clauses.items():
            for action in actions:
                path = _path(action, names)
                changed.append(path)
                if path[:1] and path[0] in key:
                    yield f"{clause} changes {path[0]}, which is in the key"
                allowed = {"ADD": _ADDED, "DELETE": _DELETED}.get(clause)
                value = values.get(action[-1], {})
                if allowed and not allowed & set(value):
                    yield f"{clause} takes {' or '.join(sorted(allowed))}: {' '.join(action)}"
        for first, second in combinations(changed, 2):
            length = min(len(first), len(second))
            if first[:length] == second[:length]:
                yield f"the paths {'.'.join(first)} and {'.'.join(second)} overlap"

    def _clauses(self) -> dict[str, list[list[str]]]:
        """Return the actions of each clause, as symbols."""
        clauses: dict[str, list[list[str]]] = {}
        depth, actions = 0, list[list[str]]()
        for symbol in self.symbols:
            depth += {"(": 1, ")": -1}.get(symbol, 0)
            if symbol.upper() in _CLAUSES:
                if symbol.upper() in clauses:
                    raise ExpressionError(f"{symbol} stands twice")
                actions = clauses[symbol.upper()] = [[]]
            elif not clauses:
                raise ExpressionError(f"begins with {symbol}, not with one of {', '.join(_CLAUSES)}")
            elif symbol == "," and depth == 0:
                actions.append([])
            else:
                actions[-1].append(symbol)
        if not all(action for actions in clauses.values() for action in actions):
            raise ExpressionError("a clause or an action is empty")
        return clauses


def _symbols(text: str) -> Iterator[str]:
    for match in _SYMBOL.finditer(text.strip()):
        if match[2]:
            raise ExpressionError(f"{match[2]} is no part of an expression")
        yield match[1]


def _path(action: list[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """Return the elements of the path that an action of an update begins with."""
    path: list[str] = []
    for symbol in action:
        if symbol == ".":
            continue
        if symbol == "=" or symbol.startswith(":"):
            break
        path.append(names.get(symbol, symbol))
    return tuple(path)
