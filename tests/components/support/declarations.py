"""The declared numbers and flags of the component, by path."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from async_download.settings import Settings
from async_download.settings.setting import Group, Setting, declared


def leaves(members: type[Group] = Settings, path: str = "") -> Iterator[tuple[str, Setting]]:
    """Yield path and declaration of every setting that is not a group and not in a map or an optional object."""
    for name, setting in declared(members).items():
        if setting.members and not setting.named and not setting.unset:
            yield from leaves(setting.members, f"{path}{name}.")
        else:
            yield f"{path}{name}", setting


def _bounds(setting: Setting) -> tuple[int, int, int]:
    assert isinstance(setting.check, partial)
    assert isinstance(setting.default, int)
    return setting.default, setting.check.keywords["low"], setting.check.keywords["high"]


DECLARED = dict(leaves())
NUMBERS = {path: _bounds(setting) for path, setting in DECLARED.items() if setting.annotation == "int"}
"""Default, minimum and maximum."""
WITH_ZERO = {path for path in NUMBERS if getattr(DECLARED[path].check, "keywords", {})["zero"]}
"""Paths of the numbers of which 0 is allowed beside the range."""
FLAGS = {path: bool(setting.default) for path, setting in DECLARED.items() if setting.annotation == "bool"}
