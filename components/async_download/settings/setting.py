"""Declaration of a setting: its type, default, allowed values and description in one place.

Each group of settings is a dataclass whose fields are declared by the functions of this module. Validation reads the
declarations, and `make docs` writes from them `args.py`, `Pulumi.yaml`, the schema and `docs/settings.md`.
"""

import dataclasses
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from functools import partial
from typing import Any, Self, TypeVar

from async_download.settings import checks
from async_download.settings.checks import InvalidSetting

INPUT = "pulumi.Input[str]"
Check = Callable[[str, object], Any]


class Group:
    """Base of the groups of settings."""

    def validated(self, path: str) -> Self:  # noqa: ARG002  (groups that override it name the setting in their errors)
        """Return the settings if they are allowed together.

        Raises:
            InvalidSetting: A value does not go with another one of the group; its path begins with `path`.
        """
        return self


@dataclasses.dataclass(frozen=True)
class Setting:
    """What is known about a setting before a stack sets it."""

    annotation: str
    """Its annotation in `args.py`."""
    description: str
    check: Check
    """Takes path and value, returns the value in its resolved form or raises `InvalidSetting`."""
    default: object = None
    unset: str = ""
    """What happens without a value, where the default does not say it."""
    allowed: str = ""
    """Allowed values, for the documentation."""
    required: bool = False
    members: type[Group] | None = None
    """Class of the object or objects that are the value."""
    named: bool = False
    """Whether the value is a map of such objects, by names that the stack chooses."""


GroupT = TypeVar("GroupT", bound=Group)


def number(default: int, low: int, high: int, description: str, *, zero: str = "") -> Any:
    """Declare a whole number from `low` to `high`; where `zero` says what 0 means, 0 is allowed too."""
    check = partial(checks.whole, low=low, high=high, zero=zero)
    allowed = f"{low} to {high}" + (f", or 0 for {zero}" if zero else "")
    return _field(Setting("int", description, check, default, allowed=allowed))


def optional_number(unset: str, low: int, high: int, description: str) -> Any:
    """Declare a whole number from `low` to `high` that is None by default."""
    check = partial(checks.whole, low=low, high=high)
    return _field(Setting("int", description, check, None, unset, f"{low} to {high}"))


def flag(default: bool, description: str) -> Any:
    """Declare a setting that is true or false."""
    return _field(Setting("bool", description, checks.flag, default))


def choice(default: enum.StrEnum, description: str, *, plain: bool = False) -> Any:
    """Declare one member of an enumeration; `plain` types it as a string, for objects in maps lose enumerations."""
    kind = type(default)
    check = partial(checks.choice, kind=kind)
    allowed = ", ".join(f"`{member}`" for member in kind)
    return _field(Setting("str" if plain else kind.__name__, description, check, default, allowed=allowed))


def text(default: str | None, pattern: str, allowed: str, description: str, *, unset: str = "") -> Any:
    """Declare a string that matches the whole pattern; `allowed` says the same in words."""
    check = partial(checks.text, pattern=pattern, allowed=allowed)
    return _field(Setting("str", description, check, default, unset, allowed))


def computed_text(pattern: str, allowed: str, description: str, *, unset: str) -> Any:
    """Declare a string that may be an output of another resource: it is checked when it is known."""
    return _field(
        Setting(INPUT, description, partial(checks.computed_text, pattern=pattern, allowed=allowed), None, unset)
    )


def items(check: Check, allowed: str, description: str, *, unset: str, item_type: str = "str") -> Any:
    """Declare a list; `check` takes each item, and `allowed` says what a list has to be."""

    def check_list(path: str, value: object) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise InvalidSetting(path, value, allowed)
        return tuple(check(path, item) for item in value)

    return _field(Setting(f"list[{item_type}]", description, check_list, (), unset))


def value_of_type(
    kind: str, check: Check, description: str, *, default: object = None, unset: str = "", required: bool = False
) -> Any:
    """Declare a setting with a check of its own."""
    return _field(Setting(kind, description, check, default, unset, required=required))


def group(members: type[Group]) -> Any:
    """Declare a group of settings; its class describes it."""
    check = partial(resolve_group, members)
    setting = Setting(members.__name__, str(members.__doc__), check, members=members)
    return dataclasses.field(default_factory=members, metadata={"setting": setting})


def optional_object(members: type[Group], description: str, *, unset: str) -> Any:
    """Declare an object that is None by default."""
    return _field(Setting(members.__name__, description, partial(resolve_group, members), None, unset, members=members))


def objects(
    members: type[Group], check_names: Callable[[str, Mapping[str, object]], None], description: str, *, required: bool
) -> Any:
    """Declare a map of objects by name; `check_names` takes path and map."""

    def check(path: str, value: object) -> dict[str, Any]:
        values = checks.mapping(path, value)
        check_names(path, values)
        return {name: resolve_group(members, f"{path}.{name}", fields) for name, fields in values.items()}

    kind = f"dict[str, {members.__name__}]"
    return _field(Setting(kind, description, check, {}, "none", required=required, members=members, named=True))


def declared(members: type[Group]) -> dict[str, Setting]:
    """Return the settings of a group by name, in the order of their declaration."""
    return {field.name: field.metadata["setting"] for field in dataclasses.fields(members)}  # type: ignore[arg-type]


def paths(members: type[Group]) -> list[str]:
    """Return the paths of all settings that do not depend on names which the stack chooses."""
    result = []
    for name, setting in declared(members).items():
        result.append(name)
        if setting.members and not setting.named:
            result += [f"{name}.{path}" for path in paths(setting.members)]
    return result


def resolve_group(members: type[GroupT], path: str, value: object) -> GroupT:
    """Check the settings of a group and apply defaults; `path` is empty for the whole component.

    Raises:
        InvalidSetting: Names the first setting that is wrong.
    """
    args = checks.mapping(path or "args", {} if value is None and path else value)
    resolved = {
        name: setting.check(_join(path, name), args.get(name))
        for name, setting in declared(members).items()
        if setting.required or args.get(name) is not None
    }
    return members(**resolved).validated(path)


def unknown_keys(
    members: type[Group], values: Mapping[str, object], spell: Callable[[str], str], path: str = ""
) -> Iterator[tuple[str, list[str]]]:
    """Yield the path of each undeclared key, with the paths of the settings that are allowed beside it."""
    settings = {spell(name): setting for name, setting in declared(members).items()}
    for key, value in values.items():
        setting = settings.get(key)
        if setting is None:
            yield _join(path, key), [_join(path, name) for name in settings]
        elif setting.members and isinstance(value, Mapping):
            inner = _join(path, key)
            values_by_path = (
                {f"{inner}.{name}": item for name, item in value.items()} if setting.named else {inner: value}
            )
            for where, item in values_by_path.items():
                if isinstance(item, Mapping):
                    yield from unknown_keys(setting.members, item, spell, where)


def nearest(path: str, candidates: Iterable[str]) -> str:
    """Return the path that is most like an unknown one, in its last part and as a whole."""

    def similarity(candidate: str) -> float:
        last_parts = SequenceMatcher(None, path.lower().split(".")[-1], candidate.lower().split(".")[-1])
        return 2 * last_parts.ratio() + SequenceMatcher(None, path.lower(), candidate.lower()).ratio()

    return max(candidates, key=similarity)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _field(setting: Setting) -> Any:
    metadata = {"setting": setting}
    if setting.required:
        return dataclasses.field(metadata=metadata)
    if isinstance(setting.default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=setting.default, metadata=metadata)
