"""Inputs and outputs of the official provider's resources, read from the installed pulumi-aws."""

import importlib
import inspect
import re
import sys
import threading
import types
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin

import pulumi

from local_provider.pulumi_names import is_deprecated, is_input_type, property_names, property_types, resource_outputs
from local_provider.values import Plain, Unknown

__all__ = [
    "Problem",
    "UnknownTypeError",
    "check_inputs",
    "deprecated_names",
    "fields_of",
    "has_input",
    "input_names",
    "item_type",
    "output_names",
    "property_type",
]

_PYTHON_MODULES = {"lambda": "lambda_"}
_SCALARS: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


_loading = threading.Lock()
"""pulumi_aws loads its packages lazily, which fails when two threads do so at once."""


class UnknownTypeError(Exception):
    """The installed pulumi-aws has no such resource type."""


@dataclass(frozen=True)
class Problem:
    """A wrong input; `path` such as `rules[0].filter.prefix`."""

    path: str
    reason: str


def check_inputs(token: str, inputs: Mapping[str, Plain]) -> list[Problem]:
    """Return unknown, missing and wrongly typed inputs.

    Raises:
        UnknownTypeError: the SDK has no such resource type.
    """
    return list(_check_object(inputs, _args_class(token), ""))


def input_names(token: str) -> frozenset[str]:
    """Return the inputs of a resource type, in camelCase."""
    return frozenset(property_names(_args_class(token)).values())


def deprecated_names(token: str) -> frozenset[str]:
    """Return the deprecated inputs of a resource type."""
    getters = {name: value.fget for name, value in vars(_args_class(token)).items() if isinstance(value, property)}
    names = property_names(_args_class(token))
    return frozenset(names[name] for name, getter in getters.items() if is_deprecated(getter))


def has_input(token: str, path: str) -> bool:
    """Tell whether the SDK has an input, by its dotted path without indexes: `rules.filter.prefix`."""
    kind: Any = _args_class(token)
    for name in path.split("."):
        kind = _element(kind)
        fields = _types(kind) if _is_object(kind) else {}
        if name not in fields:
            return False
        kind = fields[name]
    return True


@cache
def output_names(token: str) -> frozenset[str]:
    """Return the outputs of a resource type, in camelCase, with its inputs."""
    return frozenset(resource_outputs(_classes(token)[0]))


def property_type(token: str, name: str) -> Any:
    """Return the type of an input."""
    return _types(_args_class(token))[name]


def fields_of(kind: Any) -> dict[str, Any] | None:
    """Return name and type of what a nested input holds, or None when it is no object."""
    return _types(kind) if _is_object(kind) else None


def item_type(kind: Any) -> Any:
    """Return the type of a list's items, or None when it is no list."""
    origin = get_origin(kind)
    return _plain_type(get_args(kind)[0]) if origin is not None and issubclass(origin, Sequence) else None


def _args_class(token: str) -> type:
    return _classes(token)[1]


def _classes(token: str) -> tuple[type, type]:
    with _loading:
        return _load_classes(token)


@cache
def _load_classes(token: str) -> tuple[type, type]:
    """Return `BucketPolicy` and `BucketPolicyArgs` for `aws:s3/bucketPolicy:BucketPolicy`."""
    match = re.fullmatch(r"aws:(\w+)/(\w+):(\w+)", token)
    if match is None:
        raise UnknownTypeError(token)
    package, module, name = match.groups()
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", module).lower()
    try:
        # Import the package, which loads its modules lazily: importing a module directly would leave the package empty.
        resource: type = getattr(importlib.import_module(f"pulumi_aws.{_PYTHON_MODULES.get(package, package)}"), name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise UnknownTypeError(token) from error
    home = sys.modules[resource.__module__]
    if home.__name__.rpartition(".")[2] != snake:
        raise UnknownTypeError(token)
    # The SDK uses InitArgs where a nested type has the name with Args.
    return resource, getattr(home, f"{name}InitArgs", None) or getattr(home, f"{name}Args")


@cache
def _types(cls: Any) -> dict[str, Any]:
    return {name: _plain_type(kind) for name, kind in property_types(cls).items()}


@cache
def _required(cls: Any) -> frozenset[str]:
    names = property_names(cls)
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return frozenset(names[p.name] for p in parameters if p.default is inspect.Parameter.empty)


def _plain_type(kind: Any) -> Any:
    """Return T of an Input: Union[T, Awaitable[T], Output[T], None]; a tuple for a union of several types."""
    if get_origin(kind) not in (Union, types.UnionType):
        return kind
    waits = (Awaitable, pulumi.Output)
    plain = [member for member in get_args(kind) if (get_origin(member) or member) not in (*waits, type(None))]
    return plain[0] if len(plain) == 1 else tuple(plain)


def _is_object(kind: Any) -> bool:
    return inspect.isclass(kind) and is_input_type(kind)


def _element(kind: Any) -> Any:
    """Return the type of a list's items, also of nested lists."""
    kind = _plain_type(kind)
    while get_origin(kind) is not None and issubclass(get_origin(kind), Sequence):
        kind = _plain_type(get_args(kind)[0])
    return kind


def _check_object(inputs: Mapping[str, Plain], cls: type, prefix: str) -> Iterator[Problem]:
    types_by_name = _types(cls)
    for name, value in inputs.items():
        if name not in types_by_name:
            yield Problem(prefix + name, f"is not an input; known are {', '.join(sorted(types_by_name))}")
        elif value is not None:
            yield from _check_value(value, types_by_name[name], prefix + name)
    for name in sorted(_required(cls)):
        if inputs.get(name) is None:
            yield Problem(prefix + name, "is required")


def _check_value(value: Plain, kind: Any, path: str) -> Iterator[Problem]:
    kind = _plain_type(kind)
    if isinstance(value, Unknown):
        return
    if isinstance(kind, tuple):  # a union: right when one member fits
        if all(any(True for _ in _check_value(value, member, path)) for member in kind):
            yield Problem(path, f"must be one of {', '.join(map(_name, kind))}, not {_name_of(value)}")
    elif _is_object(kind):
        if isinstance(value, Mapping):
            yield from _check_object(value, kind, f"{path}.")
        else:
            yield Problem(path, f"must be an object, not {_name_of(value)}")
    elif (origin := get_origin(kind)) is not None and issubclass(origin, Mapping):
        yield from _check_map(value, kind, path)
    elif origin is not None and issubclass(origin, Sequence):
        yield from _check_list(value, kind, path)
    elif not _is_scalar(value, kind):
        yield Problem(path, f"must be {_name(kind)}, not {_name_of(value)}")


def _check_map(value: Plain, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(path, f"must be a map, not {_name_of(value)}")
        return
    for key, item in value.items():
        yield from _check_value(item, get_args(kind)[1], f"{path}.{key}")


def _check_list(value: Plain, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem(path, f"must be a list, not {_name_of(value)}")
        return
    for index, item in enumerate(value):
        yield from _check_value(item, get_args(kind)[0], f"{path}[{index}]")


def _is_scalar(value: Plain, kind: Any) -> bool:
    if kind is Any:
        return True
    if kind is bool:
        return isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return any(value == member.value for member in kind)
    return isinstance(value, kind)


def _name(kind: Any) -> str:
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return "one of " + ", ".join(str(member.value) for member in kind)
    return _SCALARS.get(kind, getattr(kind, "__name__", str(kind)))


def _name_of(value: Plain) -> str:
    kinds: dict[type, str] = {dict: "object", list: "list", **_SCALARS}
    return kinds.get(type(value), type(value).__name__)
