"""SIGINT, SIGTERM and SIGHUP as one exception, so that every `with` block on the way out tidies up."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

__all__ = ["Stopped", "stoppable"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody wants this program to end; not an Exception, so that nothing on the way takes it for a failure."""


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raise Stopped in the main thread at the first signal; further ones are ignored until the block has ended."""

    def stop(_signum: int, _frame: FrameType | None) -> None:
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        raise Stopped

    before = {one: signal.signal(one, stop) for one in _SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
