"""Tell a download's clients what its row says."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.logic.copying.reuse import WakeWaiting
from runtime.logic.ending.running_limit import ReleaseCaller
from runtime.logic.sockets.announce import Announce
from runtime.logic.sockets.tell import Tell
from runtime.ports import Clock, Downloads


@dataclass(frozen=True)
class Deliver:
    """Write, then tell: reads the row consistently, after whoever called has written it."""

    downloads: Downloads
    announce: Announce
    tell: Tell
    clock: Clock
    wake: WakeWaiting | None = None
    release: ReleaseCaller | None = None

    def __call__(self, execution_arn: str, connection_id: str | None = None) -> dict[str, int]:
        """Tell all connections, or replay to one; return how many were reached.

        Raises:
            PushesGivenUpError: nobody was reached for now. To do it all again is harmless, and may help.
        """
        download = self.downloads.get(execution_arn)
        if download is None or download.is_expired(self.clock.now()):
            return {}
        if self.wake is not None and connection_id is None:
            self.wake(download)
        connection_ids = download.connection_ids if connection_id is None else {connection_id}
        counts = self.tell(download, connection_ids, self.announce(download)) if connection_ids else None
        if self.release is not None and connection_id is None:  # after the message, which somebody waits for
            self.release.run(download)
        if counts is None:
            return {}
        counts.raise_if_none_reached()
        return counts.fields
