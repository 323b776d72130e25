"""The REST API of a stack: request a download, get its status, cancel it."""

from __future__ import annotations

import json
import math
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse

from async_download_client.auth import Auth, OutgoingRequest
from async_download_client.errors import (
    CredentialsError,
    NetworkError,
    ProtocolError,
    RefusedError,
    TooManyDownloadsError,
    UnavailableError,
)
from async_download_client.messages import Body, parse_download, parse_status
from async_download_client.models import Download, DownloadRequest, Status
from async_download_client.secrets import clean_header_value
from async_download_client.stop import StopSignal
from async_download_client.timing import Timing
from async_download_client.transport import Transport, check_encrypted, host_of

_MAX_RESPONSE_BYTES = 1 << 20
_MIN_CALL_SECONDS = 1.0  # of the last call before the end of a wait
_RETRYABLE_STATUS_CODES = frozenset({429, 500, 502, 503, 504})
_MAX_SIGNATURE_SKEW_SECONDS = 300  # of Signature Version 4
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FRAMING_HEADERS = ("connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade")
_OWN_HEADERS = (*_FRAMING_HEADERS, "content-type", "idempotency-key", "x-download-ticket")
OnRetry = Callable[[str, float], object]
_FINAL_CODES = frozenset({"DAILY_LIMIT_REACHED"})  # the limit ends at midnight: retrying within this call is useless


