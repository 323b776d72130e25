"""What the tests of copying share: an origin's oddities, and what has to be true in the end."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import replace

from runtime.models import Status
from tests.runtime.support.fakes import Asked, FakeBody, nothing
from tests.runtime.support.world import ARN, DOWNLOAD_ID, KEY, World


def assert_stored(world: World, content: bytes) -> None:
    """The object is the file, the row says so and more, and nothing else is left."""
    assert world.objects.objects[KEY].body == content
    assert world.objects.objects[KEY].metadata == {"download-id": DOWNLOAD_ID}
    assert not world.objects.uploads
    row = world.row
    assert (row.status, row.size, row.copied_bytes, row.upload_id) == (Status.READY, len(content), len(content), None)
    assert row.stored is not None
    assert row.stored.sha256 == hashlib.sha256(content).hexdigest()
    assert row.stored.checksum.value == base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()
    assert row.stored.size == len(content)


def assert_nothing_left(world: World) -> None:
    """No object, no upload."""
    assert not world.objects.objects
    assert not world.objects.uploads
    assert world.row.status is not Status.READY


def failed(code: str, outcome: dict[str, object]) -> bool:
    """Whether an outcome is this failure."""
    error = outcome.get("error")
    return (
        outcome["outcome"] == "FAILED" and isinstance(error, dict) and error["code"] == code and bool(error["message"])
    )


def changed(**headers: str) -> FakeBody:
    """A 206 for the rest of a file of 5 parts, with other headers than before."""
    described = {"content-range": "bytes 1000-4999/5000", "content-length": "4000", "etag": '"v1"'}
    return FakeBody(206, described | {name.replace("_", "-"): value for name, value in headers.items()}, b"x" * 4000)


def asked_for(range_: str) -> Asked:
    """A request for a range."""
    return Asked("https://reports.example.com/", {"Range": range_}, 1.0, nothing)


def at_operation(name: str, action: Callable[[], None]) -> Callable[[str], None]:
    """Run something once, when an operation is called."""
    waiting = [action]

    def called(operation: str) -> None:
        if operation == name and waiting:
            waiting.pop()()

    return called


def cancel_in(world: World) -> Callable[[], None]:
    """A cancel that comes in the middle."""
    return lambda: world.downloads.rows.update({ARN: replace(world.row, status=Status.CANCELLED)})
