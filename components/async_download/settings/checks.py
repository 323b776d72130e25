"""Checks of single values; each raises `InvalidSetting` or returns the value in its resolved form."""

import enum
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

import pulumi

COMPUTED = "a computed value"
NAMED = ("origins", "api_keys", "secret_headers", "tags")  # maps whose keys are names that the stack chooses
Choice = TypeVar("Choice", bound=enum.StrEnum)


def camel(name: str) -> str:
    """`url_expires_seconds` -> `urlExpiresSeconds`, as configuration and other languages spell it."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def camel_path(path: str) -> str:
    """`origins.my_files.base_url` -> `origins.my_files.baseUrl`."""
    parts = path.split(".")
    return ".".join(part if before in NAMED else camel(part) for before, part in zip(["", *parts], parts))  # noqa: B905


class InvalidSetting(ValueError):  # noqa: N818  (part of the public contract)
    """A setting has a value that is not allowed; the message names the setting, its value and what is allowed."""

    def __init__(self, setting: str, value: object, allowed: str) -> None:
        self.setting, self.value, self.allowed = setting, value, allowed
        spelling = camel_path(setting)
        also = f" ({spelling})" if spelling != setting else ""
        shown = value if value is COMPUTED else repr(value)
        super().__init__(f"{setting}{also} is {shown}, which is not allowed: {allowed}.")


def mapping(path: str, value: object) -> Mapping[str, object]:
    """Return an object with string keys."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidSetting(path, value, "an object with named fields")
    return value


def flag(path: str, value: object) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise InvalidSetting(path, value, "true or false")
    return value


def choice(path: str, value: object, *, kind: type[Choice]) -> Choice:
    """Return the member of an enumeration that `value` names."""
    try:
        return kind(str(value))
    except ValueError:
        raise InvalidSetting(path, value, f"one of {', '.join(kind)}") from None


def whole(path: str, value: object, *, low: int, high: int, zero: str = "") -> int:
    """Return a whole number within limits, or 0 where `zero` says what it means; other languages send floats."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or value != int(value) or not (low <= value <= high or (zero and value == 0)):  # type: ignore[call-overload, operator]
        allowed = f"a whole number from {low} to {high}" + (f", or 0 for {zero}" if zero else "")
        raise InvalidSetting(path, value, allowed)
    return int(value)  # type: ignore[call-overload, no-any-return]


def text(path: str, value: object, *, pattern: str, allowed: str) -> str:
    """Return a string that matches the whole pattern."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise InvalidSetting(path, value, allowed)
    return value


def computed_text(path: str, value: object, *, pattern: str, allowed: str) -> pulumi.Input[str]:
    """Check a plain string now and a computed one when it is known."""
    return once_known(value, lambda plain: text(path, plain, pattern=pattern, allowed=allowed))


def plain_or_computed(path: str, value: object, *, pattern: str, allowed: str) -> pulumi.Input[str]:
    """Check a plain string; return a computed one as it is, for AWS checks it."""
    return value if isinstance(value, pulumi.Output) else text(path, value, pattern=pattern, allowed=allowed)


def once_known(value: object, check: Callable[[object], str]) -> pulumi.Input[str]:
    """Check a plain value now and a computed one when it is known."""
    return value.apply(check) if isinstance(value, pulumi.Output) else check(value)
