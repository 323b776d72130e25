"""Reading a download as the holder of its ticket."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.errors import DownloadNotFoundError, TicketRefusedError
from runtime.logic.requests import tickets
from runtime.models import Download, execution_arn_of
from runtime.ports import Clock, Downloads


@dataclass(frozen=True)
class Access:
    """The ticket has to be this download's own."""

    downloads: Downloads
    clock: Clock
    state_machine_arn: str

    def get_download(self, download_id: str, ticket_text: str | None) -> Download:
        """The download, for who may see it.

        Raises:
            TicketRequiredError, TicketRefusedError: not for this caller; the same whether there is such a download.
            DownloadNotFoundError: it has expired.
        """
        ticket = tickets.parse(ticket_text)
        if ticket.download_id != download_id:
            raise TicketRefusedError
        download = self.downloads.get(execution_arn_of(self.state_machine_arn, download_id))
        if download is None or not ticket.opens(download.ticket_hashes):
            raise TicketRefusedError
        if download.is_expired(self.clock.now()):
            raise DownloadNotFoundError
        return download
