"""Conversion between Pulumi's properties and the parameters and answers of AWS, by botocore's and Pulumi's types."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jmespath  # type: ignore[import-untyped]

from local_provider import schema
from local_provider.archives import zip_of
from local_provider.resource_type import Operation, Properties, ResourceType
from local_provider.values import Plain

EMPTY: tuple[Plain, ...] = (None, "", [], {})
"""Values that AWS does not tell from a missing one."""
_PAIRS = (("Key", "Value"), ("key", "value"), ("Name", "Value"))
"""Members of an item where AWS has a list in place of a map."""


def to_parameters(kind: ResourceType, operation: Operation, shape: Any, values: Properties) -> dict[str, Any]:
    """Build the parameters of an operation from properties; `values` may hold `id`, `arn` and `tagKeys`, too.

    A property that is None is taken away by an empty value; numbers and flags are left out and keep their value.
    """
    tree: dict[str, Any] = {}
    for path, source in kind.sources(shape.members if shape is not None else ()).items():
        value = jmespath.search(source, values)
        if value is not None or source in values:
            *parents, member = path.split(".")
            branch = tree
            for parent in parents:
                branch[parent] = dict(branch[parent]) if isinstance(branch.get(parent), Mapping) else {}
                branch = branch[parent]
            branch[member] = value
    if only := operation.only:
        tree = {name: value for name, value in tree.items() if kind.inputs_in([name]) & {*only, *kind.replaces, "id"}}
    parameters = {name: _to_member(value, shape.members[name]) for name, value in tree.items()}
    sent = {name: value for name, value in parameters.items() if value is not None}
    return {**sent, **_formatted(operation.constants, values)}


def _formatted(value: Any, values: Properties) -> Any:
    if isinstance(value, Mapping):
        return {name: _formatted(item, values) for name, item in value.items()}
    if isinstance(value, list):
        return [_formatted(item, values) for item in value]
    return value.format_map(values) if isinstance(value, str) else value


def _to_member(value: Plain, shape: Any) -> Any:
    """Convert a value to the form of a parameter or of a part of it."""
    if value is None:
        return {"string": "", "list": [], "map": {}, "structure": {}}.get(shape.type_name)
    if shape.type_name == "structure" and isinstance(value, Mapping):
        members = {name.lower(): name for name in shape.members}
        named = {members[name.lower()]: item for name, item in value.items() if name.lower() in members}
        return {name: _to_member(item, shape.members[name]) for name, item in named.items() if item is not None}
    if shape.type_name == "list":
        return [_to_member(item, shape.member) for item in _items(value, shape.member)]
    if shape.type_name == "map":
        return {key: _to_member(item, shape.value) for key, item in value.items()}
    if shape.type_name == "blob":
        return zip_of(value)
    return text_of(value) if shape.type_name == "string" else value


def _items(value: Plain, item_shape: Any) -> list[Plain]:
    """Return a list's items: a map of tags or dimensions becomes pairs, and a single value an item of its own."""
    if isinstance(value, list):
        return value
    members = tuple(getattr(item_shape, "members", ()))
    if isinstance(value, Mapping) and members in _PAIRS:
        return [dict(zip(members, pair, strict=True)) for pair in sorted(value.items())]
    return [value]


