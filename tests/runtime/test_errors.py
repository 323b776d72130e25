"""The exception tree is the one that is drawn, and maps to the answers that are documented."""

from __future__ import annotations

import re

import pytest

from runtime import errors
from runtime.errors import AsyncDownloadError, RequestError, Retry, ServiceError, TransferError, problem_of


def subclasses(kind: type[BaseException], depth: int = 0) -> list[tuple[int, type[BaseException]]]:
    """A class and everything below it, with depths."""
    found = [(depth, kind)]
    for below in kind.__subclasses__():
        found += subclasses(below, depth + 1)
    return found


def drawn() -> set[tuple[int, str, str]]:
    """Depth, name and the rest of each line of the tree in the docstring."""
    lines = re.findall(r"^((?:[│ ]   )*(?:[├└]── )?)(\w+(?:Error|Exception))\b *(.*)$", errors.__doc__ or "", re.M)
    return {(len(indent) // 4, name, text) for indent, name, text in lines}


def test_the_drawing_is_the_tree() -> None:
    """Every class is drawn, where it is."""
    assert {(depth, name) for depth, name, _ in drawn()} == {
        (depth, kind.__name__) for depth, kind in subclasses(AsyncDownloadError)
    }


@pytest.mark.parametrize(
    ("depth", "kind"), subclasses(RequestError)[1:], ids=lambda value: getattr(value, "__name__", "")
)
def test_the_drawing_names_status_and_code(depth: int, kind: type[RequestError]) -> None:
    """What a caller gets is what the drawing says."""
    assert (depth + 1, kind.__name__, f"{kind.status} {kind.code}") in drawn()


@pytest.mark.parametrize(
    ("_depth", "kind"), subclasses(TransferError)[1:], ids=lambda value: getattr(value, "__name__", "")
)
def test_the_drawing_names_the_failure_codes(_depth: int, kind: type[TransferError]) -> None:
    """What a client is told is what the drawing says."""
    text = next(text for _, name, text in drawn() if name == kind.__name__)
    assert text.startswith(kind.code)
    assert isinstance(kind.retry, Retry)


def test_a_request_error_is_answered_with_itself() -> None:
    """Status, code and message are those of the error."""
    problem = problem_of(errors.TicketRefusedError())
    assert (problem.status, problem.code) == (403, "TICKET_REFUSED")
    assert "Request the download again" in problem.message


def test_a_throttled_call_is_answered_with_503() -> None:
    """The caller may simply try again."""
    assert problem_of(ServiceError("PutItem", "ThrottlingException")).status == 503


@pytest.mark.parametrize(
    "error", [KeyError("secret"), ServiceError("PutItem", "AccessDenied"), ValueError("https://x")]
)
def test_anything_else_is_answered_without_its_internals(error: Exception) -> None:
    """No message of ours or of a library's gets out."""
    problem = problem_of(error)
    assert (problem.status, problem.code) == (500, "INTERNAL")
    assert not re.search(r"secret|PutItem|AccessDenied|https", problem.message)
