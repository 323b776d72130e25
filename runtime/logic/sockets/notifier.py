"""Sends a message to the sockets of a download: in parallel, within ten seconds, and each independent of the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runtime import log, steps
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

    def send(
        self, download: Download, connection_ids: Iterable[str], message: Message, *, is_replay: bool = False
    ) -> PushCounts:
        """Post the message to each socket; log the number of sockets per outcome and return it.

        With `is_replay` it goes to a client that has connected after the end of the download.
        """
        delivery = _Delivery(self, download, messages.encode(message))
        outcomes = Pushes(self.clock, delivery.attempt).run(list(connection_ids))
        if download.status.is_final:
            self._close_later(download, [key for key, outcome in outcomes.items() if outcome is not PushOutcome.GONE])
        counts = PushCounts.of(outcomes)
        if outcomes:
            self._log(download, _type(message), counts, is_replay=is_replay)
        return counts

    def _log(self, download: Download, kind: str, counts: PushCounts, *, is_replay: bool) -> None:
        """Log the outcomes. A delivery that reached a client is not repeated, so it counts once."""
        seconds, metrics = round(max(0.0, self.clock.now() - download.updated_at), 3), dict[str, float]()
        if counts.posted and is_replay:
            metrics["Replays"] = 1
        elif counts.posted and download.status.is_final:
            metrics["SecondsToPush"] = seconds
        step = steps.REPLAYED if is_replay else steps.PUSHED
        log.write(step, metrics, type=kind, seconds=seconds, **counts.by_outcome)
        if counts.given_up:
            log.write(steps.PUSHES_GIVEN_UP, {"PushesGivenUp": counts.given_up}, type=kind, **counts.fields)

    def _close_later(self, download: Download, connection_ids: list[str]) -> None:
        if self.idle_closer is None or not connection_ids:
            return
        try:
            self.idle_closer.start(download.execution_arn, sorted(connection_ids), since=self.clock.now())
        except ServiceError as error:  # then API Gateway closes them later
            log.write(steps.IDLE_CLOSER_NOT_STARTED, reason=str(error))


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
            log.write(steps.PUSH_REFUSED, connectionId=connection_id, reason=str(error))
            return PushOutcome.REFUSED

    def _push(self, connection_id: str) -> PushOutcome:
        connection = self._connections.get(connection_id) or self._notifier.connections.get(connection_id)
        if connection is None or not connection.belongs_to(self._download):
            if connection is not None:
                log.write(steps.REVOKED, connectionId=connection_id)
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
