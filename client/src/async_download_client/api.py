"""The REST API of a stack: request a download, get its status, cancel it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse

from async_download_client.auth import Auth, OutgoingRequest
from async_download_client.errors import (
    NetworkError,
    ProtocolError,
    RefusedError,
    TooManyDownloadsError,
    UnavailableError,
)
from async_download_client.messages import Body, parse_download, parse_status
from async_download_client.models import Download, DownloadRequest, Status
from async_download_client.stop import StopSignal
from async_download_client.timing import Timing
from async_download_client.transport import Transport, check_encrypted, host_of

_MAX_RESPONSE_BYTES = 1 << 20
_RETRYABLE_STATUS_CODES = frozenset({429, 500, 502, 503, 504})
_FINAL_CODES = frozenset({"DAILY_LIMIT_REACHED"})  # the limit ends at midnight: retrying within this call is useless


def parse_base_url(url: str) -> str:
    """Return the API's base URL, given that or the stack's output `downloadUrl`; raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("The URL has to begin with http:// or https://; use the stack's output downloadUrl.")
    path = parts.path.rstrip("/").removesuffix("/downloads").removesuffix("/download")
    return f"{parts.scheme}://{parts.netloc}{path}"


def base_url_of_download(download: Download) -> str:
    """Return the base URL of the API in a download's `status_url`; raises ProtocolError if it is malformed."""
    suffix = f"/downloads/{download.id}"
    if not download.status_url.endswith(suffix):
        raise ProtocolError("The statusUrl in the response does not end with its downloadId.")
    try:
        return parse_base_url(download.status_url.removesuffix(suffix))
    except ValueError:
        raise ProtocolError("The statusUrl in the response is not an http or https URL.") from None


class Api:
    """Calls the REST API with `headers` and `auth`; retries while the server is overloaded or unreachable.

    All calls go to `base`, the URL that the caller passed: URLs in responses or files get no credentials or tickets.
    """

    def __init__(
        self, url: str, transport: Transport, timing: Timing, headers: Mapping[str, str], auth: Auth | None
    ) -> None:
        self.base = parse_base_url(url)
        self.allow_http = transport.allow_http
        check_encrypted(self.base, allow_http=self.allow_http)
        self._transport = transport
        self._timing = timing
        self._headers = dict(headers)
        self._auth = auth

    def request(
        self, request: DownloadRequest, idempotency_key: str | None = None, stop: StopSignal | None = None
    ) -> Download:
        """Call POST /downloads, with an Idempotency-Key that makes retries safe."""
        body = json.dumps(request.body).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        url, attempts = f"{self.base}/downloads", self._timing.attempts
        return parse_download(self._call("POST", url, headers, body, attempts, stop or StopSignal()))

    def status(self, download: Download, attempts: int | None = None, stop: StopSignal | None = None) -> Status:
        """Call GET /downloads/{id}."""
        headers = {"X-Download-Ticket": download.ticket}
        attempts = self._timing.attempts if attempts is None else attempts
        return parse_status(
            self._call("GET", self._url_of(download), headers, None, attempts, stop or StopSignal()), download
        )

    def cancel(self, download: Download, stop: StopSignal | None = None) -> None:
        """Call DELETE /downloads/{id}."""
        headers = {"X-Download-Ticket": download.ticket}
        self._call("DELETE", self._url_of(download), headers, None, self._timing.attempts, stop or StopSignal())

    def _url_of(self, download: Download) -> str:
        return f"{self.base}/downloads/{download.id}"

    def _call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, attempts: int, stop: StopSignal
    ) -> Body:
        for failures in range(1, attempts):
            try:
                return self._call_once(method, url, headers, body, stop)
            except ProtocolError:
                raise
            except NetworkError as error:
                retry_after = error.retry_after if isinstance(error, UnavailableError) else 0.0
                stop.sleep(max(self._timing.retry_delay(failures), min(retry_after, self._timing.max_retry_delay)))
        return self._call_once(method, url, headers, body, stop)

    def _call_once(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, stop: StopSignal
    ) -> Body:
        all_headers = {"Accept": "application/json", **self._headers, **headers}
        if self._auth:
            all_headers |= self._auth.headers(OutgoingRequest(method, url, all_headers, body))
        with self._transport.send(method, url, all_headers, body, stop=stop) as response:
            status, content = response.status, _parse_object(self._read_body(url, response))
        stop.raise_if_set()
        if status in _RETRYABLE_STATUS_CODES and _error_code(content) not in _FINAL_CODES:
            raise _unavailable_error(host_of(url), status, _retry_after(response.headers), content)
        if status >= 400:
            raise _refused_error(status, content)
        if status >= 300 or content is None:
            raise ProtocolError(
                f"{host_of(url)} answered HTTP {status} without a JSON object. "
                "Check that the URL is that of an async-download stack."
            )
        return content

    def _read_body(self, url: str, response: BaseHTTPResponse) -> bytes:
        """Read the body; raises NetworkError for more than 1 MiB, or when it takes longer than the time-out."""
        content, deadline = b"", time.monotonic() + self._transport.timeout
        with self._transport.errors(url):
            while chunk := response.read1(_MAX_RESPONSE_BYTES):
                content += chunk
                if len(content) > _MAX_RESPONSE_BYTES or time.monotonic() > deadline:
                    raise NetworkError(f"The response of {host_of(url)} is too large or too slow.")
        return content


def _unavailable_error(host: str, status: int, retry_after: float, content: Body | None) -> UnavailableError:
    """Return the error of a call that may be retried."""
    if _error_code(content) == "TOO_MANY_DOWNLOADS":
        return TooManyDownloadsError(host, str(_refused_error(status, content)), retry_after)
    return UnavailableError(host, status, retry_after)


def _error_code(content: Body | None) -> str:
    """Return the code in an error response of the API, or an empty string."""
    error = (content or {}).get("error")
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def _retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds in `Retry-After`; 0 if it is absent or a date, which the API never sends."""
    value = headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else 0.0


def _parse_object(content: bytes) -> Body | None:
    try:
        value = json.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _refused_error(status: int, content: Body | None) -> RefusedError:
    """Return the error of a refused call; refusals of API Gateway itself have only a `message`."""
    error = (content or {}).get("error")
    if isinstance(error, dict) and isinstance(error.get("code"), str):
        return RefusedError(str(error.get("message", error["code"])), error["code"], status)
    message = (content or {}).get("message") or (content or {}).get("Message")
    text = f"The API refused the request (HTTP {status}" + (f": {message})." if isinstance(message, str) else ").")
    if status in (401, 403):
        text += " Send the credentials that its setting auth.type requires, such as an API key or a header."
    return RefusedError(text, f"HTTP_{status}", status)
