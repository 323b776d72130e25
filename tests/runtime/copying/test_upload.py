"""The buffers that go round, and the parts that they carry."""

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

KEY = "downloads/abc"


def deadline(seconds: float = 10.0) -> Deadline:
    """Time that does not pass by itself."""
    return Deadline(FakeClock(), seconds)


def begun(objects: FakeObjects, buffers: Buffers) -> PartUpload:
    """An upload without parts."""
    upload_id = objects.create_upload(KEY, content_type="text/csv", metadata={})
    return PartUpload(objects, KEY, upload_id, buffers)


def on_a_part(wait: Callable[[float], object]) -> Callable[[str], None]:
    """Let every part wait for something."""

    def called(operation: str) -> None:
        if operation == "upload_part":
            wait(10)

    return called


def test_there_are_only_so_many_buffers() -> None:
    """The next is waited for, and not for ever."""
    buffers = Buffers(8, 2)
    first = buffers.take(deadline())
    assert len(first) == 8
    assert buffers.take(deadline()) is not first
    with pytest.raises(TimedOutError):
        buffers.take(deadline(0.01))
    buffers.give_back(first)
    assert buffers.take(deadline()) is first


def test_a_shortened_buffer_is_replaced() -> None:
    """The last part's is cut to its length; it does not come back shorter."""
    buffers = Buffers(8, 1)
    short = buffers.take(deadline())
    del short[3:]
    buffers.give_back(short)
    assert len(buffers.take(deadline())) == 8


def test_parts_are_numbered_in_order_and_the_whole_is_hashed() -> None:
    """However they overlap."""
    objects, buffers = FakeObjects(min_part_size=4), Buffers(4, 3)
    upload = begun(objects, buffers)
    chunks = [bytes([number]) * 4 for number in range(20)]
    for chunk in chunks:
        buffer = buffers.take(deadline())
        buffer[:] = chunk
        upload.add(buffer)
    parts, sha256 = upload.finish(deadline())
    assert parts == [Part(n, f'"etag-{n}"', 4, zlib.crc32(chunk)) for n, chunk in enumerate(chunks, 1)]
    assert sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()


def test_parts_are_stored_while_others_are_read() -> None:
    """Two of three buffers are in flight at once."""
    objects, buffers = FakeObjects(min_part_size=4), Buffers(4, 3)
    together = threading.Barrier(2)
    objects.fail = on_a_part(together.wait)
    upload = begun(objects, buffers)
    for _ in range(2):
        upload.add(buffers.take(deadline()))
    parts, _ = upload.finish(deadline())
    assert len(parts) == 2


def test_a_part_that_fails_fails_the_next_and_gives_its_buffer_back() -> None:
    """Reading on would be for nothing."""
    objects, buffers = FakeObjects(min_part_size=4), Buffers(4, 1)

    def fail(operation: str) -> None:
        if operation == "upload_part":
            raise StorageError("upload_part", "SlowDown")

    objects.fail = fail
    upload = begun(objects, buffers)

    def add_on() -> None:
        for _ in range(1000):
            upload.add(buffers.take(deadline()))

    with pytest.raises(StorageError, match="SlowDown"):
        add_on()
    upload.abandon()


def test_storing_that_takes_too_long_is_a_time_out() -> None:
    """The worker has to clean up before Lambda ends it."""
    objects, buffers = FakeObjects(min_part_size=4), Buffers(4, 2)
    over = threading.Event()
    objects.fail = on_a_part(over.wait)
    upload = begun(objects, buffers)
    upload.add(buffers.take(deadline()))
    with pytest.raises(TimedOutError):
        upload.finish(deadline(0.01))
    over.set()
    upload.abandon()


def test_abandoning_waits_for_a_part_in_flight_but_not_for_ever() -> None:
    """It may bring the upload back; aborting again takes care of that."""
    objects, buffers = FakeObjects(min_part_size=4), Buffers(4, 2)
    over = threading.Event()
    objects.fail = on_a_part(over.wait)
    upload = begun(objects, buffers)
    upload.add(buffers.take(deadline()))
    upload.abandon(seconds=0.01)
    assert objects.held == 4
    over.set()


def test_no_more_parts_than_s3_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless body ends."""
    monkeypatch.setattr("runtime.logic.copying.upload.MAX_PARTS", 2)
    objects, buffers = FakeObjects(min_part_size=4), Buffers(4, 2)
    upload = begun(objects, buffers)
    for _ in range(2):
        upload.add(buffers.take(deadline()))
    with pytest.raises(StorageError, match="TooManyParts"):
        upload.add(buffers.take(deadline()))
    upload.abandon()
