"""Reads a download for a client with its ticket."""

from __future__ import annotations

from dataclasses import dataclass

from runtime import log
from runtime.errors import DownloadNotFoundError, TicketRefusedError
from runtime.logic.requests import tickets
from runtime.models import Download, execution_arn_of
from runtime.ports import Clock, Downloads


@dataclass(frozen=True)
class Access:
    """Checks the ticket of a download."""

    downloads: Downloads
    clock: Clock
    state_machine_arn: str

    def get_download(self, download_id: str, ticket_text: str | None) -> Download:
        """Return the download, if the ticket opens it.

        Raises:
            TicketRequiredError, TicketRefusedError: the ticket does not open it, or there is no such download.
            DownloadNotFoundError: the download has expired.
        """
        ticket = tickets.parse(ticket_text)
        if ticket.download_id != download_id:
            raise TicketRefusedError
        execution_arn = execution_arn_of(self.state_machine_arn, download_id)
        log.set_execution(execution_arn)
        download = self.downloads.get(execution_arn)
        if download is None or not ticket.opens(download.ticket_hashes):
            raise TicketRefusedError
        if download.is_expired(self.clock.now()):
            raise DownloadNotFoundError
        log.set_download(download)
        return download
