"""Pulumi's property values <-> plain Python: dict, list, str, int, float, bool, None, assets, archives."""

from collections.abc import Mapping
from typing import Any, Final

from pulumi.provider.experimental.property_value import Computed, PropertyValue, ResourceReference

Plain = Any
"""dict, list, str, int, float, bool, None, pulumi.Asset, pulumi.Archive or UNKNOWN."""


UNKNOWN: Final = object()
"""A value that is not known during a preview."""


def _to_plain(value: PropertyValue) -> Plain:
    """Return a plain value without secrecy and dependencies; whole numbers become int."""
    inner = value.value
    if isinstance(inner, float):
        return int(inner) if inner.is_integer() else inner
    if isinstance(inner, ResourceReference):
        return UNKNOWN if inner.resource_id is None else _to_plain(inner.resource_id)
    if isinstance(inner, Mapping):
        return {key: _to_plain(item) for key, item in inner.items()}
    if isinstance(inner, tuple):
        return [_to_plain(item) for item in inner]
    return UNKNOWN if isinstance(inner, Computed) else inner


def plain_map(values: Mapping[str, PropertyValue]) -> dict[str, Plain]:
    """Return plain properties without those that are null."""
    plain = {key: _to_plain(value) for key, value in values.items()}
    return {key: value for key, value in plain.items() if value is not None}


def property_values(values: Mapping[str, Plain]) -> dict[str, PropertyValue]:
    """Return the property values of plain properties."""
    return {str(key): from_plain(value) for key, value in values.items()}


def from_plain(value: Plain) -> PropertyValue:
    """Return the property value of a plain value."""
    if value is UNKNOWN:
        return PropertyValue.computed()
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    if isinstance(value, Mapping):
        return PropertyValue(property_values(value))
    if isinstance(value, list | tuple):
        return PropertyValue([from_plain(item) for item in value])
    return PropertyValue(value)
