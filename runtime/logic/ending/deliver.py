"""Sends the message of a download to its clients."""

from __future__ import annotations

from dataclasses import dataclass

from runtime import log
from runtime.logic.copying.reuse import ResumeWaiters
from runtime.logic.ending.running_limit import ReleaseCaller
from runtime.logic.sockets.download_messages import DownloadMessages
from runtime.logic.sockets.notifier import Notifier
from runtime.models import Download
from runtime.ports import Clock, Downloads, Functions


@dataclass(frozen=True)
class Deliver:
    """Sends the message of a download, which was written before: the item is read strongly consistent.

    With `functions`, `fail_function` is started afterwards, which puts an event on the event bus: its calls are retried
    and kept in the dead-letter queue, so a bus that cannot be reached neither delays the message nor ends in an error.
    """

    downloads: Downloads
    download_messages: DownloadMessages
    notifier: Notifier
    clock: Clock
    resume_waiters: ResumeWaiters | None = None
    release: ReleaseCaller | None = None
    functions: Functions | None = None
    fail_function: str = ""

    def run(self, execution_arn: str, connection_id: str | None = None) -> dict[str, int]:
        """Send the message to all connections, or again to one. Return the number of sockets per outcome.

        Raises:
            PushesGivenUpError: no client was reached for now. Another call does no harm and may succeed.
        """
        download = self.downloads.get(execution_arn)
        if download is None:
            return {}
        log.set_download(download)
        if download.is_expired(self.clock.now()):
            if connection_id is None:
                self._start_event(download)
            return {}
        if self.resume_waiters is not None and connection_id is None:
            self.resume_waiters.run(download)
        connection_ids = download.connection_ids if connection_id is None else {connection_id}
        counts = (
            self.notifier.send(
                download, connection_ids, self.download_messages.build(download), is_replay=connection_id is not None
            )
            if connection_ids
            else None
        )
        if connection_id is None:  # after the message, for which clients wait
            if self.release is not None:
                self.release.run(download)
            self._start_event(download)
        if counts is None:
            return {}
        counts.raise_if_none_reached()
        return counts.fields

    def _start_event(self, download: Download) -> None:
        """Start the function that sends the event of the end, unless the event was sent before."""
        if self.functions is not None and download.status.is_final and download.event_sent_at is None:
            self.functions.start(self.fail_function, {"executionArn": download.execution_arn})
