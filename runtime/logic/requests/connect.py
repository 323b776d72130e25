"""Accepts a WebSocket connection: its ticket opens one download."""

from __future__ import annotations

from dataclasses import dataclass

from runtime import log, steps
from runtime.errors import ServiceError, TicketRefusedError, TooManyConnectionsError
from runtime.logic.requests import tickets
from runtime.logic.requests.evict import Evict
from runtime.models import Connection, Download, execution_arn_of
from runtime.ports import Clock, Connections, Downloads, Functions

MAX_CONNECTION_SECONDS = 2 * 60 * 60 + 10 * 60  # API Gateway closes it after two hours


@dataclass(frozen=True)
class Connect:
    """Accepts connections. The connection is written before the download is read again, so that no result is missed."""

    downloads: Downloads
    connections: Connections
    functions: Functions
    clock: Clock
    evict: Evict
    state_machine_arn: str
    deliver_function: str
    limit: int

    def run(self, connection_id: str, ticket_text: str | None, claimed_arn: str | None = None) -> None:
        """Accept the connection.

        Raises:
            TicketRequiredError, TicketRefusedError: the ticket does not open a download.
            TooManyConnectionsError: the download has reached its limit of connections.
        """
        ticket = tickets.parse(ticket_text)
        execution_arn = execution_arn_of(self.state_machine_arn, ticket.download_id)
        log.set_execution(execution_arn)
        if claimed_arn is not None and claimed_arn != execution_arn:
            raise TicketRefusedError
        before = self._check_ticket(ticket, execution_arn)
        now = self.clock.now()
        connection = Connection(
            connection_id,
            execution_arn,
            connected_at=int(now * 1000),
            expires_at=int(now) + MAX_CONNECTION_SECONDS,
            # A revocation after this read removes the ticket's hash, so that `open` refuses the connection.
            ticket_generation=before.ticket_generation,
        )
        if not self._open(connection, ticket):
            download = self._check_ticket(ticket, execution_arn)
            if not self.evict.make_room(download) or not self._open(connection, ticket):
                raise TooManyConnectionsError
        log.write(steps.CONNECTED, connectionId=connection_id, status=str(before.status))
        try:
            self._send_result(connection, before)
        except ServiceError:  # the handshake fails, and no `$disconnect` will come
            self.connections.delete(connection_id)
            self.downloads.remove_connection(execution_arn, connection_id)
            raise

    def _send_result(self, connection: Connection, before: Download) -> None:
        execution_arn = connection.execution_arn
        after = before if before.status.is_final else self.downloads.get(execution_arn)
        if after is not None and after.status.is_final:
            payload = {"executionArn": execution_arn, "connectionId": connection.connection_id}
            self.functions.start(self.deliver_function, payload)

    def _open(self, connection: Connection, ticket: tickets.Ticket) -> bool:
        return self.connections.open(connection, ticket_hash=ticket.hash, limit=self.limit, now=self.clock.now())

    def _check_ticket(self, ticket: tickets.Ticket, execution_arn: str) -> Download:
        download = self.downloads.get(execution_arn)
        if download is None or download.is_expired(self.clock.now()) or not ticket.opens(download.ticket_hashes):
            raise TicketRefusedError
        log.set_download(download)
        return download
