"""The wrappers of all handlers: they read the event, and turn exceptions into answers without internal details."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from runtime import config, log, steps
from runtime.config import CorsOrigins
from runtime.errors import (
    AsyncDownloadError,
    InvalidRequestError,
    TransferError,
    fault_of_error,
    problem_of,
)
from runtime.logic.requests.cors import cors_headers

Event = Mapping[str, Any]
Answer = dict[str, Any]
Handler = Callable[[Event, Any], Answer]

MAX_BODY = 16 * 1024


@dataclass(frozen=True)
class RestSettings:
    """The environment variables of every REST handler."""

    cors_origins: CorsOrigins


@dataclass(frozen=True)
class Request:
    """A request of API Gateway. Header names are in lower case."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    path_parameters: Mapping[str, str]
    body: str
    caller: str

    @property
    def ticket(self) -> str | None:
        """Return the ticket in the header. A URL could be kept in logs."""
        return self.headers.get("x-download-ticket")

    @property
    def ticket_of_handshake(self) -> str | None:
        """Return the ticket in the header or the query: browsers send no headers with a WebSocket handshake."""
        return self.ticket or self.query.get("ticket")

    def json(self) -> dict[str, Any]:
        """Return the body as an object.

        Raises:
            InvalidRequestError: it is not a JSON object.
        """
        if len(self.body) > MAX_BODY:
            raise InvalidRequestError(f"The body has to be shorter than {MAX_BODY} characters.")
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise InvalidRequestError('The body has to be a JSON object such as {"origin": "...", "path": "..."}.')
        return content


def request_of(event: Event) -> Request:
    """Return the request in a REST (proxy) or WebSocket event.

    Raises:
        InvalidRequestError: the body is not text.
    """
    body = event.get("body") or ""
    if event.get("isBase64Encoded") is True:
        try:
            body = base64.b64decode(body, validate=True).decode()
        except ValueError:
            raise InvalidRequestError("The body has to be UTF-8.") from None
    return Request(
        method=event.get("httpMethod") or "",
        headers=_headers(event),
        query=event.get("queryStringParameters") or {},
        path_parameters=event.get("pathParameters") or {},
        body=body,
        caller=_caller(event.get("requestContext") or {}),
    )


def rest(work: Callable[[Request], Answer]) -> Handler:
    """Make a REST handler, which answers exceptions as JSON errors."""

    @wraps(work)
    def handler(event: Event, context: Any) -> Answer:
        headers: dict[str, str] = {}
        _start_call(context)
        try:
            log.set_owner(_caller(event.get("requestContext") or {}))
            headers = cors_headers(config.load(RestSettings).cors_origins, _headers(event).get("origin"))
            return _with(headers, work(request_of(event)))
        except Exception as error:  # any bug ends here: logged, and answered without details
            problem = problem_of(error)
            log.problem(error, problem)
            if problem.retry_after is not None:
                headers = headers | {"Retry-After": str(problem.retry_after)}
            body = {"error": {"code": problem.code, "message": problem.message}}
            return _with(headers, answer(problem.status, body))

    return handler


def web_socket(work: Callable[[Event], None]) -> Handler:
    """Make a WebSocket handler, which answers a status, and no body that could reach the client."""

    @wraps(work)
    def handler(event: Event, context: Any) -> Answer:
        _start_call(context)
        try:
            log.set_owner(_caller(event.get("requestContext") or {}))
            work(event)
        except Exception as error:  # any bug ends here: logged, and answered without details
            problem = problem_of(error)
            log.problem(error, problem)
            return {"statusCode": problem.status}
        return {"statusCode": 200}

    return handler


def task(work: Callable[[Event, Any], Mapping[str, Any]]) -> Handler:
    """Make the handler of a task, whose errors Step Functions retries and keeps in the execution's history.

    Lambda's runtime logs what a handler raises: type, message and stack, with the same `requestId` as the line here,
    which says to which download it belongs.
    """

    @wraps(work)
    def handler(event: Event, context: Any) -> Answer:
        _start_call(context)
        if execution_arn := event.get("executionArn") or (event.get("detail") or {}).get("executionArn"):
            log.set_execution(execution_arn)
        try:
            return dict(work(event, context))
        except AsyncDownloadError as error:
            code, fault = getattr(error, "code", None), fault_of_error(error)
            log.write(steps.TASK_FAILED, code=code, fault=fault, errorType=type(error).__name__)
            raise
        except Exception as error:  # its message may contain a URL; history and log get its class and stack
            log.write(steps.TASK_FAILED, fault=fault_of_error(error), errorType=type(error).__name__)
            raise TransferError(type(error).__name__).with_traceback(error.__traceback__) from None

    return handler


def answer(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """Return a JSON answer that must not be cached, because it may contain a ticket or a URL."""
    fixed = {"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return {"statusCode": status, "headers": {**fixed, **(headers or {})}, "body": json.dumps(body)}


def _headers(event: Event) -> dict[str, str]:
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def _with(headers: Mapping[str, str], answered: Answer) -> Answer:
    return answered | {"headers": {**answered["headers"], **headers}}


def _caller(context: Mapping[str, Any]) -> str:
    """Return the caller: an IAM principal, a principal of an authorizer, an API key, or else an address.

    All users of a Cognito identity pool are one IAM principal; their identity is used instead.
    """
    identity, authorizer = context.get("identity") or {}, context.get("authorizer") or {}
    claims = authorizer.get("claims") or {}
    for kind, value in (
        ("identity", identity.get("cognitoIdentityId")),
        ("iam", identity.get("userArn")),
        ("user", claims.get("sub") if isinstance(claims, Mapping) else None),
        ("principal", authorizer.get("principalId")),
        ("key", identity.get("apiKeyId")),
    ):
        if value:
            return f"{kind}:{value}"
    return f"address:{identity.get('sourceIp', 'unknown')}"


def _start_call(context: Any) -> None:
    """Begin the log lines of a call; a call on the local machine has no version."""
    log.start_call(getattr(context, "aws_request_id", None), getattr(context, "function_version", None))
