"""A small interpreter of CloudWatch Logs Insights QL, for the commands and functions that the saved queries use.

The lists of commands and functions are those of AWS's documentation of the language:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

COMMANDS_TEXT = """anomaly dedup diff display fields filter filterIndex join limit lookup parse pattern sort source
stats unmask unnest"""
AGGREGATES_TEXT = "avg count count_distinct max min pct stddev sum earliest latest sortsFirst sortsLast"
FUNCTIONS_TEXT = """abs ceil floor greatest least log sqrt bin datefloor dateceil fromMillis toMillis now ispresent
coalesce isempty isblank concat ltrim rtrim trim strlen toupper tolower substr replace strcontains"""
COMMANDS = frozenset(COMMANDS_TEXT.split())
FUNCTIONS = frozenset(AGGREGATES_TEXT.split()) | frozenset(FUNCTIONS_TEXT.split())
WORDS = frozenset(["and", "or", "not", "in", "like", "as", "by", "asc", "desc"])
SYSTEM_FIELDS = frozenset({"@timestamp", "@message", "@logStream", "@log", "@ingestionTime"})
_TOKEN = re.compile(r'\s*("[^"]*"|[A-Za-z_@][\w.@]*|\d+[a-z]?|!=|<=|>=|[()\[\],=<>*])')
Row = Mapping[str, Any]


class QueryError(Exception):
    """The query is not in the language, or uses a part of it that this interpreter lacks."""


def tokens_of(text: str) -> list[str]:
    """Return the tokens of a command."""
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise QueryError(f"cannot be read: {text[at:]}")
        tokens.append(match[1])
        at = match.end()
    return tokens


def commands_of(query: str) -> list[tuple[str, list[str]]]:
    """Return name and arguments of each command of a query."""
    commands = []
    for text in re.split(r'\|(?=(?:[^"]*"[^"]*")*[^"]*$)', query):
        name, *arguments = tokens_of(text)
        if name not in COMMANDS:
            raise QueryError(f"{name} is no command")
        commands.append((name, arguments))
    return commands


def fields_of(query: str) -> set[str]:
    """Return the fields of log lines that a query names, without those that it defines."""
    named: set[str] = set()
    defined: set[str] = set()
    for _, arguments in commands_of(query):
        for index, token in enumerate(arguments):
            follows = arguments[index + 1] if index + 1 < len(arguments) else ""
            if not re.match(r"[A-Za-z_@]", token) or token in WORDS:
                continue
            if follows == "(":
                if token not in FUNCTIONS:
                    raise QueryError(f"{token} is no function")
            elif index and arguments[index - 1] == "as":
                defined.add(token)
            else:
                named.add(token)
    return named - defined


def run(query: str, lines: Sequence[Row]) -> list[Row]:
    """Return the rows that a query yields for log lines; `@timestamp` is the time of a line."""
    rows: list[Row] = [{**line, "@timestamp": line["timestamp"]} for line in lines]
    for name, arguments in commands_of(query):
        match name:
            case "filter":
                condition = _Condition(arguments)
                rows = [row for row in rows if condition.holds(row)]
            case "stats":
                rows = _stats(arguments, rows)
            case "sort":
                field, order = (*arguments, "asc")[:2]
                rows = sorted(rows, key=lambda row: row[field], reverse=order == "desc")
            case "limit":
                rows = rows[: int(arguments[0])]
            case "display" | "fields":
                rows = [{field: row[field] for field in arguments if field in row} for row in rows]
            case _:
                raise QueryError(f"this interpreter does not know {name}")
    return rows


class _Condition:
    """The condition of `filter`: comparisons, `like`, `in`, joined by `and`, `or` and parentheses."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = list(tokens)

    def holds(self, row: Row) -> bool:
        """Return whether it holds for a row."""
        left = iter(self._tokens)
        value, following = self._any(left, row)
        if following is not None:
            raise QueryError(f"unexpected {following}")
        return value

    def _any(self, tokens: Iterator[str], row: Row) -> tuple[bool, str | None]:
        value, following = self._all(tokens, row)
        while following == "or":
            other, following = self._all(tokens, row)
            value = value or other
        return value, following

    def _all(self, tokens: Iterator[str], row: Row) -> tuple[bool, str | None]:
        value, following = self._comparison(tokens, row)
        while following == "and":
            other, following = self._comparison(tokens, row)
            value = value and other
        return value, following

    def _comparison(self, tokens: Iterator[str], row: Row) -> tuple[bool, str | None]:
        field = next(tokens)
        if field == "(":
            value, closing = self._any(tokens, row)
            if closing != ")":
                raise QueryError("a parenthesis is not closed")
            return value, next(tokens, None)
        operator, operand, actual = next(tokens), next(tokens), row.get(field)
        if operator == "in":
            choices = []
            while (token := next(tokens)) != "]":
                choices += [token.strip('"')] if token != "," else []
            return actual in choices, next(tokens, None)
        expected = operand.strip('"') if operand.startswith('"') else float(operand)
        return _compare(operator, actual, expected), next(tokens, None)


def _compare(operator: str, actual: Any, expected: str | float) -> bool:
    match operator:
        case "=":
            return bool(actual == expected)
        case "!=":
            return bool(actual != expected)
        case ">":
            return actual is not None and bool(actual > expected)
        case "<":
            return actual is not None and bool(actual < expected)
        case "like":
            return str(expected) in str(actual or "")
    raise QueryError(f"this interpreter does not know {operator}")


def _stats(arguments: Sequence[str], rows: Sequence[Row]) -> list[Row]:
    """Return one row for each combination of the fields behind `by`; `bin(...)` takes the whole period."""
    at = arguments.index("by")
    aggregates = re.findall(r"(\w+) \( (\S+) \) as (\w+)", " ".join(arguments[:at]))
    if len(aggregates) != arguments[:at].count("as"):
        raise QueryError(f"aggregates cannot be read: {' '.join(arguments[:at])}")
    keys = [part.strip() for part in re.sub(r"bin \( \w+ \)", "", " ".join(arguments[at + 1 :])).split(",")]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(key) for key in keys if key), []).append(row)
    names = [key for key in keys if key]
    return [
        dict(zip(names, group, strict=True))
        | {alias: _aggregate(function, field, members) for function, field, alias in aggregates}
        for group, members in groups.items()
    ]


def _aggregate(function: str, field: str, rows: Sequence[Row]) -> Any:
    values = [row[field] for row in rows if field in row]
    if function == "count":
        return len(rows) if field == "*" else len(values)
    if function == "sum":
        return sum(values)
    raise QueryError(f"this interpreter does not know {function}")
