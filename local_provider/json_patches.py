"""JSON patches, by which API Gateway updates REST APIs: every value is a text."""

from typing import Any

from local_provider.parameters import property_of, text_of
from local_provider.resource_type import Properties, ResourceType
from local_provider.values import Plain

__all__ = ["patch_operations"]

_EMPTY: tuple[Plain, ...] = (None, "", [], {})


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
    patches: list[dict[str, str]] = []
    for member, member_shape in shape.members.items():
        for name in property_of(kind, member) & only - kind.replaces - {"tags"}:
            path = kind.patch_paths.get(name, f"/{member}")
            patches += _patches(old.get(name), new.get(name), member_shape, path)
    for name in frozenset(kind.patch_paths) & only:
        if name not in {source for member in shape.members for source in property_of(kind, member)}:
            patches += _patches(old.get(name), new.get(name), None, kind.patch_paths[name])
    return patches + (kind.patches(old, new) if kind.patches else [])


def _patches(old: Plain, new: Plain, shape: Any, path: str) -> list[dict[str, str]]:
    if old == new or (old in _EMPTY and new in _EMPTY):
        return []
    kind = shape.type_name if shape is not None else "string"
    if kind == "map":
        before, after = old or {}, new or {}
        removed = [{"op": "remove", "path": f"{path}/{_escaped(key)}"} for key in sorted(set(before) - set(after))]
        changed = {key: value for key, value in after.items() if before.get(key) != value}
        return removed + [
            {"op": "add", "path": f"{path}/{_escaped(key)}", "value": text_of(value)} for key, value in changed.items()
        ]
    if kind == "structure" and new in _EMPTY:
        return [{"op": "remove", "path": path}]
    if kind == "structure":
        members = {name.lower(): name for name in shape.members}
        return [
            patch
            for name in sorted({**(old or {}), **new})
            if name.lower() in members
            for patch in _patches(
                (old or {}).get(name),
                new.get(name),
                shape.members[members[name.lower()]],
                f"{path}/{members[name.lower()]}",
            )
        ]
    return [] if kind == "list" else [{"op": "replace", "path": path, "value": text_of(new)}]


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
