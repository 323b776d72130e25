"""A REST client that hides nothing: one call, one answer, errors included; signs with SigV4 when it has credentials."""

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
    """What came back; header names in lower case, `body` the parsed JSON object."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def code(self) -> str | None:
        """The error's code, if it is one of ours."""
        error = self.body.get("error")
        return error.get("code") if isinstance(error, dict) else None


@dataclass(frozen=True)
class Signature:
    """Who signs, and for which region."""

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
        """Call `path` under the base, or the whole URL that it is.

        A body that is text is sent as it is; headers may say that it is something else than JSON. What is answered is
        held against the OpenAPI document.
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
            found = {name.lower(): value for name, value in response.getheaders()}
        if url.startswith(self.base_url):
            check_response(method, url.removeprefix(self.base_url), response.status, found, parsed)
        return Answer(response.status, found, parsed)

    def unsigned(self) -> Rest:
        """The same API, asked by nobody in particular."""
        return Rest(self.base_url)


class Exchange:
    """One request and its answer, as a context manager: no redirects, no retries, no errors for statuses."""

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
