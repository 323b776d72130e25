"""Conversion of a stack's configuration into the component's arguments; keys are their names in camelCase."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from async_download.args import AsyncDownloadArgs
from async_download.settings import Settings
from async_download.settings.checks import camel, camel_path
from async_download.settings.setting import Group, declared, nearest, paths, unknown_keys


class UnknownConfigKeyError(ValueError):
    """A stack's configuration has an unknown key; the message suggests the nearest setting."""

    def __init__(self, key: str, nearest_key: str) -> None:
        self.key, self.nearest = key, nearest_key
        super().__init__(f"Configuration key {key} does not exist; did you mean {nearest_key}?")


def read_args(config: pulumi.Config) -> AsyncDownloadArgs:
    """Return the arguments of the component; an empty string means not set.

    Raises:
        UnknownConfigKeyError: No setting has the name of a key.
    """
    values = {key: _read(config, key) for key in _keys(config.name)}
    for path, siblings in unknown_keys(Settings, values, camel):
        suggestion = nearest(path, [*siblings, *map(camel_path, paths(Settings))])
        raise UnknownConfigKeyError(f"{config.name}:{path}", f"{config.name}:{suggestion}")
    return cast(AsyncDownloadArgs, _arguments(Settings, {key: value for key, value in values.items() if value != ""}))


def _read(config: pulumi.Config, key: str) -> object:
    """Return the value of a key; objects and lists are JSON."""
    types = {camel(name): setting.annotation for name, setting in declared(Settings).items()}
    return config.get(key) if types.get(key, "str") == "str" else config.get_object(key)


def _keys(namespace: str) -> list[str]:
    keys = {**get_config_env(), **CONFIG.get()}
    return sorted(key.removeprefix(f"{namespace}:") for key in keys if key.startswith(f"{namespace}:"))


def _arguments(members: type[Group], values: object) -> object:
    """Return an object with its keys in snake_case; validation refuses what is no object."""
    if not isinstance(values, Mapping):
        return values
    settings = {camel(name): (name, setting) for name, setting in declared(members).items()}
    converted: dict[str, Any] = {}
    for key, value in values.items():
        name, setting = settings[key]
        if setting.members and setting.named and isinstance(value, Mapping):
            value = {item: _arguments(setting.members, fields) for item, fields in value.items()}
        elif setting.members:
            value = _arguments(setting.members, value)
        converted[name] = value
    return converted
