"""Reads a stack's configuration by the rules of Pulumi's engine.

Pulumi.yaml declares types and defaults; a stack's value replaces the default whole. The program sees every value as
text: a scalar as it is written, a list or an object as JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from localcloud.errors import ConfigError


@dataclass(frozen=True)
class Project:
    """The parts of Pulumi.yaml that are used here; `declared` is its `config` block."""

    name: str
    folder: Path
    declared: Mapping[str, Any]


def read_project(folder: Path) -> Project:
    """Read `Pulumi.yaml`.

    Raises:
        ConfigError: There is none, or it says nothing.
    """
    content = _read(folder / "Pulumi.yaml")
    if content is None or "name" not in content:
        raise ConfigError(f"{folder / 'Pulumi.yaml'} does not exist or names no project.")
    return Project(str(content["name"]), folder, content.get("config") or {})


def read_stack(project: Project, stack: str) -> dict[str, Any]:
    """Return the `config` block of `Pulumi.<stack>.yaml` with full keys; empty when there is no such file."""
    content = _read(project.folder / f"Pulumi.{stack}.yaml") or {}
    return full_keys(project, content.get("config") or {})


def full_keys(project: Project, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with the project's namespace in front of keys that have none."""
    return {key if ":" in key else f"{project.name}:{key}": value for key, value in values.items()}


def nested(values: Mapping[str, object]) -> dict[str, Any]:
    """Return values with paths such as `copying.concurrency` as objects, as `pulumi config set --path` writes them."""
    result: dict[str, Any] = {}
    for path, value in values.items():
        *groups, name = path.split(".")
        target = result
        for group in groups:
            target[group] = dict(target.get(group, {}))
            target = target[group]
        target[name] = value
    return result


def resolve(project: Project, stack: str, own_values: Mapping[str, Any]) -> dict[str, str]:
    """Merge a stack's values (full keys) with the project's defaults, as the program reads them.

    Raises:
        ConfigError: A key without default has no value, or a value is not of its declared type.
    """
    values = dict(own_values)
    missing = []
    for key, declared in full_keys(project, project.declared).items():
        default = _default(declared)
        if key in values:
            continue
        if default is not None:
            values[key] = default
        elif key.startswith(f"{project.name}:"):
            missing.append(key)
    if missing:
        raise ConfigError(
            f"Stack {stack} has no value for {', '.join(sorted(missing))}, which Pulumi.yaml gives no default."
        )
    for key, declared in full_keys(project, project.declared).items():
        if isinstance(declared, Mapping) and "type" in declared and key in values:
            _check(f"Stack {stack}: configuration key {key}", declared, values[key])
    return {key: encode(value) for key, value in values.items()}


def encode(value: object) -> str:
    """Return a value as the text that the program reads."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list):
        return json.dumps(value)
    return "" if value is None else str(value)


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if content is not None and not isinstance(content, dict):
        raise ConfigError(f"{path} is not a mapping.")
    return content or {}


def _default(declared: object) -> object:
    """Return the default of a declaration: an object with `default` or `value`, or the value itself."""
    if not isinstance(declared, Mapping):
        return declared
    default = declared.get("default")
    return default if default is not None else declared.get("value")


def _check(where: str, declared: Mapping[str, Any], value: object) -> None:
    if not _is_a(declared["type"], declared.get("items"), value):
        raise ConfigError(f"{where} must be of type {_name(declared)}, not {encode(value)!r}.")


def _is_a(kind: str, items: Mapping[str, Any] | None, value: object) -> bool:
    structured = isinstance(value, Mapping | list)
    if kind == "string":  # inside a list a string is a string; at the top any scalar is text
        return not structured
    if kind == "integer":
        return not structured and not isinstance(value, bool) and _is_whole(encode(value))
    if kind == "boolean":
        return encode(value) in ("true", "false") and not structured
    if kind == "array":
        return isinstance(value, list) and all(_item_is_a(items or {}, item) for item in value)
    if kind == "object":
        return isinstance(value, Mapping)
    raise ConfigError(f"Pulumi.yaml declares type {kind}; there are string, integer, boolean, array and object.")


def _item_is_a(declared: Mapping[str, Any], item: object) -> bool:
    kind = declared.get("type", "")
    if kind == "string":
        return isinstance(item, str)
    if kind == "integer" and isinstance(item, float):
        return item.is_integer()
    return _is_a(kind, declared.get("items"), item)


def _is_whole(text: str) -> bool:
    digits = text[1:] if text[:1] in ("-", "+") else text
    return digits.isascii() and digits.isdigit()


def _name(declared: Mapping[str, Any]) -> str:
    items = declared.get("items")
    return f"array of {_name(items)}" if declared["type"] == "array" and items else str(declared["type"])
