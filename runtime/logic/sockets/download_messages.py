"""Builds the message about a download, with a URL that is signed now if it is READY."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.logic.origin import disposition
from runtime.logic.sockets import messages
from runtime.logic.sockets.messages import Message
from runtime.models import Download, SignedUrl, Status
from runtime.ports import Signer


@dataclass(frozen=True)
class DownloadMessages:
    """Builds the messages of downloads."""

    signer: Signer

    def build(self, download: Download) -> Message:
        """Build the message: `ready`, `failed`, `cancelled` or `status`."""
        return messages.download_message(download, self.sign_url(download))

    def sign_url(self, download: Download) -> SignedUrl | None:
        """Return a URL for the file, or None if the download is not READY."""
        if download.status is not Status.READY or download.stored is None:
            return None
        header = disposition.content_disposition(messages.file_name_of(download))
        stored = download.stored
        return self.signer.sign(stored.key, content_disposition=header, content_type=stored.content_type)
