"""Sends a message to the sockets of a download: in parallel, within ten seconds, and each independent of the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runtime import log
from runtime.errors import ConnectionGoneError, ServiceError, TransientServiceError
from runtime.logic.sockets import messages
from runtime.logic.sockets.messages import Message
from runtime.logic.sockets.push import PushCounts, Pushes, PushOutcome
from runtime.models import YOUNG_SECONDS, Connection, Download
from runtime.ports import Clock, Connections, Downloads, IdleCloser, Sockets


@dataclass(frozen=True)
class Notifier:
    """Sends to the connections of a download, and removes those that are gone.

    After the result of a download, `idle_closer` closes its idle sockets; with None, API Gateway does that.
    """

    downloads: Downloads
    connections: Connections
    sockets: Sockets
    clock: Clock
    idle_closer: IdleCloser | None

    def send(self, download: Download, connection_ids: Iterable[str], message: Message) -> PushCounts:
        """Post the message to each socket; log the number of sockets per outcome and return it."""
        delivery = _Delivery(self, download, messages.encode(message))
        outcomes = Pushes(self.clock, delivery.attempt).run(list(connection_ids))
        if download.status.is_final:
            self._close_later(download, [key for key, outcome in outcomes.items() if outcome is not PushOutcome.GONE])
        counts = PushCounts.of(outcomes)
        if outcomes:
            write = log.warning if counts.given_up else log.info
            write("Pushed to the clients", executionArn=download.execution_arn, type=_type(message), **counts.fields)
        return counts

    def _close_later(self, download: Download, connection_ids: list[str]) -> None:
        if self.idle_closer is None or not connection_ids:
            return
        try:
            self.idle_closer.start(download.execution_arn, sorted(connection_ids), since=self.clock.now())
        except ServiceError as error:  # then API Gateway closes them later
            log.warning("The idle closer could not be started", executionArn=download.execution_arn, reason=str(error))


class _Delivery:
    """One message to the sockets of one download; the item of each socket is read once."""

    def __init__(self, notifier: Notifier, download: Download, data: bytes) -> None:
        self._notifier = notifier
        self._download = download
        self._data = data
        self._connections: dict[str, Connection] = {}

    def attempt(self, connection_id: str) -> PushOutcome:
        """Post once to one socket. Several threads call this, but never at once for the same socket."""
        try:
            return self._push(connection_id)
        except TransientServiceError:
            return PushOutcome.BUSY
        except ServiceError as error:
            log.warning("A push was refused", executionArn=self._download.execution_arn, reason=str(error))
            return PushOutcome.REFUSED

    def _push(self, connection_id: str) -> PushOutcome:
        connection = self._connections.get(connection_id) or self._notifier.connections.get(connection_id)
        if connection is None or not connection.belongs_to(self._download):
            self._notifier.downloads.remove_connection(self._download.execution_arn, connection_id)
            return PushOutcome.GONE
        self._connections[connection_id] = connection
        if connection.is_expired(self._notifier.clock.now()):
            return self._remove(connection)
        try:
            self._notifier.sockets.post(connection.connection_id, self._data)
        except ConnectionGoneError:  # or not open yet: API Gateway answers 410 until `$connect` has returned
            is_young = connection.age(self._notifier.clock.now()) < YOUNG_SECONDS
            return PushOutcome.NOT_OPEN if is_young else self._remove(connection)
        return PushOutcome.POSTED

    def _remove(self, connection: Connection) -> PushOutcome:
        self._notifier.connections.delete(connection.connection_id)
        self._notifier.downloads.remove_connection(connection.execution_arn, connection.connection_id)
        return PushOutcome.GONE


def _type(message: Message) -> str:
    return str(message["type"])
