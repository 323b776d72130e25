"""DELETE /downloads/{id}."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.logic.ending.cancel import Cancel
from runtime.logic.requests.access import Access
from runtime.models import Status


@dataclass(frozen=True)
class CancelDownload:
    """Cancels for the holder of the ticket."""

    access: Access
    cancel: Cancel

    def run(self, download_id: str, ticket_text: str | None) -> dict[str, object]:
        """The body of the answer.

        Raises:
            RequestError: not for this caller, not there, or finished already.
        """
        self.cancel.run(self.access.get_download(download_id, ticket_text))
        return {"downloadId": download_id, "status": str(Status.CANCELLED)}
