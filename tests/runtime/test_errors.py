"""The exception tree is the one in the docstring, and maps to the documented responses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from runtime import errors
from runtime.errors import (
    FAULTS,
    AsyncDownloadError,
    RequestError,
    Retry,
    ServiceError,
    TransferError,
    fault_of_error,
    problem_of,
)


def subclasses(error_type: type[BaseException], depth: int = 0) -> list[tuple[int, type[BaseException]]]:
    """Return a class and its subclasses with their depths."""
    classes = [(depth, error_type)]
    for subclass in error_type.__subclasses__():
        classes += subclasses(subclass, depth + 1)
    return classes


def documented_errors() -> set[tuple[int, str, str]]:
    """Return depth, name and the rest of each line of the tree in the docstring."""
    lines = re.findall(r"^((?:[│ ]   )*(?:[├└]── )?)(\w+(?:Error|Exception))\b *(.*)$", errors.__doc__ or "", re.M)
    return {(len(indent) // 4, name, text) for indent, name, text in lines}


def test_docstring_shows_every_class_at_its_depth() -> None:
    assert {(depth, name) for depth, name, _ in documented_errors()} == {
        (depth, error_type.__name__) for depth, error_type in subclasses(AsyncDownloadError)
    }


@pytest.mark.parametrize(
    ("depth", "error_type"), subclasses(RequestError)[1:], ids=lambda value: getattr(value, "__name__", "")
)
def test_docstring_names_status_and_code_of_request_errors(depth: int, error_type: type[RequestError]) -> None:
    assert (depth + 1, error_type.__name__, f"{error_type.status} {error_type.code}") in documented_errors()


@pytest.mark.parametrize(
    ("_depth", "error_type"), subclasses(TransferError)[1:], ids=lambda value: getattr(value, "__name__", "")
)
def test_docstring_names_the_codes_of_transfer_errors(_depth: int, error_type: type[TransferError]) -> None:
    text = next(text for _, name, text in documented_errors() if name == error_type.__name__)
    assert text.startswith(error_type.code)
    assert isinstance(error_type.retry, Retry)


def test_request_error_maps_to_its_status_code_and_message() -> None:
    problem = problem_of(errors.TicketRefusedError())
    assert (problem.status, problem.code) == (403, "TICKET_REFUSED")
    assert "Request the download again" in problem.message


def test_every_code_has_one_fault() -> None:
    """The table has the codes of all exceptions that carry one, those of `problem_of`, and no others."""
    kinds: list[Any] = [kind for base in (RequestError, TransferError) for _, kind in subclasses(base)]
    answers = {problem_of(error).code for error in (ServiceError("PutItem", "ThrottlingException"), KeyError())}
    assert set(FAULTS) == {kind.code for kind in kinds} | answers


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (errors.OriginNotFoundError("404"), "client"),
        (errors.OriginBusyError("503"), "origin"),
        (errors.TicketRefusedError(), "client"),
        (errors.StorageError("PutObject", "SlowDown"), "service"),
        (errors.PushesGivenUpError(1), "service"),
        (errors.ConfigError("TABLE is missing"), "internal"),
        (KeyError("a bug"), "internal"),
    ],
)
def test_fault_names_the_party_that_has_to_act(error: Exception, fault: str) -> None:
    assert fault_of_error(error) == fault


def test_throttled_call_maps_to_503() -> None:
    assert problem_of(ServiceError("PutItem", "ThrottlingException")).status == 503


@pytest.mark.parametrize(
    "error", [KeyError("secret"), ServiceError("PutItem", "AccessDenied"), ValueError("https://x")]
)
def test_other_errors_map_to_500_without_internals(error: Exception) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.code) == (500, "INTERNAL")
    assert not re.search(r"secret|PutItem|AccessDenied|https", problem.message)
