"""Streamed parts over TLS: sent once, in chunks with their CRC-32 behind them, read anew when S3 did not take them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.httpsession import BUFFER_SIZE

from localcloud.origin import Origin as OriginServer
from runtime.errors import OriginTruncatedError, StorageError
from runtime.logic.copying import plan
from runtime.logic.copying.copy import Copy
from runtime.logic.copying.outcome import Outcome
from runtime.logic.slices import part_stream
from runtime.logic.slices.complete import Complete
from runtime.logic.slices.copy_slice import CopySlice
from tests.runtime.support.s3_stub import S3Stub
from tests.runtime.support.s3_stub.chunks import MIN_CHUNK
from tests.runtime.support.whole import HttpWorld
from tests.runtime.support.world import ARN

PART = 20 * plan.MIB  # more than a worker holds
SIZE = 4 * PART + 12_345


def cut(size: int) -> plan.Plan:
    """As a file of hundreds of gigabytes is cut: two parts to a slice."""
    return plan.Plan(size, PART, 2)


class Streamed(HttpWorld):
    """A file whose parts are too large to be held."""

    def copy(self, *, fan_out: int = 1) -> Outcome:
        return self._build(Copy, fan_out_bytes=fan_out, cut=cut).run(ARN, 800.0)

    def copy_slice(self, index: int) -> None:
        self._build(CopySlice, cut=cut).run(ARN, index, 120.0)

    def complete(self) -> Outcome:
        return self._build(Complete, cut=cut).run(ARN, range(self.slice_count))

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
    assert file.copy_in_slices() == {"outcome": "STORED"}
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
    assert file.copy_in_slices() == {"outcome": "STORED"}
    assert file.stub.calls["UploadPart"] == 6
    file.assert_stored()


def test_a_bucket_that_stays_busy_is_left_to_another_worker(file: Streamed) -> None:
    """Which finds what is there."""
    file.stub.faults.slow_down("UploadPart", part=2, times=4)
    with pytest.raises(StorageError):
        file.copy_in_slices()
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
        assert file.copy_in_slices() == {"outcome": "STORED"}
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


@pytest.fixture
def quick_drips(monkeypatch: pytest.MonkeyPatch, s3_stub: S3Stub) -> None:
    """Let S3 end an idle upload after 1.5 s in place of 20, and send a little every half second in place of 10."""
    s3_stub.idle_seconds = 1.5
    monkeypatch.setattr(part_stream, "DRIP_SECONDS", 0.5)
    monkeypatch.setattr(part_stream, "CHECK_SECONDS", 0.05)


@pytest.mark.usefixtures("quick_drips")
@pytest.mark.parametrize("after", [1, 3], ids=["before the first piece", "between two pieces"])
def test_a_part_outlives_an_origin_that_pauses_for_longer_than_s3_waits(s3_stub: S3Stub, after: int) -> None:
    """Nothing is sent twice: S3 is connected to when there are bytes, and gets a few of them during the pause."""
    with OriginServer() as origin:  # its requests: the probe, and one for each of three pieces
        file = Streamed(s3_stub, origin, PART, f"stall_after=1000&stall=3&after={after}")
        assert file.copy()["outcome"] == "PLANNED"
        file.copy_slice(0)
        assert file.complete() == {"outcome": "STORED"}
        assert (s3_stub.calls["UploadPart"], s3_stub.idle_ended) == (1, 0)
        assert len(origin.requests) == 4
        file.assert_stored()


def test_an_upload_that_s3_ended_for_being_idle_is_begun_again(file: Streamed) -> None:
    """RequestTimeout is a 400 that another try may mend."""
    file.stub.faults.refuse("UploadPart", 400, "RequestTimeout", part=2)
    assert file.copy_in_slices() == {"outcome": "STORED"}
    assert file.stub.calls["UploadPart"] == 6
    file.assert_stored()


def test_a_drip_is_sent_at_once_and_there_are_enough_of_them() -> None:
    """Botocore collects 128 KiB before it sends, S3 refuses short aws-chunks, and a slice's worker has 120 s."""
    drip = plan.MIN_PART // 2 // part_stream.DRIPS
    assert drip > (BUFFER_SIZE or 0)
    assert drip >= MIN_CHUNK
    assert part_stream.DRIP_SECONDS <= 15
    assert part_stream.DRIPS * part_stream.DRIP_SECONDS > 120
