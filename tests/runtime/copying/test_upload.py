"""Uploads of parts with a fixed number of reused buffers."""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Callable

import pytest

from runtime.errors import StorageError, TimedOutError
from runtime.logic.copying.upload import Buffers, PartUpload
from runtime.logic.origin.retries import Deadline
from runtime.ports import Part
from tests.runtime.support.fakes import FakeClock, FakeObjects
from tests.runtime.support.fakes.hooks import fail_at

KEY = "downloads/abc"


def deadline(seconds: float = 10.0) -> Deadline:
    """Return a deadline on a clock that stands still."""
    return Deadline(FakeClock(), seconds)


def start_upload(objects: FakeObjects, buffers: Buffers) -> PartUpload:
    """Return an upload without parts."""
    upload_id = objects.create_upload(KEY, content_type="text/csv", metadata={})
    return PartUpload(objects, KEY, upload_id, buffers)


def wait_in_each_part(wait: Callable[[float], object]) -> Callable[[str], None]:
    """Return a hook that lets every part wait."""

    def wait_if_part(operation: str) -> None:
        if operation == "upload_part":
            wait(10)

    return wait_if_part


def test_number_of_buffers_is_limited() -> None:
    buffers = Buffers(8, 2)
    first = buffers.take(deadline())
    assert len(first) == 8
    assert buffers.take(deadline()) is not first
    with pytest.raises(TimedOutError):
        buffers.take(deadline(0.01))
    buffers.give_back(first)
    assert buffers.take(deadline()) is first


def test_shortened_buffer_is_replaced() -> None:
    """The buffer of the last part is cut to its length."""
    buffers = Buffers(8, 1)
    short = buffers.take(deadline())
    del short[3:]
    buffers.give_back(short)
    assert len(buffers.take(deadline())) == 8


def test_parts_are_numbered_in_order_and_the_whole_is_hashed() -> None:
    objects, buffers = FakeObjects(min_part_size=4), Buffers(4, 3)
    upload = start_upload(objects, buffers)
    chunks = [bytes([number]) * 4 for number in range(20)]
    for chunk in chunks:
        buffer = buffers.take(deadline())
        buffer[:] = chunk
        upload.add(buffer)
    parts, sha256 = upload.finish(deadline())
    assert parts == [Part(number, f'"etag-{number}"', 4, zlib.crc32(chunk)) for number, chunk in enumerate(chunks, 1)]
    assert sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()


def test_two_of_three_buffers_are_uploaded_at_once() -> None:
    objects, buffers = FakeObjects(min_part_size=4), Buffers(4, 3)
    together = threading.Barrier(2)
    objects.before_call = wait_in_each_part(together.wait)
    upload = start_upload(objects, buffers)
    for _ in range(2):
        upload.add(buffers.take(deadline()))
    parts, _ = upload.finish(deadline())
    assert len(parts) == 2


def test_failed_part_fails_the_next_and_returns_its_buffer() -> None:
    objects, buffers = FakeObjects(min_part_size=4), Buffers(4, 1)

    objects.before_call = fail_at("upload_part", StorageError("upload_part", "SlowDown"))
    upload = start_upload(objects, buffers)

    def add_many() -> None:
        for _ in range(1000):
            upload.add(buffers.take(deadline()))

    with pytest.raises(StorageError, match="SlowDown"):
        add_many()
    upload.abandon()


def test_upload_that_takes_too_long_is_a_timeout() -> None:
    objects, buffers = FakeObjects(min_part_size=4), Buffers(4, 2)
    release = threading.Event()
    objects.before_call = wait_in_each_part(release.wait)
    upload = start_upload(objects, buffers)
    upload.add(buffers.take(deadline()))
    with pytest.raises(TimedOutError):
        upload.finish(deadline(0.01))
    release.set()
    upload.abandon()


def test_abandon_waits_for_a_part_in_flight_for_a_limited_time() -> None:
    """The part may recreate the upload; aborting again removes it."""
    objects, buffers = FakeObjects(min_part_size=4), Buffers(4, 2)
    release = threading.Event()
    objects.before_call = wait_in_each_part(release.wait)
    upload = start_upload(objects, buffers)
    upload.add(buffers.take(deadline()))
    upload.abandon(seconds=0.01)
    assert objects.bytes_in_flight == 4
    release.set()


def test_more_parts_than_s3_accepts_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.logic.copying.upload.MAX_PARTS", 2)
    objects, buffers = FakeObjects(min_part_size=4), Buffers(4, 2)
    upload = start_upload(objects, buffers)
    for _ in range(2):
        upload.add(buffers.take(deadline()))
    with pytest.raises(StorageError, match="TooManyParts"):
        upload.add(buffers.take(deadline()))
    upload.abandon()
