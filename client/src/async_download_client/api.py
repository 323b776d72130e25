"""The REST API: ask for a download, look at it, cancel it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse

from async_download_client.auth import Auth, Outgoing
from async_download_client.errors import (
    NetworkError,
    ProtocolError,
    RefusedError,
    TooManyDownloadsError,
    UnavailableError,
)
from async_download_client.messages import Body, download_of, status_of
from async_download_client.models import Download, Order, Status
from async_download_client.stop import Stop
from async_download_client.timing import Timing
from async_download_client.transport import Transport, check_encrypted, host_of

__all__ = ["Api", "base_of", "base_of_download"]

_LARGEST_ANSWER = 1 << 20
_BUSY = frozenset({429, 500, 502, 503, 504})
_LASTING = frozenset({"DAILY_LIMIT_REACHED"})  # until midnight: another attempt is for the caller to make


def base_of(url: str) -> str:
    """The API's base URL, from it or from the stack's `download_url`; raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("The URL has to begin with http:// or https://; take the stack's output downloadUrl.")
    path = parts.path.rstrip("/").removesuffix("/downloads").removesuffix("/download")
    return f"{parts.scheme}://{parts.netloc}{path}"


def base_of_download(download: Download) -> str:
    """Return the base URL of the API that a download's answer names; raises ProtocolError where it names none."""
    suffix = f"/downloads/{download.id}"
    if not download.status_url.endswith(suffix):
        raise ProtocolError("The answer's statusUrl does not end with its downloadId.")
    try:
        return base_of(download.status_url.removesuffix(suffix))
    except ValueError:
        raise ProtocolError("The answer's statusUrl is no http or https URL.") from None


class Api:
    """The calls. Each is tried again while the server is busy or away; `headers` and `auth` go with every call.

    All calls go to `base`, which the caller named: a URL in an answer or a file gets neither credentials nor tickets.
    """

    def __init__(
        self, url: str, transport: Transport, timing: Timing, headers: Mapping[str, str], auth: Auth | None
    ) -> None:
        self.base = base_of(url)
        self.allow_http = transport.allow_http
        check_encrypted(self.base, allow_http=self.allow_http)
        self._transport = transport
        self._timing = timing
        self._headers = dict(headers)
        self._auth = auth

    def request(self, order: Order, idempotency_key: str | None = None, stop: Stop | None = None) -> Download:
        """POST /downloads; safe to try again, because it carries an Idempotency-Key."""
        body = json.dumps(order.body).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        url, attempts = f"{self.base}/downloads", self._timing.attempts
        return download_of(self._call("POST", url, headers, body, attempts, stop or Stop()))

    def status(self, download: Download, attempts: int | None = None, stop: Stop | None = None) -> Status:
        """GET /downloads/{id}."""
        headers = {"X-Download-Ticket": download.ticket}
        attempts = self._timing.attempts if attempts is None else attempts
        return status_of(self._call("GET", self._url_of(download), headers, None, attempts, stop or Stop()), download)

    def cancel(self, download: Download, stop: Stop | None = None) -> None:
        """DELETE /downloads/{id}."""
        headers = {"X-Download-Ticket": download.ticket}
        self._call("DELETE", self._url_of(download), headers, None, self._timing.attempts, stop or Stop())

    def _url_of(self, download: Download) -> str:
        return f"{self.base}/downloads/{download.id}"

    def _call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, attempts: int, stop: Stop
    ) -> Body:
        for failures in range(1, attempts):
            try:
                return self._call_once(method, url, headers, body, stop)
            except ProtocolError:
                raise
            except NetworkError as error:
                retry_after = error.retry_after if isinstance(error, UnavailableError) else 0.0
                stop.sleep(max(self._timing.retry(failures), min(retry_after, self._timing.retry_longest)))
        return self._call_once(method, url, headers, body, stop)

    def _call_once(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, stop: Stop) -> Body:
        sent = {"Accept": "application/json", **self._headers, **headers}
        if self._auth:
            sent |= self._auth(Outgoing(method, url, sent, body))
        with self._transport.answer(method, url, sent, body, stop=stop) as response:
            status, answer = response.status, _object(self._content(url, response))
        stop.check()
        if status in _BUSY and _code(answer) not in _LASTING:
            raise _busy(host_of(url), status, _retry_after(response.headers), answer)
        if status >= 400:
            raise _refusal(status, answer)
        if status >= 300 or answer is None:
            raise ProtocolError(
                f"{host_of(url)} answered HTTP {status} without a JSON object. "
                "Is the URL that of an async-download stack?"
            )
        return answer

    def _content(self, url: str, response: BaseHTTPResponse) -> bytes:
        """The body, which may neither be endless nor take for ever."""
        content, deadline = b"", time.monotonic() + self._transport.timeout
        with self._transport.errors(url):
            while piece := response.read1(_LARGEST_ANSWER):
                content += piece
                if len(content) > _LARGEST_ANSWER or time.monotonic() > deadline:
                    raise NetworkError(f"{host_of(url)} does not come to the end of its answer.")
        return content


def _busy(host: str, status: int, retry_after: float, answer: Body | None) -> UnavailableError:
    """Return the error of a call that may be tried again."""
    if _code(answer) == "TOO_MANY_DOWNLOADS":
        return TooManyDownloadsError(host, str(_refusal(status, answer)), retry_after)
    return UnavailableError(host, status, retry_after)


def _code(answer: Body | None) -> str:
    """Return the code of an error of the API, or an empty text."""
    error = (answer or {}).get("error")
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def _retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds that `Retry-After` asks for; 0 where it is absent or a date, which our API never sends."""
    value = headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else 0.0


def _object(content: bytes) -> Body | None:
    try:
        value = json.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _refusal(status: int, answer: Body | None) -> RefusedError:
    """What the API said; API Gateway's own refusals have only a `message`."""
    error = (answer or {}).get("error")
    if isinstance(error, dict) and isinstance(error.get("code"), str):
        return RefusedError(str(error.get("message", error["code"])), error["code"], status)
    said = (answer or {}).get("message") or (answer or {}).get("Message")
    text = f"The API refused the request (HTTP {status}" + (f": {said})." if isinstance(said, str) else ").")
    if status in (401, 403):
        text += " Its credentials are missing or wrong: an API key, or whatever header it asks for."
    return RefusedError(text, f"HTTP_{status}", status)
