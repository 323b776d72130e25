"""Inputs and outputs of the official provider's resources, read from the installed pulumi-aws."""

import importlib
import inspect
import re
import sys
import threading
import types
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin

import pulumi
from pulumi.provider.experimental.provider import CheckFailure

from local_provider.errors import UnsupportedError
from local_provider.pulumi_names import is_input_type, property_names, property_types, resource_outputs
from local_provider.values import UNKNOWN, Plain

_SCALARS: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
Takes = Callable[[str], bool]
_loading = threading.Lock()
"""pulumi_aws loads its packages lazily, which fails when two threads do so at once."""


def check_inputs(token: str, inputs: Mapping[str, Plain], takes: Takes = lambda _path: True) -> list[CheckFailure]:
    """Return unknown, missing and wrongly typed inputs, with their path such as `rules[0].filter.prefix`.

    `takes` tells whether an input is implemented, by its dotted path without indexes: `rules.filter.prefix`.
    """
    return list(_check_object(inputs, classes_of(token)[1], "", takes))


def input_types(token: str) -> Mapping[str, Any]:
    """Return the inputs of a resource type, in camelCase -> type; of a union of several types, a tuple of them."""
    return _fields(classes_of(token)[1])


@cache
def output_names(token: str) -> frozenset[str]:
    """Return the outputs of a resource type, in camelCase, with its inputs."""
    return frozenset(resource_outputs(classes_of(token)[0]))


def fields_of(kind: Any) -> Mapping[str, Any] | None:
    """Return name and type of what a nested input holds, or None when it is no object."""
    return _fields(kind) if is_input_type(kind) else None


def item_type(kind: Any) -> Any:
    """Return the type of a list's items, or None when it is no list."""
    return _plain_type(get_args(kind)[0]) if _is_generic(kind, Sequence) else None


def is_map(kind: Any) -> bool:
    """Tell whether a type is a map with any keys."""
    return _is_generic(kind, Mapping)


def _is_generic(kind: Any, base: type) -> bool:
    origin = get_origin(kind)
    return inspect.isclass(origin) and issubclass(origin, base)


@cache
def classes_of(token: str) -> tuple[Any, Any]:
    """Return `BucketPolicy` and `BucketPolicyArgs` for `aws:s3/bucketPolicy:BucketPolicy`.

    Raises:
        UnsupportedError: the SDK has no such resource type.
    """
    match = re.fullmatch(r"aws:(\w+)/\w+:(\w+)", token)
    package, name = match.groups() if match else ("", "")
    try:
        # Import the package, which loads its modules lazily: importing a module directly would leave the package empty.
        with _loading:
            resource = getattr(importlib.import_module(f"pulumi_aws.{package}{'_' * (package == 'lambda')}"), name)
    except (ModuleNotFoundError, AttributeError):
        resource = None
    if getattr(resource, "pulumi_type", None) != token:
        raise UnsupportedError(f"The installed pulumi-aws has no resource type {token}.")
    home = vars(sys.modules[resource.__module__])
    # The SDK uses InitArgs where a nested type has the name with Args.
    return resource, home.get(f"{name}InitArgs") or home[f"{name}Args"]


@cache
def _fields(cls: Any) -> Mapping[str, Any]:
    return {name: _plain_type(kind) for name, kind in property_types(cls).items()}


@cache
def _required(cls: Any) -> list[str]:
    names, parameters = property_names(cls), inspect.signature(cls.__init__).parameters.values()
    return sorted(names[p.name] for p in parameters if p.name in names and p.default is inspect.Parameter.empty)


def _plain_type(kind: Any) -> Any:
    """Return T of an Input: Union[T, Awaitable[T], Output[T], None]; a tuple for a union of several types."""
    if get_origin(kind) not in (Union, types.UnionType):
        return kind
    wrappers = (Awaitable, pulumi.Output, type(None))
    plain = [member for member in get_args(kind) if (get_origin(member) or member) not in wrappers]
    return plain[0] if len(plain) == 1 else tuple(plain)


def _check_object(inputs: Mapping[str, Plain], cls: Any, prefix: str, takes: Takes) -> Iterator[CheckFailure]:
    fields = _fields(cls)
    for name, value in inputs.items():
        path = prefix + name
        if name not in fields:
            yield CheckFailure(path, f"is not an input; known are {', '.join(sorted(fields))}")
        elif value is not None and not takes(re.sub(r"\[\d+]", "", path)):
            yield CheckFailure(path, "is not implemented by the stand-in provider")
        elif value is not None:
            yield from _check_value(value, fields[name], path, takes)
    yield from (CheckFailure(prefix + name, "is required") for name in _required(cls) if inputs.get(name) is None)


def _check_value(value: Plain, kind: Any, path: str, takes: Takes) -> Iterator[CheckFailure]:
    kind = _plain_type(kind)
    if value is UNKNOWN or kind is Any:
        return
    if isinstance(kind, tuple):  # a union: right when one member fits
        fits = any(not list(_check_value(value, member, path, takes)) for member in kind)
    else:
        fits = _fits(value, kind)
    if not fits:
        type_name = {dict: "object", list: "list", **_SCALARS}.get(type(value), type(value).__name__)
        yield CheckFailure(path, f"must be {_expected(kind)[0]}, not {type_name}")
    elif fields_of(kind) is not None:
        yield from _check_object(value, kind, f"{path}.", takes)
    elif is_map(kind):
        for key, item in value.items():
            yield from _check_value(item, get_args(kind)[1], f"{path}.{key}", takes)
    elif item_type(kind) is not None:
        for index, item in enumerate(value):
            yield from _check_value(item, get_args(kind)[0], f"{path}[{index}]", takes)


def _fits(value: Plain, kind: Any) -> bool:
    """Tell whether a value is of a type, whatever it holds."""
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return any(value == member.value for member in kind)
    return isinstance(value, _expected(kind)[1]) and (kind is bool or not isinstance(value, bool))


def _expected(kind: Any) -> tuple[str, Any]:
    """Return the description of a type and the classes of its values."""
    if isinstance(kind, tuple):
        return f"one of {', '.join(m.__name__ if fields_of(m) else _expected(m)[0] for m in kind)}", ()
    if fields_of(kind) is not None:
        return "an object", Mapping
    if is_map(kind):
        return "a map", Mapping
    if item_type(kind) is not None:
        return "a list", list
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return "one of " + ", ".join(str(member.value) for member in kind), kind
    return _SCALARS.get(kind) or kind.__name__, (int, float) if kind is float else kind
