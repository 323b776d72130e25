"""JSON patches, by which API Gateway updates REST APIs: every value is a text."""

from collections.abc import Iterator
from typing import Any

from local_provider.parameters import EMPTY, property_of, text_of
from local_provider.resource_type import Properties, ResourceType
from local_provider.values import Plain


def patch_operations(
    kind: ResourceType, shape: Any, old: Properties, new: Properties, only: frozenset[str]
) -> list[dict[str, str]]:
    """Build the JSON patch, in the form of API Gateway, that turns old properties into new ones.

    Args:
        kind: the resource's type.
        shape: the answer of the operation, which says what is a structure, a map or a single value.
        old: properties before.
        new: properties after.
        only: inputs that may be in the patch.
    """
    targets = [(name, member, shape.members[member]) for member in shape.members for name in property_of(kind, member)]
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
