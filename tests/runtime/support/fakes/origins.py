"""Origins and their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runtime.errors import OriginStalledError, OriginTruncatedError
from runtime.ports import Check


def do_nothing() -> None:
    """Do nothing while an answer is awaited."""


@dataclass
class OriginRequest:
    """A request that an origin received."""

    url: str
    headers: Mapping[str, str]
    timeout: float
    while_waiting: Callable[[], None]
    ca_bundle: str | None = None


class FakeBody:
    """An answer; after `cut_after` bytes the connection is lost, or stalls with `stall`."""

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        *,
        cut_after: int | None = None,
        stall: bool = False,
        on_read: Callable[[], None] = lambda: None,
    ) -> None:
        self.status = status
        self.headers: Mapping[str, str] = dict(headers or {})
        self.closed = False
        self._content = content
        self._at = 0
        self._cut_after = cut_after
        self._stall = stall
        self._on_read = on_read

    def read(self, max_bytes: int, timeout: float) -> bytes:
        assert timeout > 0
        assert not self.closed
        self._on_read()
        if self._cut_after is not None and self._at >= self._cut_after:
            if self._stall:
                raise OriginStalledError("The origin stopped sending.")
            raise OriginTruncatedError("The connection to the origin was lost in the middle.")
        end = min(self._at + max_bytes, self._cut_after if self._cut_after is not None else len(self._content))
        chunk = self._content[self._at : end]
        self._at += len(chunk)
        return chunk

    def close(self) -> None:
        self.closed = True


class FakeOrigins:
    """Origins that a function answers; `requests` holds all requests."""

    def __init__(self, answer: Callable[[OriginRequest], FakeBody]) -> None:
        self.answer = answer
        self.requests: list[OriginRequest] = []
        self.bodies: list[FakeBody] = []
        self.checks: list[Check] = []

    def get(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        check: Check,
        timeout: float,
        while_waiting: Callable[[], None],
        ca_bundle: str | None = None,
    ) -> FakeBody:
        self.requests.append(OriginRequest(url, dict(headers), timeout, while_waiting, ca_bundle))
        self.checks.append(check)
        self.bodies.append(self.answer(self.requests[-1]))
        return self.bodies[-1]
