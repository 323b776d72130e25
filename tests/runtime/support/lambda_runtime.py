"""Calls handlers once each as AWS's Python runtime does, with the runtime's logging at INFO in JSON.

Run as `python -m tests.runtime.support.lambda_runtime HANDLER,... EVENT [awslambdaric]`. The last argument selects
AWS's own runtime client; without it a stand-in in this module logs in the same format (as of awslambdaric 4.2.2).
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import traceback
from collections.abc import Sequence
from typing import Any


class JsonFormatter(logging.Formatter):
    """Formats one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        line = {"level": record.levelname, "message": record.getMessage(), "logger": record.name}
        return json.dumps(line)


class Context:
    """The context object that the runtime passes to a handler."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before the time-out."""
        return 600_000


def call_with_stand_in(names: Sequence[str], event: Any) -> None:
    """Set up the root logger, import each handler, call it and log its exception."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel("INFO")
    for name in names:
        function = importlib.import_module(f"runtime.handlers.{name}").handler
        try:
            function(event, Context())
        except Exception as error:
            stack = traceback.format_list(traceback.extract_tb(error.__traceback__))
            kind = type(error).__name__
            line = {"level": "ERROR", "errorMessage": str(error), "errorType": kind, "stackTrace": stack}
            print(json.dumps(line))  # noqa: T201 - as the runtime does


class Client:
    """A runtime API without a server; it drops all responses."""

    class marshaller:  # noqa: N801 - the attribute's name in awslambdaric
        """Parses events and serialises responses."""

        @staticmethod
        def unmarshal_request(request: str, _content_type: str) -> Any:
            """Parse the event."""
            return json.loads(request)

        @staticmethod
        def marshal_response(response: Any) -> tuple[str, str]:
            """Serialise the response."""
            return json.dumps(response), "application/json"

    def post_invocation_error(self, *_error: object) -> None:
        """Drop the error."""

    def post_invocation_result(self, *_result: object) -> None:
        """Drop the response."""


def call_with_awslambdaric(names: Sequence[str], event: Any) -> None:
    """Call each handler with awslambdaric; it reads AWS_LAMBDA_LOG_FORMAT and AWS_LAMBDA_LOG_LEVEL."""
    bootstrap = importlib.import_module("awslambdaric.bootstrap")
    sink = bootstrap.StandardLogSink()
    bootstrap._setup_logging(bootstrap._AWS_LAMBDA_LOG_FORMAT, bootstrap._AWS_LAMBDA_LOG_LEVEL, sink)
    for name in names:
        function = bootstrap._get_handler(f"runtime.handlers.{name}.handler")
        bootstrap.handle_event_request(
            Client(), function, "request-id", json.dumps(event), "application/json", None, None, "arn", 0, None, sink
        )


if __name__ == "__main__":
    call = call_with_awslambdaric if sys.argv[3:] else call_with_stand_in
    call(sys.argv[1].split(","), json.loads(sys.argv[2]))
