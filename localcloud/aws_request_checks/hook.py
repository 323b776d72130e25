"""Installs the checks as a handler of botocore's events."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import botocore.handlers
import botocore.session

from .dynamodb import request_problems
from .shapes import shape_problems

FILE = "REQUEST_PROBLEMS_FILE"
"""The environment variable of child processes that names the file to which they append their problems."""

problems: list[str] = []
"""The problems of this process since the list was last cleared."""

_EVENT = "before-parameter-build"  # botocore's own handlers, which complete the parameters, have run by then
_allowed: list[str] = []
_lock = threading.Lock()


class WrongRequestError(AssertionError):
    """A request that AWS would refuse."""


def install() -> None:
    """Check the requests of all sessions that are created from now on; a second call does nothing."""
    entry = (_EVENT, _check, botocore.handlers.REGISTER_LAST)
    if entry not in botocore.handlers.BUILTIN_HANDLERS:
        botocore.handlers.BUILTIN_HANDLERS.append(entry)


def install_in_child() -> None:
    """Check requests in a process with the environment of `child_environment`; do nothing elsewhere."""
    if FILE in os.environ:
        install()


def child_environment(file: Path) -> dict[str, str]:
    """Return the environment that makes a Python process check its requests and append the problems to `file`."""
    return {FILE: str(file), "PYTHONPATH": str(Path(__file__).with_name("site"))}


@contextmanager
def allowing(*names: str) -> Iterator[None]:
    """Allow requests that are wrong on purpose, by the beginning of their problem: `lambda.Invoke: FunctionName`."""
    with _lock:
        _allowed.extend(names)
    try:
        yield
    finally:
        with _lock:
            for name in names:
                _allowed.remove(name)


def check_request(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Check a request that is not sent by botocore, such as one that a fake client gets.

    Raises:
        WrongRequestError: AWS would refuse it.
    """
    _check(params=parameters, model=_session().get_service_model(service).operation_model(operation))


def _check(params: Mapping[str, Any], model: Any, **_event: object) -> None:
    name = f"{model.service_model.service_name}.{model.name}"
    named = [f"{name}: {problem}" for problem in _problems(params, model)]
    refusals = [problem for problem in named if not problem.startswith(tuple(_allowed))]
    if not refusals:
        return
    problems.extend(refusals)
    if FILE in os.environ:
        with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
            file.write("".join(f"{problem}\n" for problem in refusals))
    raise WrongRequestError("\n".join(refusals))


def _problems(params: Mapping[str, Any], model: Any) -> Iterator[str]:
    if model.input_shape is not None:
        yield from shape_problems(model.input_shape, params)
    if model.service_model.service_name == "dynamodb":
        yield from request_problems(model.name, params)


@cache
def _session() -> Any:
    return botocore.session.Session()
