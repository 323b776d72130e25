"""Streamed parts over TLS: sent once, in chunks with a CRC-32 trailer, and read again if S3 refused them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.httpsession import BUFFER_SIZE

from localcloud.origin import Origin as OriginServer
from runtime.errors import OriginTruncatedError, StorageError
from runtime.logic.copying import plan
from runtime.logic.slices import part_stream
from tests.runtime.support.http_world import HttpWorld
from tests.runtime.support.s3_stub import S3Stub
from tests.runtime.support.s3_stub.chunks import MIN_CHUNK

PART = 20 * plan.MIB  # more than a worker holds
SIZE = 4 * PART + 12_345


class StreamedParts(HttpWorld):
    """A file whose parts are too large for a worker's memory."""

    def cut(self, size: int) -> plan.Plan:
        """Plan two parts to a slice, as for a file of hundreds of gigabytes."""
        return plan.Plan(size, PART, 2)


@pytest.fixture
def file(s3_stub: S3Stub) -> Iterator[StreamedParts]:
    """Return a file of five parts."""
    with OriginServer() as origin:
        yield StreamedParts(s3_stub, origin, SIZE)


def test_streamed_part_is_sent_in_chunks_with_a_checksum_trailer(file: StreamedParts) -> None:
    assert file.copy_in_slices() == {"outcome": "STORED"}
    file.assert_stored()
    parts = [request.headers for request in file.stub.requests if request.part is not None]
    assert len(parts) == 5
    for headers in parts:
        assert headers["content-encoding"] == "aws-chunked"
        assert headers["x-amz-trailer"] == "x-amz-checksum-crc32"
        assert headers["x-amz-content-sha256"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    assert sorted(int(headers["x-amz-decoded-content-length"]) for headers in parts) == [12_345, PART, PART, PART, PART]


@pytest.mark.parametrize("fault", ["slow_down", "cut", "lose_reply"])
def test_part_that_s3_refused_is_read_again(file: StreamedParts, fault: str) -> None:
    getattr(file.stub.faults, fault)("UploadPart", part=2)
    assert file.copy_in_slices() == {"outcome": "STORED"}
    assert file.stub.calls["UploadPart"] == 6
    file.assert_stored()


def test_bucket_that_stays_busy_is_left_to_the_next_worker(file: StreamedParts) -> None:
    file.stub.faults.slow_down("UploadPart", part=2, times=4)
    with pytest.raises(StorageError):
        file.copy_in_slices()
    file.copy_slice(0)
    file.copy_slice(1)
    file.copy_slice(2)
    assert file.stub.calls["UploadPart"] == 1 + 4 + 1 + 2 + 1
    assert file.complete() == {"outcome": "STORED"}
    file.assert_stored()


def test_cut_of_the_origin_is_resumed_within_the_part(s3_stub: S3Stub) -> None:
    with OriginServer() as origin:
        file = StreamedParts(s3_stub, origin, SIZE, "close_after=5000000&times=3")
        assert file.copy_in_slices() == {"outcome": "STORED"}
        assert s3_stub.calls["UploadPart"] == 5
        file.assert_stored()


def test_origin_that_keeps_failing_leaves_no_incomplete_part(s3_stub: S3Stub) -> None:
    """S3 got fewer bytes than announced and refused the part."""
    with OriginServer() as origin:
        file = StreamedParts(s3_stub, origin, SIZE, "reset_after=100&after=5")
        assert file.copy(fan_out=1)["outcome"] == "PLANNED"
        with pytest.raises(OriginTruncatedError):
            file.copy_slice(0)
        assert file.row.upload_id is not None
        assert {part.size for part in s3_stub.bucket.uploads[file.row.upload_id].parts.values()} <= {PART}
        file.fail()
        file.assert_nothing_left()
        assert file.row.failure is not None
        assert file.row.failure.code == "ORIGIN_TRUNCATED"


@pytest.fixture
def fast_idle_timeout(monkeypatch: pytest.MonkeyPatch, s3_stub: S3Stub) -> None:
    """Let S3 end an idle upload after 1.5 s instead of 20, and send bytes every 0.5 s instead of 10."""
    s3_stub.idle_seconds = 1.5
    monkeypatch.setattr(part_stream, "DRIP_SECONDS", 0.5)
    monkeypatch.setattr(part_stream, "CHECK_SECONDS", 0.05)


@pytest.mark.usefixtures("fast_idle_timeout")
@pytest.mark.parametrize("after", [1, 3], ids=["before the first piece", "between two pieces"])
def test_part_survives_an_origin_that_pauses_longer_than_s3s_idle_timeout(s3_stub: S3Stub, after: int) -> None:
    """S3 is connected to once there are bytes, and gets a few of them during the pause."""
    with OriginServer() as origin:  # requests: the probe, and three pieces
        file = StreamedParts(s3_stub, origin, PART, f"stall_after=1000&stall=3&after={after}")
        assert file.copy(fan_out=1)["outcome"] == "PLANNED"
        file.copy_slice(0)
        assert file.complete() == {"outcome": "STORED"}
        assert (s3_stub.calls["UploadPart"], s3_stub.idle_ended) == (1, 0)
        assert len(origin.requests) == 4
        file.assert_stored()


def test_part_ended_by_request_timeout_is_sent_again(file: StreamedParts) -> None:
    """RequestTimeout is a 400 that may succeed later."""
    file.stub.faults.refuse("UploadPart", 400, "RequestTimeout", part=2)
    assert file.copy_in_slices() == {"outcome": "STORED"}
    assert file.stub.calls["UploadPart"] == 6
    file.assert_stored()


def test_bytes_during_a_pause_are_enough_for_botocore_and_s3() -> None:
    """Botocore buffers 128 KiB, S3 refuses short aws-chunks, and the worker of a slice has 120 s."""
    drip = plan.MIN_PART // 2 // part_stream.DRIPS
    assert drip > (BUFFER_SIZE or 0)
    assert drip >= MIN_CHUNK
    assert part_stream.DRIP_SECONDS <= 15
    assert part_stream.DRIPS * part_stream.DRIP_SECONDS > 120
