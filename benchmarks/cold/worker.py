"""Runs one function like Lambda: imports its handler, reports the import, then handles events.

Started as `python -B worker.py HANDLER` in the folder of the archive. Reads a line with a JSON event for
each call, and prints a JSON line after the import and after each call: wall and processor seconds, and the answer, or
the class of the error that was raised. What the function logs goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from typing import Any


class Context:
    """The context object that Lambda passes with the event."""

    aws_request_id = "benchmark"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds before the time-out."""
        return 600_000


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Run and time a piece of work; what it prints goes to standard error."""
    with redirect_stdout(sys.stderr):
        wall, processor = time.perf_counter(), time.process_time()
        result = work()
        spent = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
    return result, spent


def answer_or_error(handler: Callable[[Any, Any], Any], event: Any) -> dict[str, Any]:
    """Return the handler's answer, or the class of what it raises."""
    try:
        return {"answer": handler(event, Context())}
    except Exception as error:
        return {"error": type(error).__name__}


def main(handler: str) -> None:
    """Import the handler, then handle one event per line."""
    sys.path[0] = os.getcwd()  # noqa: PTH109 - like in Lambda, the archive's folder comes first
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    module, spent = timed(lambda: importlib.import_module(f"runtime.handlers.{handler}"))
    print(json.dumps(spent), flush=True)
    for line in sys.stdin:
        event = json.loads(line)
        result, spent = timed(partial(answer_or_error, module.handler, event))
        print(json.dumps(spent | result), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
