"""Checks of requests to DynamoDB: items, keys and expressions that DynamoDB refuses and emulators accept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .expressions import Expression, ExpressionError, Kind

MAX_KEY_BYTES = 2048
MAX_ALIAS_BYTES = 255
_SETS = ("SS", "NS", "BS")
_KINDS = {
    "ConditionExpression": Kind.CONDITION,
    "FilterExpression": Kind.CONDITION,
    "KeyConditionExpression": Kind.CONDITION,
    "ProjectionExpression": Kind.PROJECTION,
    "UpdateExpression": Kind.UPDATE,
}


def request_problems(operation: str, params: Mapping[str, Any]) -> Iterator[str]:
    """Yield `path: what is wrong` for each rule of DynamoDB that a request breaks."""
    for path, part in _parts(operation, params):
        for name in ("Item", "Key", "ExpressionAttributeValues"):
            for key, value in part.get(name, {}).items():
                yield from _value_problems(value, f"{path}{name}.{key}")
        yield from _key_problems(part.get("Key", {}), f"{path}Key")
        yield from (f"{path}{problem}" for problem in _expression_problems(part))


def expressions_of(operation: str, params: Mapping[str, Any]) -> Iterator[Expression]:
    """Yield every expression of a request, parsed.

    Raises:
        ExpressionError: One cannot be parsed.
    """
    for _, part in _parts(operation, params):
        yield from (Expression(kind, part[name]) for name, kind in _KINDS.items() if name in part)


def _parts(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the parts of a request that have expressions: itself, actions of a transaction, tables of a batch."""
    if operation in ("TransactWriteItems", "TransactGetItems"):
        for index, item in enumerate(params.get("TransactItems", ())):
            for action, part in item.items():
                yield f"TransactItems[{index}].{action}.", part
    elif operation == "BatchGetItem":
        for table, part in params.get("RequestItems", {}).items():
            yield f"RequestItems.{table}.", part
    elif operation == "BatchWriteItem":
        for table, requests in params.get("RequestItems", {}).items():
            for index, request in enumerate(requests):
                for action, part in request.items():
                    yield f"RequestItems.{table}[{index}].{action}.", part
    else:
        yield "", params


def _value_problems(value: object, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping) or len(value) != 1:
        yield f"{path}: a value has exactly one type"
        return
    kind, content = next(iter(value.items()))
    if kind in _SETS:
        if not content:
            yield f"{path}: a set may not be empty"
        elif len(set(content)) != len(content):
            yield f"{path}: a set has each element once"
    elif kind == "L":
        for index, item in enumerate(content):
            yield from _value_problems(item, f"{path}[{index}]")
    elif kind == "M":
        for key, item in content.items():
            yield from _value_problems(item, f"{path}.{key}")


def _key_problems(key: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, value in key.items():
        for kind, content in value.items():
            if kind not in ("S", "N", "B"):
                yield f"{path}.{name}: a key is a string, a number or bytes"
                continue
            size = len(content.encode() if isinstance(content, str) else content)
            if not 1 <= size <= MAX_KEY_BYTES:
                yield f"{path}.{name}: {size} bytes; a key has 1 to {MAX_KEY_BYTES}"


def _expression_problems(part: Mapping[str, Any]) -> Iterator[str]:
    texts = {name: part[name] for name in _KINDS if name in part}
    expressions: dict[str, Expression] = {}
    for name, text in texts.items():
        try:
            expressions[name] = Expression(_KINDS[name], text)
        except ExpressionError as error:
            yield f"{name}: {error}"
    if len(expressions) < len(texts):
        return
    names, values = part.get("ExpressionAttributeNames", {}), part.get("ExpressionAttributeValues", {})
    for name, expression in expressions.items():
        yield from (f"{name}: {problem}" for problem in expression.problems(names, values, part.get("Key", {})))
    used_names = {alias for expression in expressions.values() for alias in expression.names}
    used_values = {alias for expression in expressions.values() for alias in expression.values}
    yield from _alias_problems(part, "ExpressionAttributeNames", used_names)
    yield from _alias_problems(part, "ExpressionAttributeValues", used_values)


def _alias_problems(part: Mapping[str, Any], parameter: str, used_aliases: set[str]) -> Iterator[str]:
    aliases = set(part.get(parameter, {}))
    if parameter in part and not aliases:
        yield f"{parameter}: may not be empty"
    for alias in sorted(aliases - used_aliases):
        yield f"{parameter}: {alias} is used in no expression"
    for alias in sorted(used_aliases - aliases):
        yield f"{parameter}: {alias} is not defined"
    for alias in sorted(aliases):
        if len(alias.encode()) > MAX_ALIAS_BYTES:
            yield f"{parameter}: {alias} is longer than {MAX_ALIAS_BYTES} bytes"
