"""Pulumi's property values <-> plain Python: dict, list, str, int, float, bool, None, assets, archives."""

from collections.abc import Mapping
from typing import Any, Final

import pulumi
from pulumi.provider.experimental.property_value import Computed, PropertyValue, ResourceReference

__all__ = ["UNKNOWN", "Plain", "Unknown", "from_plain", "plain_map", "to_plain"]

Plain = Any
"""dict, list, str, int, float, bool, None, pulumi.Asset, pulumi.Archive or UNKNOWN."""


class Unknown:
    """A value that is not known during a preview."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


def to_plain(value: PropertyValue) -> Plain:
    """Return a plain value without secrecy and dependencies; whole numbers become int."""
    inner = value.value
    if isinstance(inner, float):
        return int(inner) if inner.is_integer() else inner
    if isinstance(inner, str | bool) or inner is None:
        return inner
    if isinstance(inner, Computed):
        return UNKNOWN
    if isinstance(inner, ResourceReference):
        return to_plain(inner.resource_id) if inner.resource_id is not None else UNKNOWN
    if isinstance(inner, Mapping):
        return {key: to_plain(item) for key, item in inner.items()}
    if isinstance(inner, pulumi.Asset | pulumi.Archive):
        return inner
    return [to_plain(item) for item in inner]


def plain_map(values: Mapping[str, PropertyValue]) -> dict[str, Plain]:
    """Return plain properties without those that are null."""
    plain = {key: to_plain(value) for key, value in values.items()}
    return {key: value for key, value in plain.items() if value is not None}


def from_plain(value: Plain) -> PropertyValue:
    """Return the property value of a plain value."""
    if isinstance(value, Unknown):
        return PropertyValue.computed()
    if isinstance(value, bool) or value is None:
        return PropertyValue(value)
    if isinstance(value, int):
        return PropertyValue(float(value))
    if isinstance(value, Mapping):
        return PropertyValue({str(key): from_plain(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return PropertyValue([from_plain(item) for item in value])
    return PropertyValue(value)
