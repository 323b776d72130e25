"""Faults that a test asks the stub to produce."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from tests.runtime.support.s3_stub.answers import S3Error


class Kind(Enum):
    """The ways a call can fail."""

    REFUSED = "answered with an error, instead of 100 Continue if the client waits for it"
    REFUSED_IN_200 = "answered with status 200 and an error in the body, as CompleteMultipartUpload may"
    REPLY_LOST = "the operation is done, and the connection reset before the response"
    CUT = "the connection reset in the middle of the body"
    HELD = "not answered until the stub is closed"
    PRECEDED = "an action of the test runs before the operation"


@dataclass
class Fault:
    """A fault of the next `times` calls of an operation such as `UploadPart`, of any part or of one."""

    operation: str
    kind: Kind
    times: int = 1
    part: int | None = None
    refusal: S3Error | None = None
    action: Callable[[], None] = lambda: None


class Faults:
    """The faults that have not occurred yet."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def slow_down(self, operation: str, *, times: int = 1, part: int | None = None) -> None:
        """Answer 503 SlowDown."""
        self.refuse(operation, 503, "SlowDown", times=times, part=part)

    def conflict(self, operation: str, *, times: int = 1) -> None:
        """Answer 409, as if another client wrote the key; the upload becomes unusable."""
        self.refuse(operation, 409, "ConditionalRequestConflict", times=times)

    def refuse(self, operation: str, status: int, code: str, *, times: int = 1, part: int | None = None) -> None:
        """Answer with an error of S3."""
        self._add(Fault(operation, Kind.REFUSED, times, part, S3Error(status, code, "as the test asked for")))

    def refuse_in_200(self, operation: str, code: str, *, times: int = 1) -> None:
        """Answer status 200 with an error in the body."""
        self._add(Fault(operation, Kind.REFUSED_IN_200, times, refusal=S3Error(200, code, "as the test asked for")))

    def lose_reply(self, operation: str, *, times: int = 1, part: int | None = None) -> None:
        """Run the operation, then reset the connection instead of answering."""
        self._add(Fault(operation, Kind.REPLY_LOST, times, part))

    def cut(self, operation: str, *, times: int = 1, part: int | None = None) -> None:
        """Reset the connection while the body is being sent."""
        self._add(Fault(operation, Kind.CUT, times, part))

    def hold(self, operation: str, *, times: int = 1, part: int | None = None) -> None:
        """Send no response until the stub is closed."""
        self._add(Fault(operation, Kind.HELD, times, part))

    def before(self, operation: str, action: Callable[[], None], *, part: int | None = None) -> None:
        """Run an action before the operation."""
        self._add(Fault(operation, Kind.PRECEDED, 1, part, action=action))

    def take(self, operation: str, part: int | None) -> Fault | None:
        """Return the next fault of a call, or None."""
        with self._lock:
            for fault in self._faults:
                if fault.operation == operation and fault.part in (None, part):
                    fault.times -= 1
                    if not fault.times:
                        self._faults.remove(fault)
                    return fault
        return None

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    @property
    def remaining(self) -> int:
        """Return the number of faults that have not occurred yet."""
        return len(self._faults)

    def _add(self, fault: Fault) -> None:
        self._faults.append(fault)
