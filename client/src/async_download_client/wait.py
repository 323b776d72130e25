"""Waits until a download is ready: on a WebSocket, or by polling where no WebSocket can be opened.

No message is lost when a socket breaks: the client then asks the API once, and the stack repeats the result on the next
socket.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from async_download_client.api import Api
from async_download_client.errors import NetworkError, WaitTimeoutError
from async_download_client.events import Connected, Disconnected, Event, FileReady, Polling, Preparing, Progress
from async_download_client.messages import Body, is_connection_unknown, parse_message, raise_if_ended
from async_download_client.models import Download, ReadyFile, Status
from async_download_client.stop import StopSignal
from async_download_client.timing import Timing
from async_download_client.web_socket import SocketLostError, SocketRefusedError, WebSocket

_EXPIRY_GRACE_SECONDS = 60.0


class Wait:
    """A wait for one download, of at most `timeout` seconds from `started`; with None, until the download expires."""

    def __init__(
        self,
        api: Api,
        download: Download,
        on_event: Callable[[Event], object],
        timing: Timing,
        connect_timeout: float,
        timeout: float | None,
        stop: StopSignal,
        started: float,
    ) -> None:
        self._api, self._download, self._on_event, self._timing, self._stop = api, download, on_event, timing, stop
        self._connect_timeout = connect_timeout
        lifetime = max((download.expires_at - api.now()).total_seconds(), 0.0) + _EXPIRY_GRACE_SECONDS
        self._timeout = lifetime if timeout is None else timeout
        self._last_contact = time.monotonic()
        self._deadline = started + self._timeout
        self._last_status: Status | None = None

    def run(self) -> ReadyFile:
        """Return the file when it is ready.

        Raises:
            DownloadFailedError, RefusedError: the download has ended without a file, or the API refused the ticket.
            WaitTimeoutError, NetworkError, StoppedError: the download may still become ready.
        """
        while (file := self._wait_on_socket() or self._poll()) is None:
            pass
        self._on_event(FileReady(file))
        return file

    def _wait_on_socket(self) -> ReadyFile | None:
        """Return the file, or None when WebSockets are refused or fail again and again."""
        failures = 0
        while True:
            last_contact = self._last_contact
            try:
                timeout = min(self._connect_timeout, self._seconds_left())
                with (
                    WebSocket(self._download.web_socket_endpoint, timeout, allow_http=self._api.allow_http) as socket,
                    self._stop.on_stop(socket.abort),
                ):
                    self._on_event(Connected())
                    return self._listen(socket)
            except SocketLostError as error:
                self._stop.raise_if_set()
                failures = 1 if self._last_contact > last_contact else failures + 1
                reason, refused = str(error), isinstance(error, SocketRefusedError) and error.is_final
            file = self._fetch_status()
            if file or refused or failures >= self._timing.socket_attempts:
                if not file:
                    self._on_event(Polling(reason))
                return file
            delay = self._timing.retry_delay(failures)
            self._on_event(Disconnected(reason, round(delay, 3)))
            self._sleep(delay)

    def _listen(self, socket: WebSocket) -> ReadyFile:
        """Receive messages until the file is ready; request the status after silence, as a message may be lost."""
        requests, answer_deadline = 0, float("inf")
        request_at = time.monotonic() + self._timing.status_delay(requests)
        while True:
            wake_at = min(request_at, answer_deadline, time.monotonic() + self._seconds_left())
            message = socket.receive(wake_at - time.monotonic())
            if message is not None:
                if file := self._handle_message(message):
                    return file
                answer_deadline, request_at = float("inf"), self._last_contact + self._timing.status_delay(requests)
            elif time.monotonic() >= answer_deadline:
                raise SocketLostError("the WebSocket does not answer")
            elif time.monotonic() >= request_at:
                socket.send("status")
                requests += 1
                answer_deadline = min(answer_deadline, time.monotonic() + self._timing.answer_timeout)
                request_at = time.monotonic() + self._timing.status_delay(requests)

    def _handle_message(self, message: Body) -> ReadyFile | None:
        self._last_contact = time.monotonic()
        if is_connection_unknown(message):
            raise SocketLostError("the stack does not know this WebSocket any more")
        status = parse_message(message, self._download)
        return self._handle_status(status) if status else None

    def _poll(self) -> ReadyFile | None:
        """Return the file, or None when it is time to try a WebSocket again."""
        polls, socket_retry_at = 1, time.monotonic() + self._timing.socket_retry_delay
        while time.monotonic() < socket_retry_at:
            self._sleep(self._timing.poll_delay(polls))
            if file := self._fetch_status():
                return file
            polls += 1
        return None

    def _fetch_status(self) -> ReadyFile | None:
        """Ask the API once; network errors are raised only after `max_outage` seconds without contact."""
        try:
            status = self._api.status(
                self._download, stop=self._stop, retry=False, max_seconds=self._deadline - time.monotonic()
            )
        except NetworkError as error:
            if error.is_final or time.monotonic() - self._last_contact >= self._timing.max_outage:
                raise
            return None
        self._last_contact = time.monotonic()
        return self._handle_status(status)

    def _handle_status(self, status: Status) -> ReadyFile | None:
        raise_if_ended(status)
        if status.file is None and status != self._last_status:
            preparing = status.status == "PREPARING"
            progress = Progress(status.status, status.copied_bytes, status.size)
            self._on_event(Preparing(status.next_request_at) if preparing else progress)
        self._last_status = status
        return status.file

    def _seconds_left(self) -> float:
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise WaitTimeoutError(self._timeout)
        return seconds

    def _sleep(self, seconds: float) -> None:
        self._stop.sleep(min(seconds, self._seconds_left()))