def parse_base_url(url: str) -> str:
    """Return the API's base URL, given that or the stack's output `downloadUrl`; raises ValueError."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # its text has the URL
        is_valid = False
    if not is_valid:
        raise ValueError(
            "The URL has to look like https://host/path or https://host:port/path; use the stack's output downloadUrl."
        )
    if "@" in parts.netloc:
        raise ValueError("The URL must not have a user or a password.")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("The URL has a blank, a control character or a character outside of ASCII.")
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
        self._headers = _parse_headers(headers)
        self._auth = auth
        self._clock_error = 0.0

    def request(
        self,
        request: DownloadRequest,
        idempotency_key: str | None = None,
        stop: StopSignal | None = None,
        on_retry: OnRetry | None = None,
        max_seconds: float = math.inf,
    ) -> Download:
        """Call POST /downloads, with an Idempotency-Key that makes retries safe; `on_retry` gets reason and delay.

        It ends after `max_seconds`, and about a second later at the latest.
        """
        body = json.dumps(request.body).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        outgoing = OutgoingRequest("POST", f"{self.base}/downloads", headers, body)
        return parse_download(self._call(outgoing, stop or StopSignal(), on_retry, max_seconds))

    def status(
        self,
        download: Download,
        stop: StopSignal | None = None,
        on_retry: OnRetry | None = None,
        *,
        retry: bool = True,
        max_seconds: float = math.inf,
    ) -> Status:
        """Call GET /downloads/{id}; without `retry`, once, and for at most `max_seconds`."""
        outgoing, stop = self._request_of(download, "GET"), stop or StopSignal()
        body = self._call(outgoing, stop, on_retry) if retry else self._call_once(outgoing, stop, max_seconds)
        return parse_status(body, download)

    def cancel(self, download: Download, stop: StopSignal | None = None, on_retry: OnRetry | None = None) -> None:
        """Call DELETE /downloads/{id}."""
        self._call(self._request_of(download, "DELETE"), stop or StopSignal(), on_retry)

    def now(self) -> datetime:
        """Return the time by the server's clock, if it has sent a Date; this machine's may be wrong by days."""
        return datetime.now(UTC) + timedelta(seconds=self._clock_error)

    def _request_of(self, download: Download, method: str) -> OutgoingRequest:
        headers = {"X-Download-Ticket": download.ticket}
        return OutgoingRequest(method, f"{self.base}/downloads/{download.id}", headers, None)

    def _call(
        self, request: OutgoingRequest, stop: StopSignal, on_retry: OnRetry | None, max_seconds: float = math.inf
    ) -> Body:
        """Call until it succeeds; at least `attempts` times and for `max_outage` seconds, as Retry-After says."""
        max_outage, attempts = self._timing.max_outage, self._timing.attempts
        if max_seconds < max_outage:
            max_outage, attempts = max_seconds, 1
        started = time.monotonic()
        failures, deadline, end = 0, started + max_outage, started + max_seconds
        while True:
            try:
                return self._call_once(request, stop, end - time.monotonic())
            except NetworkError as error:
                failures, seconds_left = failures + 1, deadline - time.monotonic()
                retry_after = error.retry_after if isinstance(error, UnavailableError) else 0.0
                is_last = seconds_left <= 0 and (failures >= attempts or retry_after > 0)
                if error.is_final or is_last:
                    raise
                delay = self._timing.retry_delay(failures)
                if seconds_left > 0:  # the last call is at the end of this time
                    delay = min(max(delay, retry_after), seconds_left)
                if on_retry:
                    on_retry(str(error), delay)
                stop.sleep(delay)

    def _call_once(self, request: OutgoingRequest, stop: StopSignal, max_seconds: float) -> Body:
        method, url, body = request.method, request.url, request.body
        headers = {"Accept": "application/json", **self._headers, **request.headers}
        if self._auth:
            headers |= self._auth.headers(replace(request, headers=headers))
        timeout = min(max(max_seconds, _MIN_CALL_SECONDS), self._transport.timeout)
        with self._transport.send(method, url, headers, body, stop=stop, timeout=timeout) as response:
            status, content = response.status, _parse_object(self._read_body(url, response, timeout))
        stop.raise_if_set()
        server_time = _parse_http_date(response.headers.get("Date", ""))
        if server_time:
            self._clock_error = (server_time - datetime.now(UTC)).total_seconds()
        if status in _RETRYABLE_STATUS_CODES and _error_code(content) not in _FINAL_CODES:
            raise _unavailable_error(host_of(url), status, _retry_after(response.headers, self.now()), content)
        if status >= 400:
            raise _refused_error(status, content, self._clock_error)
        if status >= 300 or content is None:
            raise ProtocolError(
                f"{host_of(url)} answered HTTP {status} without a JSON object. "
                "Check that the URL is that of an async-download stack."
            )
        return content

    def _read_body(self, url: str, response: BaseHTTPResponse, timeout: float) -> bytes:
        """Read the body; raises NetworkError for more than 1 MiB, or when it takes longer than `timeout` seconds."""
        content, deadline = b"", time.monotonic() + timeout
        with self._transport.errors(url, timeout):
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


def _retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Return the seconds until the time in `Retry-After`, which is a number of seconds or a date; 0 if it is absent."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]{1,9}", value):
        return float(value)
    date = _parse_http_date(value)
    return max((date - now).total_seconds(), 0.0) if date else 0.0


def _parse_http_date(text: str) -> datetime | None:
    """Return the time in a header such as Date; None if it is absent or malformed."""
    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def parse_header(name: str, value: str) -> tuple[str, str]:
    """Return name and value of a caller's header; raises ValueError, without the value, if it cannot be sent."""
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError("the name of a header has a character that HTTP does not allow")
    if name.lower() in _OWN_HEADERS:
        raise ValueError(f"the header {name} is set by the downloader itself")
    try:
        return name, clean_header_value(value)
    except ValueError as error:
        raise ValueError(f"the header {name} cannot be used: {error}") from None


def _parse_headers(headers: Mapping[str, str]) -> dict[str, str]:
    try:
        return dict(parse_header(name, value) for name, value in headers.items())
    except ValueError as error:
        raise CredentialsError(f"The call cannot be sent: {error}.") from None


def _parse_object(content: bytes) -> Body | None:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refused_error(status: int, content: Body | None, clock_error: float = 0.0) -> RefusedError:
    """Return the error of a refused call; refusals of API Gateway itself have only a `message`."""
    error = (content or {}).get("error")
    if isinstance(error, dict) and isinstance(error.get("code"), str):
        return RefusedError(str(error.get("message", error["code"])), error["code"], status)
    message = (content or {}).get("message") or (content or {}).get("Message")
    text = f"The API refused the request (HTTP {status}" + (f": {message})." if isinstance(message, str) else ").")
    if status == 403 and message == "Forbidden":
        text += " A firewall (AWS WAF) in front of the API answers so, too."
    if status in (401, 403):
        text += " Send the credentials that its setting auth.type requires, such as an API key or a header."
        if abs(clock_error) > _MAX_SIGNATURE_SKEW_SECONDS:
            text += (
                f" The clock of this machine is wrong by {abs(clock_error):,.0f} s: signatures of AWS need a right one."
            )
    return RefusedError(text, f"HTTP_{status}", status)
