"""Posting one message to connections: in parallel, within ten seconds, none of them failing another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from runtime import log
from runtime.backoff import pause
from runtime.errors import ConnectionGoneError, ServiceError
from runtime.logic import messages, parallel
from runtime.logic.messages import Message
from runtime.models import YOUNG_SECONDS, Connection, Download
from runtime.ports import Clock, Closing, Connections, Downloads, Sockets

BUDGET_SECONDS = 9.5
_TRIES_OF_A_FAILING_POST = 3


class Told(StrEnum):
    """What became of one message."""

    POSTED = "posted"
    GONE = "gone"
    FAILED = "failed"


@dataclass(frozen=True)
class Tell:
    """Delivers to the connections of one download, and forgets those that are gone.

    Whoever was told the end is closed later, when he is idle; without `closing` that is left to API Gateway.
    """

    downloads: Downloads
    connections: Connections
    sockets: Sockets
    clock: Clock
    closing: Closing | None

    def __call__(self, download: Download, connection_ids: Iterable[str], message: Message) -> dict[str, int]:
        """Tell each of them; how many were reached, gone, or could not be reached for now."""
        data, end = messages.encode(message), self.clock.monotonic() + BUDGET_SECONDS
        ids = sorted(connection_ids)
        ends = parallel.each(lambda one: self._tell(download, one, data, end), ids)
        if download.status.is_final:
            self._close_later(download, [one for one, told in zip(ids, ends, strict=True) if told is not Told.GONE])
        return {str(kind): ends.count(kind) for kind in Told}

    def _tell(self, download: Download, connection_id: str, data: bytes, end: float) -> Told:
        try:
            connection = self.connections.get(connection_id)
            if connection is None or connection.execution_arn != download.execution_arn:
                self.downloads.remove_connection(download.execution_arn, connection_id)
                return Told.GONE
            if connection.is_expired(self.clock.now()):
                return self._forget(connection)
            return self._post(connection, data, end)
        except ServiceError:
            return Told.FAILED

    def _post(self, connection: Connection, data: bytes, end: float) -> Told:
        """Post until it is through. A socket cannot be written to before its `$connect` has returned."""
        refused = 0
        attempt = 0
        while True:
            attempt += 1
            try:
                self.sockets.post(connection.connection_id, data)
                return Told.POSTED
            except ConnectionGoneError:
                if connection.age(self.clock.now()) >= YOUNG_SECONDS:
                    return self._forget(connection)
            except ServiceError:
                refused += 1
                if refused >= _TRIES_OF_A_FAILING_POST:
                    return Told.FAILED
            left = end - self.clock.monotonic()
            if left <= 0:
                return Told.FAILED
            self.clock.sleep(min(left, pause(attempt, base=0.03, most=1.0)))

    def _forget(self, connection: Connection) -> Told:
        self.connections.delete(connection.connection_id)
        self.downloads.remove_connection(connection.execution_arn, connection.connection_id)
        return Told.GONE

    def _close_later(self, download: Download, connection_ids: list[str]) -> None:
        if self.closing is None or not connection_ids:
            return
        try:
            self.closing.start(download.execution_arn, connection_ids, since=self.clock.now())
        except ServiceError as error:  # API Gateway closes them later
            log.warning("Nobody will close the sockets", executionArn=download.execution_arn, reason=str(error))