def text_of(value: Plain) -> str:
    """Return a value as the text that AWS expects: flags in lower case, documents as JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return json.dumps(value)
    return "" if value is None else str(value)


def patch_operations(
    kind: ResourceType, shape: Any, old: Properties, new: Properties, only: frozenset[str]
) -> list[dict[str, str]]:
    """Build the JSON patch by which API Gateway turns old properties into new ones; every value in it is a text.

    `shape` is the answer of the operation, which says what is a structure, a map or a single value, and `only` are the
    inputs that may be in the patch.
    """
    targets = [(name, member, shape.members[member]) for member in shape.members for name in kind.inputs_in([member])]
    targets += [(name, path, None) for name, (_, path) in kind.details.items() if path.isalnum()]
    patches = [
        patch
        for name, path, member_shape in targets
        if name in only - kind.replaces - {"tags"}
        for patch in _patches(old.get(name), new.get(name), member_shape, f"/{path}")
    ]
    return patches + (kind.patches(old, new) if kind.patches else [])


def _patches(old: Plain, new: Plain, shape: Any, path: str) -> Iterator[dict[str, str]]:
    kind = shape.type_name if shape is not None else "string"
    if old == new or (old in EMPTY and new in EMPTY) or kind == "list":
        return
    if kind == "structure" and new in EMPTY:
        yield {"op": "remove", "path": path}
    elif kind == "structure":
        members = {name.lower(): name for name in shape.members}
        for name in sorted({**(old or {}), **new}):
            if member := members.get(name.lower()):
                yield from _patches((old or {}).get(name), new.get(name), shape.members[member], f"{path}/{member}")
    elif kind == "map":
        before, after = old or {}, new or {}
        for key in sorted(set(before) - set(after)):
            yield {"op": "remove", "path": f"{path}/{_escaped(key)}"}
        for key, value in after.items():
            if before.get(key) != value:
                yield {"op": "add", "path": f"{path}/{_escaped(key)}", "value": text_of(value)}
    else:
        yield {"op": "replace", "path": path, "value": text_of(new)}


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def from_answer(kind: ResourceType, name: str, answer: Properties) -> Plain:
    """Return the value of one input in an answer, where it has the name of the parameter that sends it, or None."""
    paths = [path for path, source in kind.names.items() if source == name]
    paths += [path.rpartition(".")[2] for path in paths]
    paths += [path for path, source in kind.sources(answer).items() if source == name]
    return next((value for path in paths if (value := jmespath.search(path, answer)) is not None), None)


def to_property(kind: ResourceType, name: str, value: Plain, state: Plain = None) -> Plain:
    """Convert an input's value out of an answer; what is inert and not in the answer stays as the state has it."""
    return _to_property(kind, name, schema.input_types(kind.type)[name], value, state)


def _to_property(kind: ResourceType, path: str, type_: Any, value: Plain, state: Plain) -> Plain:
    fields = schema.fields_of(type_)
    if fields is not None:
        members = value[0] if isinstance(value, list) and value else value or {}
        by_name = {name.lower(): item for name, item in members.items()}
        old = state if isinstance(state, Mapping) else {}
        read = {
            name: _to_property(kind, f"{path}.{name}", field, by_name.get(name.lower()), old.get(name))
            for name, field in fields.items()
            if (name in old or (name.lower() in by_name and path not in kind.partial)) and kind.takes(f"{path}.{name}")
        }
        return {name: item for name, item in read.items() if item is not None}
    if value is None:
        return state if path in kind.inert_paths else None
    if (item_type := schema.item_type(type_)) is not None:
        items = value if isinstance(value, list) else [value]
        return [_to_property(kind, path, item_type, item, None) for item in items]
    if isinstance(value, list):
        pairs = [tuple(pair.values()) for pair in value if isinstance(pair, Mapping)]
        return dict(pairs) if pairs or not value else value[0]
    return _scalar(type_, value)


def _scalar(type_: Any, value: Plain) -> Plain:
    """Convert numbers and flags that a service returns as text, and documents that botocore has parsed."""
    if isinstance(value, str) and type_ in (int, float):
        number = float(value)
        return int(number) if number.is_integer() else number
    if isinstance(value, str) and type_ is bool:
        return value == "true"
    return json.dumps(value) if isinstance(value, Mapping) and not schema.is_map(type_) else value


def differs(before: Plain, after: Plain) -> bool:
    """Compare two values; something empty counts as missing, and JSON documents are compared by their content."""
    return bool(_normalised(before) != _normalised(after))


def _normalised(value: Plain) -> Plain:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return {"document": json.dumps(json.loads(value), sort_keys=True)}
        except ValueError:
            return value
    if isinstance(value, Mapping):
        pruned = {name: _normalised(item) for name, item in value.items()}
        return {name: item for name, item in pruned.items() if item is not None} or None
    if isinstance(value, list):
        return [_normalised(item) for item in value] or None
    return None if value == "" else value
