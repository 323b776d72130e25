"""Waiting until a download is ready: by WebSocket, and by asking where sockets do not get through.

Nothing is lost when a socket breaks: after each break the API is asked once, and a new socket gets the news again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from async_download_client.api import Api
from async_download_client.errors import NetworkError, WaitTimeoutError
from async_download_client.events import Connected, Disconnected, Event, FileReady, Polling, Progress
from async_download_client.messages import Body, is_unserved, news_of, raise_if_over
from async_download_client.models import Download, Ready, Status
from async_download_client.stop import Stop
from async_download_client.timing import Timing
from async_download_client.web_socket import SocketLostError, SocketRefusedError, WebSocket

__all__ = ["Wait"]

_GRACE = 60.0


class Wait:
    """One wait, of at most `timeout` seconds; without, as long as the download lives."""

    def __init__(
        self,
        api: Api,
        download: Download,
        tell: Callable[[Event], object],
        timing: Timing,
        connect_timeout: float,
        timeout: float | None,
        stop: Stop,
    ) -> None:
        self._api, self._download, self._tell, self._timing, self._stop = api, download, tell, timing, stop
        self._connect_timeout = connect_timeout
        left = max((download.expires_at - datetime.now(UTC)).total_seconds(), 0.0) + _GRACE
        self._timeout = left if timeout is None else timeout
        self._heard_at = time.monotonic()
        self._deadline = self._heard_at + self._timeout
        self._last: Status | None = None

    def __call__(self) -> Ready:
        """The file.

        Raises:
            DownloadFailedError, RefusedError, WaitTimeoutError, NetworkError, StoppedError: there will be none.
        """
        while (ready := self._by_socket() or self._by_polling()) is None:
            pass
        self._tell(FileReady(ready))
        return ready

    def _by_socket(self) -> Ready | None:
        failures = 0
        while True:
            heard_at = self._heard_at
            try:
                patience = min(self._connect_timeout, self._left())
                with (
                    WebSocket(self._download.web_socket_endpoint, patience, allow_http=self._api.allow_http) as socket,
                    self._stop.calls(socket.abort),
                ):
                    self._tell(Connected())
                    return self._listen(socket)
            except SocketLostError as lost:
                self._stop.check()
                failures = 1 if self._heard_at > heard_at else failures + 1
                reason, refused = str(lost), isinstance(lost, SocketRefusedError) and lost.is_final
            ready = self._ask()
            if ready or refused or failures >= self._timing.socket_attempts:
                if not ready:
                    self._tell(Polling(reason))
                return ready
            delay = self._timing.retry(failures)
            self._tell(Disconnected(reason, round(delay, 3)))
            self._sleep(delay)

    def _listen(self, socket: WebSocket) -> Ready:
        """Receive messages until the file is ready, and ask for the status where none come: one may have been lost."""
        asked, answer_by = 0, float("inf")
        ask_at = time.monotonic() + self._timing.check(asked)
        while True:
            message = socket.receive(min(ask_at, answer_by, time.monotonic() + self._left()) - time.monotonic())
            if message is not None:
                if ready := self._hear(message):
                    return ready
                answer_by, ask_at = float("inf"), self._heard_at + self._timing.check(asked)
            elif time.monotonic() >= answer_by:
                raise SocketLostError("the WebSocket does not answer")
            elif time.monotonic() >= ask_at:
                socket.send("status")
                asked += 1
                answer_by = min(answer_by, time.monotonic() + self._timing.answer_within)
                ask_at = time.monotonic() + self._timing.check(asked)

    def _hear(self, message: Body) -> Ready | None:
        self._heard_at = time.monotonic()
        if is_unserved(message):
            raise SocketLostError("the stack does not serve this WebSocket any more")
        news = news_of(message, self._download)
        return self._take(news) if news else None

    def _by_polling(self) -> Ready | None:
        """The file, or None when it is time to try a socket again: what blocked it may have been a moment's trouble."""
        polls, until = 1, time.monotonic() + self._timing.socket_again
        while time.monotonic() < until:
            self._sleep(self._timing.poll(polls))
            if ready := self._ask():
                return ready
            polls += 1
        return None

    def _ask(self) -> Ready | None:
        """Ask the API once; that it is away is bearable for `outage` seconds."""
        try:
            status = self._api.status(self._download, attempts=1, stop=self._stop)
        except NetworkError:
            if time.monotonic() - self._heard_at >= self._timing.outage:
                raise
            return None
        self._heard_at = time.monotonic()
        return self._take(status)

    def _take(self, status: Status) -> Ready | None:
        raise_if_over(status)
        if status.ready is None and status != self._last:
            self._tell(Progress(status.status, status.copied_bytes, status.size))
        self._last = status
        return status.ready

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise WaitTimeoutError(self._timeout)
        return left

    def _sleep(self, seconds: float) -> None:
        self._stop.sleep(min(seconds, self._left()))
