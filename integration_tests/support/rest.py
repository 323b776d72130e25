"""A REST client that returns every answer, errors included, and checks it against the OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tools.rest_contract import check_response


@dataclass(frozen=True)
class Answer:
    """An HTTP response with a JSON object as its body; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def code(self) -> str | None:
        """The code of the API's error, None for other bodies."""
        error = self.body.get("error")
        return error.get("code") if isinstance(error, dict) else None


@dataclass(frozen=True)
class Signature:
    """The credentials and the region of signed calls."""

    credentials: Credentials
    region: str


class Rest:
    """The REST API under `base_url`."""

    def __init__(self, base_url: str, signature: Signature | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self.signature = signature

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call a path under the base URL, or a whole URL.

        A body that is text is sent unchanged. The answer is checked against the OpenAPI document.
        """
        url = path if path.startswith("http") else f"{self.base_url}{path}"
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
        sent = ({"Content-Type": "application/json"} if data is not None else {}) | dict(headers or {})
        if self.signature:
            request = AWSRequest(method=method, url=url, data=data, headers=sent)
            SigV4Auth(self.signature.credentials, "execute-api", self.signature.region).add_auth(request)
            sent = dict(request.headers.items())
        with Exchange(method, url, data, sent) as response:
            text = response.read()
            parsed = json.loads(text) if text else {}
            received = {name.lower(): value for name, value in response.getheaders()}
        if url.startswith(self.base_url):
            check_response(method, url.removeprefix(self.base_url), response.status, received, parsed)
        return Answer(response.status, received, parsed)

    def unsigned(self) -> Rest:
        """Return a client of the same API that does not sign."""
        return Rest(self.base_url)


class Exchange:
    """One HTTP request as a context manager that yields the response: no redirects, no retries, no errors."""

    def __init__(
        self, method: str, url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=30)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        self._connection.request(method, target, body=data, headers=dict(headers or {}))

    def __enter__(self) -> HTTPResponse:
        return self._connection.getresponse()

    def __exit__(self, *_: object) -> None:
        self._connection.close()
