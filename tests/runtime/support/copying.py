"""Helpers of the tests that copy: answers of an origin, and the state to expect at the end."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import replace

from runtime.models import Status
from tests.runtime.support.fakes import FakeBody, OriginRequest, do_nothing
from tests.runtime.support.world import ARN, DOWNLOAD_ID, KEY, World


def assert_stored(world: World, content: bytes) -> None:
    """Assert that the object equals the file, that the row describes it, and that no upload is left."""
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
    """Assert that neither an object nor an upload is left and that the download is not READY."""
    assert not world.objects.objects
    assert not world.objects.uploads
    assert world.row.status is not Status.READY


def is_failure(code: str, outcome: dict[str, object]) -> bool:
    """Return True if the outcome is a failure with this code and a message."""
    error = outcome.get("error")
    return (
        outcome["outcome"] == "FAILED" and isinstance(error, dict) and error["code"] == code and bool(error["message"])
    )


def partial_answer(**headers: str) -> FakeBody:
    """Return a 206 for the rest of a file of five parts, with these headers changed."""
    defaults = {"content-range": "bytes 1000-4999/5000", "content-length": "4000", "etag": '"v1"'}
    return FakeBody(206, defaults | {name.replace("_", "-"): value for name, value in headers.items()}, b"x" * 4000)


def range_request(range_: str) -> OriginRequest:
    """Return a request for a range."""
    return OriginRequest("https://reports.example.com/", {"Range": range_}, 1.0, do_nothing)


def cancel_hook(world: World) -> Callable[[], None]:
    """Return a function that cancels the download."""
    return lambda: world.downloads.rows.update({ARN: replace(world.row, status=Status.CANCELLED)})
