"""Returns the status of a download, with a new URL if it is READY, for clients that poll."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.logic.ending.reconcile import Reconcile
from runtime.logic.requests.access import Access
from runtime.logic.sockets import messages
from runtime.logic.sockets.download_messages import DownloadMessages
from runtime.models import Status, iso


@dataclass(frozen=True)
class GetDownload:
    """GET /downloads/{id}."""

    access: Access
    reconcile: Reconcile
    download_messages: DownloadMessages

    def run(self, download_id: str, ticket_text: str | None) -> dict[str, object]:
        """Return the body of the answer.

        Raises:
            RequestError: the ticket does not open it, or there is no such download.
        """
        download = self.reconcile.run(self.access.get_download(download_id, ticket_text))
        body: dict[str, object] = {
            "downloadId": download.download_id,
            "executionArn": download.execution_arn,
            **messages.status_of(download),
            "origin": download.origin,
            "path": download.path,
            "createdAt": iso(download.created_at),
            "expiresAt": iso(download.expires_at),
        }
        if download.status is Status.FAILED:
            body["error"] = messages.error_of(download)
        signed = self.download_messages.sign_url(download)
        if signed is not None and download.stored is not None:
            body |= {"url": signed.url, "download": messages.file_of(download, download.stored, signed)}
        return body
