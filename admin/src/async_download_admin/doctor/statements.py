"""Comparison of policy statements: those that are needed with those that a policy has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]


def statements_of(policy: str) -> list[Statement]:
    """Return the statements of a policy document."""
    statements = json.loads(policy).get("Statement", [])
    return [statements] if isinstance(statements, Mapping) else list(statements)


def holds(statements: Iterable[Statement], needed: Statement) -> bool:
    """Return whether one of the statements says the same, under whatever Sid."""
    return canonical(needed) in {canonical(statement) for statement in statements}


def allows(statements: Iterable[Statement], needed: Statement) -> bool:
    """Return whether one of the statements allows at least what `needed` allows."""
    return any(_covers(statement, needed) for statement in statements)


def canonical(statement: Statement) -> str:
    """Return a text that is the same for statements that differ in their Sid, order and notation only."""
    principal = statement.get("Principal")
    content = {name: value for name, value in statement.items() if name != "Sid"}
    if principal == {"AWS": "*"}:
        content["Principal"] = "*"
    return json.dumps(_normal(content), sort_keys=True)


def _covers(statement: Statement, needed: Statement) -> bool:
    resources, principals = _list(statement.get("Resource", "*")), _principals(statement)
    patterns = [pattern.lower() for pattern in _list(statement.get("Action", ()))]
    return (
        statement.get("Effect") == "Allow"
        and all(name in principals or "*" in principals for name in _principals(needed))
        and all(any(fnmatchcase(action.lower(), pattern) for pattern in patterns) for action in _list(needed["Action"]))
        and ("*" in resources or set(_list(needed.get("Resource", "*"))) <= set(resources))
        and (not statement.get("Condition") or _normal(statement["Condition"]) == _normal(needed.get("Condition")))
    )


def _principals(statement: Statement) -> list[str]:
    principal = statement.get("Principal", ())
    if isinstance(principal, Mapping):
        return [name for value in principal.values() for name in _list(value)]
    return _list(principal)


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(element) for element in value]


def _normal(value: Any) -> Any:
    """Return a value with sorted lists, and lists of one element as that element."""
    if isinstance(value, Mapping):
        return {str(name): _normal(element) for name, element in value.items()}
    if isinstance(value, list | tuple):
        elements = sorted((_normal(element) for element in value), key=str)
        return elements[0] if len(elements) == 1 else elements
    return str(value).lower() if isinstance(value, bool) else value
