"""Collects every request that the DynamoDB adapters send, by calling each method with each combination of arguments.

Arguments are made from the annotations of a method, so that a new method or a new optional argument is covered at
once. An annotation without samples fails.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, get_type_hints

import runtime.adapters
from runtime.adapters import tables
from runtime.models import (
    Connection,
    Digest,
    Download,
    Failure,
    Preparation,
    Stored,
    Target,
    Validator,
    Version,
)
from tests.runtime.support.in_process import InProcess
from tests.runtime.support.stores import FAILURE, HASH, NOW, STORED, connection, create_table, download

SOURCES = sorted(Path(runtime.adapters.__file__).parent.glob("*.py"))
TABLES = {"downloads": "executionArn", "connections": "connectionId", "copies": "fileId", "callers": "executionArn"}
VERSION = Version(Validator("etag", '"v"'), "text/csv")
SAMPLES: Mapping[object, Sequence[object]] = {
    str: ["x"],
    str | None: [None, "x"],
    int: [7],
    int | None: [None, 7],
    float: [NOW],
    float | None: [None, NOW],
    Sequence[str]: [(HASH,), ()],
    Connection: [connection(), replace(connection(), used_at=1)],
    Digest: [Digest("AAAAAA==", "BBBBBB==-2")],
    Download: [download(), download(file_name="a.csv", sha256="ab" * 32, expected_size=3)],
    Failure: [FAILURE],
    Preparation: [Preparation(1, NOW), Preparation(2, NOW, Target("https://files.example.com/x?sig=1", True))],
    Stored: [STORED, replace(STORED, sha256=None)],
    Version | None: [None, VERSION],
}


@dataclass(frozen=True)
class Request:
    """A request to DynamoDB and the method that sent it, such as `DynamoDownloads.finish`."""

    method: str
    operation: str
    parameters: Mapping[str, Any]


def adapters() -> list[type]:
    """Return the classes of the modules that send requests with `runtime.adapters.tables`."""
    classes: list[type] = []
    for source in SOURCES:
        module = importlib.import_module(f"runtime.adapters.{source.stem}")
        if getattr(module, "tables", None) is tables:
            members = inspect.getmembers(module, inspect.isclass)
            classes += [item for _, item in members if item.__module__ == module.__name__]
    return classes


def methods(adapter: type) -> list[str]:
    """Return the names of an adapter's public methods."""
    return [name for name, _ in inspect.getmembers(adapter, inspect.isfunction) if not name.startswith("_")]


def record_requests(in_process: InProcess) -> Iterator[Request]:
    """Call every method of every adapter with every combination of samples, and yield the requests."""
    client = in_process.client("dynamodb")
    for name, key in TABLES.items():
        create_table(client, name, key)
    for adapter in adapters():
        fields = {"table": adapter.__name__.removeprefix("Dynamo").lower(), "downloads_table": "downloads"}
        instance = adapter(**{name: fields[name] for name in inspect.signature(adapter).parameters})
        for method in methods(adapter):
            for arguments in combinations(getattr(adapter, method)):
                in_process.requests.clear()
                getattr(instance, method)(**arguments)
                for request in in_process.requests:
                    target = request.headers["X-Amz-Target"].decode()
                    body = json.loads(request.body)
                    yield Request(f"{adapter.__name__}.{method}", target.rpartition(".")[2], body)


def combinations(function: Any) -> Iterator[dict[str, object]]:
    """Yield the arguments of each call."""
    hints = get_type_hints(function)
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    for name in names:
        assert hints[name] in SAMPLES, f"{function.__qualname__}: add samples of {hints[name]} for {name}"
    for values in product(*(SAMPLES[hints[name]] for name in names)):
        yield dict(zip(names, values, strict=True))
