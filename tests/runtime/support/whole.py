"""A runtime whose bucket and origins are real adapters on real sockets; only the tables and the clock are fakes."""

from __future__ import annotations

import zlib
from dataclasses import fields
from typing import Any, TypeVar

from localcloud.origin import Origin as OriginServer
from runtime.adapters.objects import S3Objects
from runtime.adapters.origin_http import HttpOrigins
from runtime.errors import TransferError
from runtime.logic.copying import plan
from runtime.logic.copying.copy import Copy
from runtime.logic.copying.outcome import Outcome
from runtime.logic.ending.fail import Fail
from runtime.logic.slices.complete import Complete
from runtime.logic.slices.copy_slice import CopySlice
from runtime.models import Download, Failure, Origin, Status, crc32_text
from tests.runtime.support.s3_stub import S3Stub
from tests.runtime.support.world import ARN, DOWNLOAD_ID, KEY, World

FAN_OUT = 64 * plan.MIB
T = TypeVar("T")


class Whole:
    """One download of a file of the origin, copied in parts of their real size."""

    def __init__(
        self, stub: S3Stub | None, origin: OriginServer, size: int, options: str = "", *, bucket: str = "bucket"
    ) -> None:
        """Describe the file; without a stub the bucket is in another S3, and no assertion looks into it."""
        self._stub = stub
        self.origin = origin
        self.size = size
        self.world = World()
        path = f"files/{size}" + (f"?{options}" if options else "")
        self.world.has(origin="files", path=path)
        self._adapters: dict[str, Any] = {
            "downloads": self.world.downloads,
            "objects": S3Objects(bucket),
            "origins": HttpOrigins(),
            "secrets": self.world.secrets,
            "sockets": self.world.sockets,
            "clock": self.world.clock,
            "configured": {"files": Origin("files", origin.base_url, allow_http=True)},
            "object_prefix": "downloads/",
            "max_file_bytes": plan.LARGEST,
            "concurrency": 8,
            "loopback": True,
        }

    @property
    def stub(self) -> S3Stub:
        """The stub that holds the bucket."""
        assert self._stub is not None
        return self._stub

    @property
    def row(self) -> Download:
        """The download's row."""
        return self.world.row

    @property
    def slices(self) -> int:
        """Into how many the file is cut."""
        return plan.plan(self.size).slice_count

    def copy(self, *, fan_out: int = 0) -> Outcome:
        """The first worker: streams the file, or plans slices above `fan_out` bytes."""
        return self._wired(Copy, fan_out_bytes=fan_out)(ARN, 800.0)

    def copy_slice(self, index: int) -> None:
        """The worker of one slice."""
        self._wired(CopySlice)(ARN, index, 120.0)

    def complete(self) -> Outcome:
        """The worker that puts the parts together."""
        return self._wired(Complete)(ARN, range(self.slices))

    def fail(self, code: str = TransferError.code) -> None:
        """What the state machine does at the end of a failure; this code is what it knows by itself."""
        self._wired(Fail, tell=self.world.tell)(ARN, Failure(code, "The transfer failed."))

    def in_slices(self) -> Outcome:
        """All of it, by many workers."""
        assert self.copy(fan_out=FAN_OUT)["outcome"] == "PLANNED"
        for index in range(self.slices):
            self.copy_slice(index)
        return self.complete()

    def assert_stored(self, *, grown: int = 0) -> None:
        """The object is the file, or what it has changed to; READY says so, and nothing else is left."""
        crc, size = 0, self.size + grown
        for block in OriginServer.blocks(0, size, version=int(grown > 0)):
            crc = zlib.crc32(block, crc)
        held = self.stub.bucket.objects[KEY]
        assert (held.size, held.crc32, held.checksum_type) == (size, crc, "FULL_OBJECT")
        assert held.metadata == {"download-id": DOWNLOAD_ID}
        assert not self.stub.bucket.uploads
        assert self.row.status is Status.READY
        assert self.row.stored is not None
        assert (self.row.stored.size, self.row.stored.checksum.value) == (size, crc32_text(crc))

    def _wired(self, kind: type[T], **more: Any) -> T:
        names = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # every use case is a dataclass
        return kind(**{name: adapter for name, adapter in self._adapters.items() if name in names}, **more)

    def assert_nothing_left(self) -> None:
        """No object that lies, no unfinished upload."""
        assert not self.stub.bucket.objects
        assert not self.stub.bucket.uploads
        assert self.row.status is not Status.READY
