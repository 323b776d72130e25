"""Prepare a function while Lambda starts it: it has a whole processor then, and a fraction of one in its first call.

A handler's module ends with `startup.run(build_use_case)`. `build_use_case` passes the adapters that its usual call
needs to `startup.prepare`. Outside Lambda both do nothing. An error here does not end the function: the first call
meets the same error and answers it.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Protocol

from runtime import log, steps
from runtime.errors import AsyncDownloadError

SECONDS = 2.0  # Lambda ends a start after 10 s; warming up an unreachable endpoint continues in the background

_adapters: ContextVar[list[Adapter] | None] = ContextVar("adapters", default=None)


class Adapter(Protocol):
    """An adapter that can prepare its first call."""

    def warm_up(self) -> None:
        """Make the clients and open the connections that the first call needs."""


def is_lambda() -> bool:
    """Return whether this process is a Lambda function's."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def run(build: Callable[[], object], seconds: float = SECONDS) -> None:
    """Build the use case of a handler and warm up the adapters that it names, within so many seconds."""
    if not is_lambda():
        return
    adapters: list[Adapter] = []
    token = _adapters.set(adapters)
    try:
        build()
    except Exception as error:
        log.write(steps.FUNCTION_NOT_PREPARED, errorType=type(error).__name__)
    finally:
        _adapters.reset(token)
    _warm_up(adapters, seconds)
    gc.freeze()  # keeps loaded modules out of full collections, which take 30 ms of a whole processor


def prepare(*adapters: Adapter | None) -> None:
    """Name the adapters of a use case that are warmed up at the start; None is an adapter that is off."""
    waiting = _adapters.get()
    if waiting is not None:
        waiting.extend(adapter for adapter in adapters if adapter is not None)


def _warm_up(adapters: list[Adapter], seconds: float) -> None:
    """Warm up all at once, so that one slow endpoint does not keep the others waiting."""
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=_try, args=(adapter,), daemon=True) for adapter in adapters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))


def _try(adapter: Adapter) -> None:
    try:
        adapter.warm_up()
    except Exception as error:  # the message of another library's error may carry a URL
        reason = str(error) if isinstance(error, AsyncDownloadError) else type(error).__name__
        log.write(steps.ADAPTER_NOT_PREPARED, adapter=type(adapter).__name__, reason=reason)
