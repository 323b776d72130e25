"""DynamoDB expressions. Every attribute name is aliased, because DynamoDB reserves 573 words, `size` among them.

    >>> build(Update(set={"size": {"N": "3"}}), Attribute("status").equals({"S": "PENDING"}))
    {'UpdateExpression': 'SET #size = :size', 'ConditionExpression': '#status = :status',
     'ExpressionAttributeNames': {'#size': 'size', '#status': 'status'},
     'ExpressionAttributeValues': {':size': {'N': '3'}, ':status': {'S': 'PENDING'}}}

A request has exactly the names and values that its expressions use, because DynamoDB refuses any other.
The classes are plain ones: dataclasses would cost 2 ms of each cold start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

Value = dict[str, Any]
"""A value in DynamoDB's own notation: `{"S": "text"}`."""

NOTHING: Mapping[str, Value] = MappingProxyType({})


class Update:
    """The changes of an UpdateItem: attributes to set, to remove, and values to add to sets or delete from them.

    `set_if_absent` are attributes that keep the value that they have.
    """

    def __init__(
        self,
        *,
        set: Mapping[str, Value] = NOTHING,  # noqa: A002  # DynamoDB's own word
        set_if_absent: Mapping[str, Value] = NOTHING,
        remove: Sequence[str] = (),
        add: Mapping[str, Value] = NOTHING,
        delete: Mapping[str, Value] = NOTHING,
    ) -> None:
        self.set = set
        self.set_if_absent = set_if_absent
        self.remove = remove
        self.add = add
        self.delete = delete


class Condition:
    """A condition on an item. Combine conditions with `&` and `any_of`."""

    def __init__(self, render: Callable[[_Aliases], str]) -> None:
        self.render = render

    def __and__(self, other: Condition) -> Condition:
        return Condition(lambda aliases: f"{self.render(aliases)} AND {other.render(aliases)}")


class Attribute:
    """An attribute of an item, to be compared."""

    def __init__(self, name: str) -> None:
        self.name = name

    def exists(self) -> Condition:
        """Hold when the item has the attribute."""
        return Condition(lambda aliases: f"attribute_exists({aliases.name(self.name)})")

    def is_absent(self) -> Condition:
        """Hold when there is no item, or it lacks the attribute."""
        return Condition(lambda aliases: f"attribute_not_exists({aliases.name(self.name)})")

    def equals(self, value: Value) -> Condition:
        """Hold when the attribute has this value."""
        return self._compare("=", value)

    def is_below(self, value: Value) -> Condition:
        """Hold when the attribute is less than `value`."""
        return self._compare("<", value)

    def is_at_most(self, value: Value) -> Condition:
        """Hold when the attribute is less than `value` or equal to it."""
        return self._compare("<=", value)

    def is_above(self, value: Value) -> Condition:
        """Hold when the attribute is more than `value`."""
        return self._compare(">", value)

    def is_in(self, *values: Value) -> Condition:
        """Hold when the attribute has one of these values."""
        return Condition(
            lambda aliases: (
                f"{aliases.name(self.name)} IN ({', '.join(aliases.value(self.name, value) for value in values)})"
            )
        )

    def contains(self, value: Value) -> Condition:
        """Hold when the attribute is a set or list that has this element."""
        return Condition(lambda aliases: f"contains({aliases.name(self.name)}, {aliases.value(self.name, value)})")

    def has_fewer_than(self, count: Value) -> Condition:
        """Hold when the attribute is a set or list of fewer elements."""
        return Condition(lambda aliases: f"size({aliases.name(self.name)}) < {aliases.value(self.name, count)}")

    def _compare(self, operator: str, value: Value) -> Condition:
        return Condition(lambda aliases: f"{aliases.name(self.name)} {operator} {aliases.value(self.name, value)}")


def any_of(*conditions: Condition) -> Condition:
    """Hold when one of two or more conditions holds."""
    return Condition(lambda aliases: f"({' OR '.join(condition.render(aliases) for condition in conditions)})")


def build(update: Update | None = None, condition: Condition | None = None) -> dict[str, Any]:
    """Return the parameters of a request that hold its expressions, with the names and values that they use."""
    aliases = _Aliases()
    request: dict[str, Any] = {}
    if update is not None:
        request["UpdateExpression"] = _render_update(update, aliases)
    if condition is not None:
        request["ConditionExpression"] = condition.render(aliases)
    if aliases.names:
        request["ExpressionAttributeNames"] = aliases.names
    if aliases.values:
        request["ExpressionAttributeValues"] = aliases.values
    return request


def _render_update(update: Update, aliases: _Aliases) -> str:
    clauses = {
        "SET": [
            *(f"{aliases.name(name)} = {aliases.value(name, value)}" for name, value in update.set.items()),
            *(
                f"{aliases.name(name)} = if_not_exists({aliases.name(name)}, {aliases.value(name, value)})"
                for name, value in update.set_if_absent.items()
            ),
        ],
        "REMOVE": [aliases.name(name) for name in update.remove],
        "ADD": [f"{aliases.name(name)} {aliases.value(name, value)}" for name, value in update.add.items()],
        "DELETE": [f"{aliases.name(name)} {aliases.value(name, value)}" for name, value in update.delete.items()],
    }
    return " ".join(f"{verb} {', '.join(actions)}" for verb, actions in clauses.items() if actions)


class _Aliases:
    """The names and values that the expressions of one request use."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Value] = {}

    def name(self, name: str) -> str:
        """Return the alias of an attribute: `#size`."""
        self.names[f"#{name}"] = name
        return f"#{name}"

    def value(self, name: str, value: Value) -> str:
        """Return the alias of a value: `:size`, or `:size2` when `:size` is another value."""
        alias, count = f":{name}", 1
        while self.values.setdefault(alias, value) != value:
            count += 1
            alias = f":{name}{count}"
        return alias
