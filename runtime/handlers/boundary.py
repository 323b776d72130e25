"""The edges of every handler: what comes in is read once, and no failure leaves with its internals."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from runtime import config, log
from runtime.config import CorsOrigins
from runtime.errors import AsyncDownloadError, InvalidRequestError, RequestError, TransferError, problem_of
from runtime.logic.requests.cors import cors_headers

Event = Mapping[str, Any]
Answer = dict[str, Any]
Handler = Callable[[Event, Any], Answer]

MAX_BODY = 16 * 1024


@dataclass(frozen=True)
class RestSettings:
    """What the environment of every REST handler has."""

    cors_origins: CorsOrigins


@dataclass(frozen=True)
class Request:
    """What API Gateway passes on. Header names are in lower case."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    path_parameters: Mapping[str, str]
    body: str
    caller: str

    @property
    def ticket(self) -> str | None:
        """The ticket in its header; URLs are kept in more logs than headers are."""
        return self.headers.get("x-download-ticket")

    @property
    def ticket_of_handshake(self) -> str | None:
        """The ticket in its header, or in the query, since browsers send no headers with a WebSocket handshake."""
        return self.ticket or self.query.get("ticket")

    def json(self) -> dict[str, Any]:
        """The body as an object.

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
    """The request in a REST (proxy) or WebSocket event.

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
    """A REST handler: maps failures to JSON errors."""

    @wraps(work)
    def handler(event: Event, _context: Any) -> Answer:
        pages: dict[str, str] = {}
        try:
            pages = cors_headers(config.load(RestSettings).cors_origins, _headers(event).get("origin"))
            return _with(pages, work(request_of(event)))
        except Exception as error:  # the last stop: logged here, and answered without its internals
            problem = problem_of(error)
            if not isinstance(error, RequestError):
                log.error("A request failed", error, code=problem.code, reason=_known(error))
            headers = {"Retry-After": str(problem.retry_after)} if problem.retry_after is not None else None
            body = {"error": {"code": problem.code, "message": problem.message}}
            return _with(pages, answer(problem.status, body, headers))

    return handler


def web_socket(work: Callable[[Event], None]) -> Handler:
    """A WebSocket handler: a status, and no body that could reach the client."""

    @wraps(work)
    def handler(event: Event, _context: Any) -> Answer:
        try:
            work(event)
        except Exception as error:  # the last stop: logged here, and answered without its internals
            problem = problem_of(error)
            if not isinstance(error, RequestError):
                log.error("A WebSocket event failed", error, code=problem.code, reason=_known(error))
            return {"statusCode": problem.status}
        return {"statusCode": 200}

    return handler


def task(work: Callable[[Event, Any], Mapping[str, Any]]) -> Handler:
    """Make the handler of a task, whose errors Step Functions retries and keeps in the execution's history.

    Lambda's runtime logs what a handler raises: type, message and stack. It is not logged here a second time.
    """

    @wraps(work)
    def handler(event: Event, context: Any) -> Answer:
        try:
            return dict(work(event, context))
        except AsyncDownloadError:
            raise
        except Exception as error:  # its message may hold a URL: the history and the log get its class and its stack
            raise TransferError(type(error).__name__).with_traceback(error.__traceback__) from None

    return handler


def answer(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer that nobody caches: it may hold a ticket or a URL."""
    fixed = {"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return {"statusCode": status, "headers": {**fixed, **(headers or {})}, "body": json.dumps(body)}


def _headers(event: Event) -> dict[str, str]:
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def _with(headers: Mapping[str, str], answered: Answer) -> Answer:
    return answered | {"headers": {**answered["headers"], **headers}}


def _caller(context: Mapping[str, Any]) -> str:
    """Who calls: an IAM principal, a principal of an authorizer, an API key, or else an address.

    All users of a Cognito identity pool are one IAM principal: they are told apart by their identity.
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


def _known(error: Exception) -> str | None:
    """The message of one of our own errors; others may carry a URL."""
    return str(error) if isinstance(error, AsyncDownloadError) else None
