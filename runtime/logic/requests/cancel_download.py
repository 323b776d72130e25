"""DELETE /downloads/{id}."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.logic.ending.cancel import Cancel
from runtime.logic.requests.access import Access
from runtime.models import Status


@dataclass(frozen=True)
class CancelDownload:
    """Cancels a download for a client with its ticket."""

    access: Access
    cancel: Cancel

    def run(self, download_id: str, ticket_text: str | None) -> dict[str, object]:
        """Return the body of the answer.

        Raises:
            RequestError: the ticket does not open it, there is no such download, or it has ended.
        """
        self.cancel.run(self.access.get_download(download_id, ticket_text))
        return {"downloadId": download_id, "status": str(Status.CANCELLED)}
