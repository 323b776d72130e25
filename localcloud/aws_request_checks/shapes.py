"""Checks of parameters against their shapes in botocore's service model: patterns, enums and bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .patterns import compile_pattern


def shape_problems(shape: Any, value: object, path: str = "") -> Iterator[str]:
    """Yield `path: what is wrong` for each rule that `value` breaks; botocore itself checks types and required members.

    Args:
        shape: A `botocore.model.Shape`.
        value: What was passed for it.
        path: Where it stands in the parameters: `Tags[0].Key`.
    """
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from shape_problems(member, value[name], f"{path}.{name}" if path else name)
    elif shape.type_name == "list" and isinstance(value, list | tuple):
        yield from _bounds(shape, len(value), "items", path)
        for index, item in enumerate(value):
            yield from shape_problems(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "map" and isinstance(value, Mapping):
        yield from _bounds(shape, len(value), "entries", path)
        for key, item in value.items():
            yield from shape_problems(shape.key, key, f"{path}.{key} (the key)")
            yield from shape_problems(shape.value, item, f"{path}.{key}")
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _text_problems(shape, value, path)
    elif shape.type_name == "blob" and isinstance(value, bytes | bytearray):
        yield from _bounds(shape, len(value), "bytes", path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _bounds(shape, value, "", path)


def _text_problems(shape: Any, value: str, path: str) -> Iterator[str]:
    yield from _bounds(shape, len(value), "characters", path)
    if shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {', '.join(shape.enum)}"
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not compile_pattern(pattern).fullmatch(value):
        yield f"{path}: {value!r} does not match {pattern}"


def _bounds(shape: Any, size: float, unit: str, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{path}: {size:g} {unit}".rstrip() + f", and the least is {least}"
    if most is not None and size > most:
        yield f"{path}: {size:g} {unit}".rstrip() + f", and the most is {most}"
