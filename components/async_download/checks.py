"""Checks of single settings; each raises `InvalidSetting` or returns the value in its resolved form."""

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

import pulumi

COMPUTED = "a computed value"
Choice = TypeVar("Choice", bound=enum.StrEnum)


def camel(name: str) -> str:
    """`url_expires_seconds` -> `urlExpiresSeconds`, as configuration and other languages spell it."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


class InvalidSetting(ValueError):  # noqa: N818  (part of the public contract)
    """A setting has a value that is not allowed; the message says which, its value, and what is."""

    def __init__(self, setting: str, value: object, allowed: str) -> None:
        self.setting, self.value, self.allowed = setting, value, allowed
        parts = setting.split(".")
        spelt = ".".join([camel(parts[0]), *parts[1:-1], camel(parts[-1])]) if len(parts) > 1 else camel(setting)
        also = f" ({spelt})" if spelt != setting else ""
        shown = value if value is COMPUTED else repr(value)
        super().__init__(f"{setting}{also} is {shown}, which is not allowed: {allowed}.")


def known_keys(given: Iterable[str], known: Iterable[str], *, inside: str = "") -> None:
    """Refuse a key that does not exist, and name the nearest that does."""
    allowed = sorted(known)
    for key in given:
        if key not in allowed:
            nearest = get_close_matches(key.lower(), allowed, n=1, cutoff=0.0)[0]
            where = f"{inside}.{key}" if inside else key
            raise InvalidSetting(where, "set", f"there is no such setting; the nearest is {nearest}")


def mapping(setting: str, value: object) -> Mapping[str, object]:
    """An object with string keys."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidSetting(setting, value, "an object with named fields")
    return value


def flag(setting: str, value: object, default: bool) -> bool:
    """True, false, or nothing for the default."""
    if value is None:
        return default
    if not isinstance(value, bool):
        raise InvalidSetting(setting, value, "true or false")
    return value


def choice(setting: str, value: object, default: Choice) -> Choice:
    """Return the member of the default's enumeration that `value` names; the default where it is None or empty."""
    kind = type(default)
    try:
        return kind(str(value or default))
    except ValueError:
        raise InvalidSetting(setting, value, f"one of {', '.join(kind)}") from None


def whole(setting: str, value: object, default: int, low: int, high: int) -> int:
    """A whole number within limits; other languages send it as a float."""
    if value is None:
        return default
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or value != int(value) or not low <= value <= high:  # type: ignore[call-overload, operator]
        raise InvalidSetting(setting, value, f"a whole number from {low} to {high}")
    return int(value)  # type: ignore[call-overload, no-any-return]


def text(setting: str, value: object, pattern: str, allowed: str) -> str:
    """A string that matches the whole pattern."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise InvalidSetting(setting, value, allowed)
    return value


def once_known(value: object, check: Callable[[object], str]) -> pulumi.Input[str]:
    """Check a plain string now, and a computed one when it is known."""
    return value.apply(check) if isinstance(value, pulumi.Output) else check(value)
