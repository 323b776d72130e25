"""The event on EventBridge for each download that has ended (docs/event.schema.json)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runtime import log, steps
from runtime.backoff import pause
from runtime.errors import TransientServiceError
from runtime.logic.sockets import messages
from runtime.models import Download, Status, iso
from runtime.ports import Clock, Downloads, EventBus

VERSION = 1
_TRIES = 3


@dataclass(frozen=True)
class SendEndEvent:
    """Puts the event of a download that has ended on the bus. It may be sent twice, with the same `eventId`."""

    downloads: Downloads
    event_bus: EventBus
    clock: Clock
    bucket: str

    def run(self, download: Download) -> None:
        """Send the event, and record that it was sent. Do nothing if it was sent before or the download goes on.

        Raises:
            ServiceError: the bus does not take it for now; the call should be repeated.
        """
        if not download.status.is_final or download.event_sent_at is not None:
            return
        self._put(detail_of(download, self.bucket), download)
        log.write(steps.EVENT_SENT, status=str(download.status))
        self.downloads.record_event_sent(download.execution_arn, now=self.clock.now())

    def _put(self, detail: Mapping[str, object], download: Download) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                self.event_bus.put(detail, resource=download.execution_arn, time=download.updated_at)
                return
            except TransientServiceError as error:
                if attempt == _TRIES:
                    raise
                log.write(steps.EVENT_DELAYED, attempt=attempt, reason=str(error))
                self.clock.sleep(pause(attempt, base=0.5, maximum=2.0))


def detail_of(download: Download, bucket: str) -> dict[str, object]:
    """Return the detail of the event. It holds no URL, no ticket, and no query of the path, which may be a signature.

    `updated_at` is when the download ended: nothing changes it afterwards.
    """
    detail: dict[str, object] = {
        "version": VERSION,
        "eventId": f"{download.download_id}-{download.status.lower()}",
        "status": str(download.status),
        "downloadId": download.download_id,
        "executionArn": download.execution_arn,
        "origin": download.origin,
        "path": download.path.partition("?")[0],
        "owner": download.owner,
        "requestedAt": iso(download.created_at),
        "endedAt": iso(download.updated_at),
        "seconds": round(max(0.0, download.updated_at - download.created_at), 3),
    }
    if download.stored is not None:
        detail |= {"bucket": bucket, "key": download.stored.key, "size": download.stored.size}
    elif download.size is not None:
        detail["size"] = download.size
    if download.status is Status.FAILED:
        detail["code"] = messages.error_of(download)["code"]
    return detail
