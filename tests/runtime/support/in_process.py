"""Answers botocore's calls with the emulator's own services in this process: no socket, no server."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.session import Session

REGION = "us-east-1"
NO_FILES = {  # neither a profile nor the developer's own files
    "profile": (None, None, None, None),
    "config_file": (None, None, "/dev/null", None),
    "credentials_file": (None, None, "/dev/null", None),
}
SERVICES = {"dynamodb": "dynamodb", "s3": "s3", "states": "stepfunctions", "sts": "sts"}


class RawBody:
    """A response body with the methods that botocore uses."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        """Yield the whole body once."""
        content, self._content = self._content, b""
        yield content

    def read(self, _max_bytes: int | None = None) -> bytes:
        """Return the whole body once."""
        return next(self.stream())


def isolated_session() -> Session:
    """Return a session that ignores AWS's environment variables and files."""
    session = Session(session_vars=NO_FILES)
    session.set_credentials("test", "test")
    session.set_config_variable("region", REGION)
    session.set_config_variable("ignore_configured_endpoint_urls", True)
    return session


class InProcess:
    """A botocore session whose calls the emulator answers in this process. `requests` holds all requests."""

    def __init__(self) -> None:
        self.requests: list[AWSPreparedRequest] = []
        self.clients: dict[tuple[str, str | None], Any] = {}
        self.session = isolated_session()
        self.session.register("before-send", self._send)

    def client(self, service: str) -> Any:
        """Return a client for the test's own calls."""
        return self.session.create_client(service)

    def _send(self, request: AWSPreparedRequest, **_other: object) -> AWSResponse:
        self.requests.append(request)
        url = urlsplit(request.url)
        name = next(label for label in url.netloc.split(".") if label in SERVICES)
        service = importlib.import_module(f"ministack.services.{SERVICES[name]}")
        headers = {
            key.lower(): value.decode() if isinstance(value, bytes) else str(value)
            for key, value in request.headers.items()
        }
        path = unquote(url.path)
        if name == "s3" and not url.netloc.startswith("s3."):
            path = f"/{url.netloc.partition('.')[0]}{path}"
        query = parse_qs(url.query, keep_blank_values=True)
        body = request.body
        content = bytes(body) if isinstance(body, (bytes, bytearray)) else body.encode() if body else b""
        result = asyncio.run(service.handle_request(request.method, path, headers, content, query))
        status, response_headers, raw = result[:3]
        raw = raw.encode() if isinstance(raw, str) else raw
        return AWSResponse(
            request.url, status, {key.lower(): value for key, value in response_headers.items()}, RawBody(raw)
        )


@cache
def cloud() -> InProcess:
    """Return the instance of this process: loading the services' models takes longer than the tests."""
    return InProcess()


def reset() -> None:
    """Empty every service and the list of requests."""
    cloud().requests.clear()
    for name in SERVICES.values():
        importlib.import_module(f"ministack.services.{name}").reset()
