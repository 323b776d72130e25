"""A runtime with the real adapters of S3 and origins on real sockets; the tables and the clock are fakes."""

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
from runtime.logic.origin.fetch import FetchBuilder
from runtime.logic.slices.complete import Complete
from runtime.logic.slices.copy_slice import CopySlice
from runtime.models import Download, Failure, Origin, Status, crc32_text
from tests.runtime.support.s3_stub import S3Stub
from tests.runtime.support.world import ARN, DOWNLOAD_ID, KEY, World

PARTS_OF_A_SLICE = 8  # of a file that is cut by `plan.plan`, too
T = TypeVar("T")


class HttpWorld:
    """One download of a file of the origin server.

    Its parts have the real size, unless a test passes a smaller one, with which it copies an eighth of the bytes.
    """

    def __init__(
        self,
        stub: S3Stub | None,
        origin: OriginServer,
        size: int,
        options: str = "",
        *,
        bucket: str = "bucket",
        part_size: int = plan.MIN_PART,
    ) -> None:
        """Describe the file; without a stub the bucket is in another S3, and `stub` must not be used."""
        self._stub = stub
        self.origin = origin
        self.size = size
        self.part_size = part_size
        if stub is not None:
            stub.bucket.min_part_size = min(stub.bucket.min_part_size, part_size)
        self.world = World()
        path = f"files/{size}" + (f"?{options}" if options else "")
        self.world.put_download(origin="files", path=path)
        configured = {"files": Origin("files", origin.base_url, allow_http=True)}
        self._adapters: dict[str, Any] = {
            "downloads": self.world.downloads,
            "objects": S3Objects(bucket),
            "sockets": self.world.sockets,
            "clock": self.world.clock,
            "fetch_builder": FetchBuilder(HttpOrigins(), self.world.secrets, configured, loopback=True),
            "object_prefix": "downloads/",
            "max_file_bytes": plan.LARGEST,
            "concurrency": 8,
            "part_size": part_size,
            "cut": self.cut,
        }

    @property
    def stub(self) -> S3Stub:
        """Return the stub that holds the bucket."""
        assert self._stub is not None
        return self._stub

    @property
    def row(self) -> Download:
        """Return the download."""
        return self.world.row

    @property
    def slice_count(self) -> int:
        """Return the number of slices of the file."""
        return self.cut(self.size).slice_count

    def cut(self, size: int) -> plan.Plan:
        """Plan the parts of the file."""
        if self.part_size == plan.MIN_PART:
            return plan.plan(size)
        return plan.Plan(size, self.part_size, PARTS_OF_A_SLICE)

    def copy(self, *, fan_out: int = 0) -> Outcome:
        """Run the first worker: it copies the file, or plans slices above `fan_out` bytes."""
        return self._build(Copy, fan_out_bytes=fan_out).run(ARN, 800.0)

    def copy_slice(self, index: int) -> None:
        """Run the worker of one slice."""
        self._build(CopySlice).run(ARN, index, 120.0)

    def complete(self) -> Outcome:
        """Run the worker that completes the upload."""
        return self._build(Complete).run(ARN, range(self.slice_count))

    def fail(self, code: str = TransferError.code) -> None:
        """Run the worker that records a failure, with the error code of the state machine."""
        self._build(Fail, notifier=self.world.notifier).run(ARN, Failure(code, "The transfer failed."))

    def copy_in_slices(self) -> Outcome:
        """Copy the file with one worker per slice."""
        assert self.copy(fan_out=PARTS_OF_A_SLICE * self.part_size)["outcome"] == "PLANNED"
        for index in range(self.slice_count):
            self.copy_slice(index)
        return self.complete()

    def assert_stored(self, *, grown: int = 0) -> None:
        """Assert that the object equals the file, the row is READY and no upload is left.

        `grown` bytes were added to the file in its next version.
        """
        crc, size = 0, self.size + grown
        for block in OriginServer.blocks(0, size, version=int(grown > 0)):
            crc = zlib.crc32(block, crc)
        stored_object = self.stub.bucket.objects[KEY]
        assert (stored_object.size, stored_object.crc32, stored_object.checksum_type) == (size, crc, "FULL_OBJECT")
        assert stored_object.metadata == {"download-id": DOWNLOAD_ID}
        assert not self.stub.bucket.uploads
        assert self.row.status is Status.READY
        assert self.row.stored is not None
        assert (self.row.stored.size, self.row.stored.checksum.value) == (size, crc32_text(crc))

    def _build(self, use_case: type[T], **arguments: Any) -> T:
        names = {field.name for field in fields(use_case)}  # type: ignore[arg-type]  # every use case is a dataclass
        return use_case(**{name: adapter for name, adapter in self._adapters.items() if name in names}, **arguments)

    def assert_nothing_left(self) -> None:
        """Assert that neither an object nor an upload is left and that the download is not READY."""
        assert not self.stub.bucket.objects
        assert not self.stub.bucket.uploads
        assert self.row.status is not Status.READY
