"""The `config` block of Pulumi.yaml and the tables of docs/settings.md, written from the declarations: `make docs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from async_download.settings import Settings
from async_download.settings.checks import camel
from async_download.settings.setting import Group, Setting, declared

from tools.page_blocks import write_blocks

TOP = Path(__file__).parent.parent
PROJECT = TOP / "Pulumi.yaml"
PAGE = TOP / "docs" / "settings.md"
HEAD = "| Setting | Type | Default | Allowed | Description |\n|---|---|---|---|---|"
TYPES = {"int": "integer", "bool": "boolean", "list": "array of strings", "dict": "object of strings"}


def project_with_config(project: str) -> str:
    """Return Pulumi.yaml with the keys that a stack can configure."""
    config = {camel(name): _config_key(setting) for name, setting in declared(Settings).items()}
    block = yaml.safe_dump({"config": config}, sort_keys=False, width=1000, allow_unicode=True)
    return project[: project.index("config:")] + block


def blocks() -> dict[str, str]:
    """Return one table of settings for each group, by the name of their block."""
    return {"settings": "\n\n".join(_sections())}


def table(paths: list[str]) -> str:
    """Return a table of the settings at these paths, such as `copying.concurrency`."""
    return "\n".join([HEAD, *(row(path, setting_at(path)) for path in paths)])


def setting_at(path: str) -> Setting:
    """Return the declaration of the setting at a path in camelCase."""
    members: type[Group] = Settings
    for part in path.split("."):
        setting = {camel(name): inner_setting for name, inner_setting in declared(members).items()}[part]
        members = setting.members or members
    return setting


def row(path: str, setting: Setting) -> str:
    """Return one row of a table."""
    grouped = setting.members is not None and not setting.named and not setting.unset
    default = "required" if setting.required else setting.unset or ("" if grouped else _code(setting.default))
    cells = (f"`{path}`", _type(setting), default, setting.allowed, setting.description)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _config_key(setting: Setting) -> dict[str, Any]:
    plain = setting.annotation == "str"
    keys = {} if setting.required else {"default": "" if plain else {}}
    description = setting.description
    if setting.members and not setting.named:
        description += " Keys: " + ", ".join(map(camel, declared(setting.members))) + "."
    if setting.members:
        description += " See docs/settings.md."
    return {"type": "string" if plain else "object", **keys, "description": description}


def _sections() -> Iterator[str]:
    """Yield heading, description and table of each group, the keys without a group first."""
    groups = {camel(name): setting for name, setting in declared(Settings).items()}
    yield table([name for name, setting in groups.items() if not setting.members or setting.named])
    yield from _group("origins.<name>", groups["origins"], "origins")
    for name, setting in groups.items():
        if setting.members and not setting.named:
            yield from _group(name, setting, name)


def _group(path: str, setting: Setting, title: str) -> Iterator[str]:
    """Yield the table of a group and those of the objects in it."""
    assert setting.members
    settings = {camel(name): inner_setting for name, inner_setting in declared(setting.members).items()}
    rows = "\n".join(row(f"{path}.{name}", inner_setting) for name, inner_setting in settings.items())
    yield f"## {title}\n\n{setting.members.__doc__}\n\n{HEAD}\n{rows}"
    for name, inner in settings.items():
        if inner.members:
            yield from _group(f"{path}.{name}.<name>" if inner.named else f"{path}.{name}", inner, f"{title}.{name}")


def _type(setting: Setting) -> str:
    if setting.members:
        return "object of objects" if setting.named else "object"
    return TYPES.get(setting.annotation.split("[")[0], "string")


def _code(value: object) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    PROJECT.write_text(project_with_config(PROJECT.read_text(encoding="utf-8")), encoding="utf-8")
    write_blocks(PAGE, blocks())
