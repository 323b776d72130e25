"""One call of a handler as AWS's Python runtime makes it, with the runtime's own logging at INFO and JSON format.

Started as `python -m tests.runtime.support.lambda_runtime HANDLER EVENT [awslambdaric]`. With the last word AWS's own
client of the runtime API does it; otherwise a stand-in of this file, which logs what that one logs (as of awslambdaric
4.2.2).
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import traceback
from typing import Any


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record of any library that logs."""
        line = {"level": record.levelname, "message": record.getMessage(), "logger": record.name}
        return json.dumps(line)


class Context:
    """What the runtime passes beside the event."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds before the time-out."""
        return 600_000


def stand_in(name: str, event: Any) -> None:
    """Set up the root logger, import the handler, call it, log what it raises."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel("INFO")
    work = importlib.import_module(f"runtime.handlers.{name}").handler
    try:
        work(event, Context())
    except Exception as error:
        stack = traceback.format_list(traceback.extract_tb(error.__traceback__))
        line = {"level": "ERROR", "errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": stack}
        print(json.dumps(line))  # noqa: T201 - as the runtime does


class Client:
    """The runtime API, without a server: answers are dropped."""

    class marshaller:  # noqa: N801 - the attribute's name in awslambdaric
        """Reads the event and writes the answer."""

        @staticmethod
        def unmarshal_request(request: str, _content_type: str) -> Any:
            """Parse the event."""
            return json.loads(request)

        @staticmethod
        def marshal_response(response: Any) -> tuple[str, str]:
            """Write the answer."""
            return json.dumps(response), "application/json"

    def post_invocation_error(self, *_error: object) -> None:
        """Drop the error."""

    def post_invocation_result(self, *_result: object) -> None:
        """Drop the answer."""


def real(name: str, event: Any) -> None:
    """Let awslambdaric do it; AWS_LAMBDA_LOG_FORMAT and AWS_LAMBDA_LOG_LEVEL are in the environment."""
    bootstrap = importlib.import_module("awslambdaric.bootstrap")
    sink = bootstrap.StandardLogSink()
    bootstrap._setup_logging(bootstrap._AWS_LAMBDA_LOG_FORMAT, bootstrap._AWS_LAMBDA_LOG_LEVEL, sink)
    work = bootstrap._get_handler(f"runtime.handlers.{name}.handler")
    bootstrap.handle_event_request(
        Client(), work, "request-id", json.dumps(event), "application/json", None, None, "arn", 0, None, sink
    )


if __name__ == "__main__":
    (real if sys.argv[3:] else stand_in)(sys.argv[1], json.loads(sys.argv[2]))
