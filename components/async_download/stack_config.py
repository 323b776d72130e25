"""A stack's configuration -> the component's arguments. Keys are the arguments' names in camelCase."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, NotRequired, cast, get_args, get_origin, is_typeddict

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from async_download.args import ApiKey, AsyncDownloadArgs, Authorizer, Origin
from async_download.checks import camel, mapping


class UnknownConfigKeyError(ValueError):
    """A stack's configuration has a key that nothing reads; the message names the nearest that is read."""

    def __init__(self, key: str, known: list[str]) -> None:
        self.key = key
        self.nearest = get_close_matches(key, known, n=1, cutoff=0.0)[0]
        super().__init__(f"Configuration key {key} does not exist; did you mean {self.nearest}?")


def read_args(config: pulumi.Config) -> AsyncDownloadArgs:
    """Arguments of the component; an empty string means not set."""
    fields = {field: _plain(kind) for field, kind in AsyncDownloadArgs.__annotations__.items()}
    _refuse_unknown(_given_keys(config.name), [camel(field) for field in fields], f"{config.name}:")
    values = {field: _reader(config, kind)(camel(field)) for field, kind in fields.items()}
    args = {field: value for field, value in values.items() if value is not None and value != ""}
    if "origins" in args:
        given = mapping("origins", args["origins"])
        args["origins"] = {name: _fields(f"origins.{name}", Origin, origin) for name, origin in given.items()}
    if "api_keys" in args:
        keys = mapping("api_keys", args["api_keys"])
        args["api_keys"] = {name: _fields(f"apiKeys.{name}", ApiKey, key) for name, key in keys.items()}
    if "authorizer" in args:
        args["authorizer"] = _fields("authorizer", Authorizer, args["authorizer"])
    return cast(AsyncDownloadArgs, args)


def _plain(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is NotRequired else kind


def _reader(config: pulumi.Config, kind: Any) -> Callable[[str], Any]:
    if get_origin(kind) in (dict, list) or is_typeddict(kind):
        return config.get_object
    readers: dict[Any, Callable[[str], Any]] = {bool: config.get_bool, int: config.get_int}
    return readers.get(kind, config.get)


def _given_keys(namespace: str) -> list[str]:
    keys = {**get_config_env(), **CONFIG.get()}
    return sorted(key.removeprefix(f"{namespace}:") for key in keys if key.startswith(f"{namespace}:"))


def _fields(where: str, kind: Any, given: object) -> dict[str, Any]:
    """An object with its keys as the component spells them."""
    fields = {camel(field): field for field in kind.__annotations__}
    values: Mapping[str, object] = mapping(where, given)
    _refuse_unknown(values, list(fields), f"{where}.")
    return {fields[key]: value for key, value in values.items()}


def _refuse_unknown(given: Any, known: list[str], prefix: str) -> None:
    for key in given:
        if key not in known:
            raise UnknownConfigKeyError(f"{prefix}{key}", [f"{prefix}{name}" for name in known])
