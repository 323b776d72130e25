"""What a test asks the stub to do wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from tests.runtime.support.s3_stub.answers import Refusal


class Kind(Enum):
    """How a call goes wrong."""

    REFUSED = "answered with an error; in place of 100 Continue where that is waited for"
    REFUSED_IN_200 = "answered with status 200 and an error in the body, as CompleteMultipartUpload may"
    REPLY_LOST = "done, and the connection reset before the answer"
    CUT = "the connection reset in the middle of the body"
    HELD = "not answered until the stub is closed"
    PRECEDED = "something else happens first"


@dataclass
class Fault:
    """One thing that goes wrong, so many times, at an operation such as `UploadPart`; of any part, or of one."""

    operation: str
    kind: Kind
    times: int = 1
    part: int | None = None
    refusal: Refusal | None = None
    action: Callable[[], None] = lambda: None


class Faults:
    """The faults that are still to come."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def slow_down(self, operation: str, *, times: int = 1, part: int | None = None) -> None:
        """503 SlowDown."""
        self.refuse(operation, 503, "SlowDown", times=times, part=part)

    def conflict(self, operation: str, *, times: int = 1) -> None:
        """409: somebody else is writing or deleting the key. The upload is lost with it."""
        self.refuse(operation, 409, "ConditionalRequestConflict", times=times)

    def refuse(self, operation: str, status: int, code: str, *, times: int = 1, part: int | None = None) -> None:
        """Any other error of S3."""
        self._add(Fault(operation, Kind.REFUSED, times, part, Refusal(status, code, "as the test asked for")))

    def refuse_in_200(self, operation: str, code: str, *, times: int = 1) -> None:
        """An error that shows after the status was sent."""
        self._add(Fault(operation, Kind.REFUSED_IN_200, times, refusal=Refusal(200, code, "as the test asked for")))

    def lose_reply(self, operation: str, *, times: int = 1, part: int | None = None) -> None:
        """The call is done, and nobody hears of it."""
        self._add(Fault(operation, Kind.REPLY_LOST, times, part))

    def cut(self, operation: str, *, times: int = 1, part: int | None = None) -> None:
        """The connection breaks while the body is on its way."""
        self._add(Fault(operation, Kind.CUT, times, part))

    def hold(self, operation: str, *, times: int = 1, part: int | None = None) -> None:
        """No answer comes."""
        self._add(Fault(operation, Kind.HELD, times, part))

    def before(self, operation: str, action: Callable[[], None], *, part: int | None = None) -> None:
        """Something else happens between the request and what it does."""
        self._add(Fault(operation, Kind.PRECEDED, 1, part, action=action))

    def take(self, operation: str, part: int | None) -> Fault | None:
        """The next fault of a call, if it has one."""
        with self._lock:
            for fault in self._waiting:
                if fault.operation == operation and fault.part in (None, part):
                    fault.times -= 1
                    if not fault.times:
                        self._waiting.remove(fault)
                    return fault
        return None

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._waiting.clear()

    @property
    def left(self) -> int:
        """How many have not happened."""
        return len(self._waiting)

    def _add(self, fault: Fault) -> None:
        self._waiting.append(fault)
