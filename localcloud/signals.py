"""Raises one exception for SIGINT, SIGTERM and SIGHUP, so that every `with` block cleans up."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal to end this program; not an Exception, so that no handler of errors catches it."""


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raise Stopped in the main thread at the first signal; ignore further ones until the block has ended.

    A signal that is ignored stays ignored: `nohup` does this with SIGHUP.
    """

    def stop(_signum: int, _frame: FrameType | None) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    numbers = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
