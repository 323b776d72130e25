"""Types of the component's arguments, written from the declarations of its settings: `make docs`.

Pulumi's analyzer and mypy read the types from source, so the declarations cannot serve as types themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from async_download.settings import Settings
from async_download.settings.setting import Group, Setting, declared

from tools.settings_pages import TOP

MODULE = TOP / "components" / "async_download" / "args.py"
ROOT = "AsyncDownloadArgs"
HEAD = '''"""Arguments of `AsyncDownload`. Written by `make docs` from `async_download/settings`: do not edit.

Objects, maps, numbers and booleans are plain and only string leaves are inputs: this shape reaches the constructor
intact from every Pulumi language.
"""

from typing import NotRequired, TypedDict

import pulumi

from async_download.settings.auth import AuthorizerKind, RestAuth
from async_download.settings.cloud import ExecutionType
'''


def source() -> str:
    """Return the source of `args.py`."""
    return "\n\n".join([HEAD, *_classes(Settings, ROOT, "Arguments of `AsyncDownload`.")])


def _classes(members: type[Group], name: str, description: str) -> Iterator[str]:
    """Yield the class of a group after those of the groups in it."""
    settings = declared(members)
    for setting in settings.values():
        if setting.members:
            yield from _classes(setting.members, setting.members.__name__, str(setting.members.__doc__))
    lines = [f"class {name}(TypedDict):", f'    """{description}"""', ""]
    for field, setting in settings.items():
        annotation = setting.annotation if setting.required else f"NotRequired[{setting.annotation}]"
        lines += [f"    {field}: {annotation}", f'    """{describe(setting)}"""', ""]
    yield "\n".join(lines)


def describe(setting: Setting) -> str:
    """Return description, allowed values and default in the spelling of Python."""
    if setting.required or (setting.members and not setting.named and not setting.unset):
        return setting.description
    default = setting.unset or _literal(setting.default)
    allowed = f" Allowed: {setting.allowed}." if setting.allowed else ""
    return _snake(f"{setting.description}{allowed} Default: {default}.")


def _literal(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value}" if isinstance(value, int) else f"`{value}`"


def _snake(text: str) -> str:
    """`auth.apiKeys` -> `auth.api_keys`, in names between backticks."""
    return re.sub(r"`[a-z]+(?:[A-Z.][A-Za-z.]*)?`", lambda name: re.sub(r"(?<=[a-z])[A-Z]", _underscore, name[0]), text)


def _underscore(letter: re.Match[str]) -> str:
    return f"_{letter[0].lower()}"


if __name__ == "__main__":
    MODULE.write_text(source(), encoding="utf-8")
