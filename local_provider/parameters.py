"""Conversion between Pulumi's properties and the parameters and answers of AWS, by botocore's and Pulumi's types."""

import json
from collections.abc import Mapping
from typing import Any, get_origin

import pulumi

from local_provider import schema
from local_provider.archives import zip_of
from local_provider.resource_type import Operation, Properties, ResourceType
from local_provider.values import Plain

__all__ = ["differs", "from_answer", "property_of", "shape_of", "text_of", "to_parameters", "value_at"]

_MISSING = object()


def property_of(kind: ResourceType, parameter: str) -> set[str]:
    """Return the inputs that are sent in a parameter (top level), such as `RoleName`."""
    named = {path: source for path, source in kind.names.items() if path.partition(".")[0] == parameter}
    inputs = {source.partition(".")[0] for source in named.values()}
    if parameter not in named:
        inputs |= {name for name in kind.top_inputs if name.lower() == parameter.lower()}
    return inputs


def shape_of(kind: ResourceType, shape: Any, name: str) -> Any:
    """Return the shape of the parameter that an input is sent in, or None."""
    paths = [path for path, source in kind.names.items() if source == name]
    paths += [member for member in shape.members if member not in kind.names and member.lower() == name.lower()]
    for path in paths:
        member = shape
        for part in path.split("."):
            member = member.value if member.type_name == "map" else getattr(member, "members", {}).get(part)
            if member is None:
                break
        else:
            return member
    return None


def to_parameters(kind: ResourceType, operation: Operation, shape: Any, values: Properties) -> dict[str, Any]:
    """Build the parameters of an operation from properties; `values` may hold `id`, `arn` and `tagKeys`, too."""
    sources = {name.lower(): name for name in (*kind.top_inputs, "tagKeys")} | {"resourcearn": "arn"}
    tree: dict[str, Any] = {}
    for member in shape.members if shape is not None else ():
        source = sources.get(member.lower())
        if member not in kind.names and source is not None and values.get(source) is not None:
            tree[member] = values[source]
    for path, source in kind.names.items():
        head, *below = path.split(".")
        value = value_at(values, source)
        if shape is not None and head in shape.members and value not in (_MISSING, None):
            tree[head] = _with(tree.get(head), below, value)
    only = operation.only | kind.replaces | {"id"}
    if operation.only:
        tree = {member: value for member, value in tree.items() if property_of(kind, member) & only}
    parameters = {name: _to_member(value, shape.members[name]) for name, value in tree.items()}
    return {**parameters, **_formatted(operation.constants, values)}


def value_at(values: Plain, path: str) -> Any:
    """Return the value at a dotted path, or the marker of a missing one."""
    for name in path.split("."):
        if not isinstance(values, Mapping) or name not in values:
            return _MISSING
        values = values[name]
    return values


def _with(tree: Plain, path: list[str], value: Plain) -> Plain:
    if not path:
        return value
    branch = dict(tree) if isinstance(tree, Mapping) else {}
    return branch | {path[0]: _with(branch.get(path[0]), path[1:], value)}


def _formatted(value: Any, values: Properties) -> Any:
    if isinstance(value, Mapping):
        return {name: _formatted(item, values) for name, item in value.items()}
    if isinstance(value, list):
        return [_formatted(item, values) for item in value]
    return value.format_map(values) if isinstance(value, str) else value


def _to_member(value: Plain, shape: Any) -> Any:
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
    """Return a list's items: a map of tags becomes pairs, and a single value an item of its own."""
    if isinstance(value, list):
        return value
    members = {name.lower(): name for name in getattr(item_shape, "members", ())}
    if isinstance(value, Mapping) and set(members) == {"key", "value"}:
        return [{"key": key, "value": item} for key, item in sorted(value.items())]
    return [value]


def text_of(value: Plain) -> str:
    """Return a value as the text that AWS expects: flags in lower case, documents as JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return json.dumps(value)
    return "" if value is None else str(value)


def from_answer(kind: ResourceType, name: str, answer: Plain, value: Plain, state: Plain) -> Plain:
    """Convert one input's value out of an answer; what is inert and not in the answer stays as the state has it.

    Args:
        kind: the resource's type.
        name: the input.
        answer: the resource in the service's answer.
        value: the input's value, where it is known already; otherwise it is looked up by the parameter's name.
        state: the input in the state.
    """
    if value is None:
        paths = [path for path, source in kind.names.items() if source == name]
        tails = [path.rpartition(".")[2] for path in paths]
        same = [member for member in answer if member.lower() == name.lower()]
        candidates = [value_at(answer, path) for path in (*paths, *tails, *same)]
        value = next((item for item in candidates if item is not _MISSING), None)
    return _to_property(kind, name, schema.property_type(kind.type, name), value, state)


def _to_property(kind: ResourceType, path: str, type_: Any, value: Plain, state: Plain) -> Plain:
    fields = schema.fields_of(type_)
    if fields is not None:
        members = value[0] if isinstance(value, list) and value else value or {}
        by_name = {name.lower(): item for name, item in members.items()}
        old = state if isinstance(state, Mapping) else {}
        read = {
            name: _to_property(kind, f"{path}.{name}", field, by_name.get(name.lower()), old.get(name))
            for name, field in fields.items()
            if (name in old or (name.lower() in by_name and path not in kind.partial))
            and _is_implemented(kind, f"{path}.{name}")
        }
        return {name: item for name, item in read.items() if item is not None}
    if value is None:
        return state if path in kind.inert else None
    if (item_type := schema.item_type(type_)) is not None:
        items = value if isinstance(value, list) else [value]
        return [_to_property(kind, path, item_type, item, None) for item in items]
    if isinstance(value, list):
        pairs = [{key.lower(): item for key, item in pair.items()} for pair in value if isinstance(pair, Mapping)]
        return {pair["key"]: pair["value"] for pair in pairs} if pairs or not value else value[0]
    return _scalar(type_, value)


def _is_implemented(kind: ResourceType, path: str) -> bool:
    """Tell whether a path, one above or one below it is an input that the stand-in takes."""
    paths = (*kind.inputs, *kind.inert)
    return any(f"{path}.".startswith(f"{other}.") or other.startswith(f"{path}.") for other in paths)


def _scalar(type_: Any, value: Plain) -> Plain:
    """Convert numbers and flags that a service returns as text, and documents that botocore has parsed."""
    if isinstance(value, str) and type_ in (int, float):
        number = float(value)
        return int(number) if number.is_integer() else number
    if isinstance(value, str) and type_ is bool:
        return value == "true"
    if isinstance(value, Mapping) and not _is_map(type_):
        return json.dumps(value)
    return value


def _is_map(type_: Any) -> bool:
    origin = get_origin(type_)
    return isinstance(origin, type) and issubclass(origin, Mapping)


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
    if isinstance(value, pulumi.Asset | pulumi.Archive):
        return value
    return None if value == "" else value
