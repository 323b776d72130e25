"""Streamed parts over TLS: sent once, in chunks with their CRC-32 behind them, read anew when S3 did not take them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.origin import Origin as OriginServer
from runtime.errors import OriginTruncatedError, StorageError
from runtime.logic import plan
from runtime.logic.complete import Complete
from runtime.logic.copy import Copy
from runtime.logic.copy_slice import CopySlice
from runtime.logic.outcome import Outcome
from tests.runtime.s3_stub import S3Stub
from tests.runtime.whole import Whole
from tests.runtime.world import ARN

PART = 20 * plan.MIB  # more than a worker holds
SIZE = 4 * PART + 12_345


def cut(size: int) -> plan.Plan:
    """As a file of hundreds of gigabytes is cut: two parts to a slice."""
    return plan.Plan(size, PART, 2)


class Streamed(Whole):
    """A file whose parts are too large to be held."""

    def copy(self, *, fan_out: int = 1) -> Outcome:
        return self._wired(Copy, fan_out_bytes=fan_out, cut=cut)(ARN, 800.0)

    def copy_slice(self, index: int) -> None:
        self._wired(CopySlice, cut=cut)(ARN, index, 120.0)

    def complete(self) -> Outcome:
        return self._wired(Complete, cut=cut)(ARN, range(self.slices))

    @property
    def slices(self) -> int:
        return cut(self.size).slice_count


@pytest.fixture
def file(s3_stub: S3Stub) -> Iterator[Streamed]:
    """A file of five parts."""
    with OriginServer() as origin:
        yield Streamed(s3_stub, origin, SIZE)


def test_a_streamed_part_is_sent_in_chunks_with_its_checksum_behind_them(file: Streamed) -> None:
    """S3 refuses a body whose trailer is not its CRC-32."""
    assert file.in_slices() == {"outcome": "STORED"}
    file.assert_stored()
    parts = [request.headers for request in file.stub.requests if request.part is not None]
    assert len(parts) == 5
    for sent in parts:
        assert sent["content-encoding"] == "aws-chunked"
        assert sent["x-amz-trailer"] == "x-amz-checksum-crc32"
        assert sent["x-amz-content-sha256"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    assert sorted(int(sent["x-amz-decoded-content-length"]) for sent in parts) == [12_345, PART, PART, PART, PART]


@pytest.mark.parametrize("fault", ["slow_down", "cut", "lose_reply"])
def test_a_part_that_s3_did_not_take_is_read_anew(file: Streamed, fault: str) -> None:
    """Never rewound: the stub refuses a body that begins in its middle."""
    getattr(file.stub.faults, fault)("UploadPart", part=2)
    assert file.in_slices() == {"outcome": "STORED"}
    assert file.stub.calls["UploadPart"] == 6
    file.assert_stored()


def test_a_bucket_that_stays_busy_is_left_to_another_worker(file: Streamed) -> None:
    """Which finds what is there."""
    file.stub.faults.slow_down("UploadPart", part=2, times=4)
    with pytest.raises(StorageError):
        file.in_slices()
    file.copy_slice(0)
    file.copy_slice(1)
    file.copy_slice(2)
    assert file.stub.calls["UploadPart"] == 1 + 4 + 1 + 2 + 1
    assert file.complete() == {"outcome": "STORED"}
    file.assert_stored()


def test_an_origin_that_breaks_off_is_mended_while_s3_waits(s3_stub: S3Stub) -> None:
    """It costs no part."""
    with OriginServer() as origin:
        file = Streamed(s3_stub, origin, SIZE, "close_after=5000000&times=3")
        assert file.in_slices() == {"outcome": "STORED"}
        assert s3_stub.calls["UploadPart"] == 5
        file.assert_stored()


def test_an_origin_that_does_not_mend_leaves_no_part_that_lies(s3_stub: S3Stub) -> None:
    """S3 got less than was announced, and refused it; what is there is dropped in the end."""
    with OriginServer() as origin:
        file = Streamed(s3_stub, origin, SIZE, "reset_after=100&after=5")
        assert file.copy()["outcome"] == "PLANNED"
        with pytest.raises(OriginTruncatedError):
            file.copy_slice(0)
        assert file.row.upload_id is not None
        assert {part.size for part in s3_stub.bucket.uploads[file.row.upload_id].parts.values()} <= {PART}
        file.fail()
        file.assert_nothing_left()
        assert file.row.failure is not None
        assert file.row.failure.code == "ORIGIN_TRUNCATED"
