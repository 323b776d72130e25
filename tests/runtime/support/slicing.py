"""Helpers of the tests that copy a file in slices."""

from __future__ import annotations

from runtime.models import Status
from tests.runtime.support.world import KEY, PART, OriginFile, World, content_of

SIZE = 10 * PART + 7
SLICES = 4


def start_upload(world: World, size: int = SIZE) -> OriginFile:
    """Create a download and start its multipart upload; clear the recorded requests and calls."""
    file = world.put_file(OriginFile(content_of(size)))
    assert world.copy(fan_out=1)["outcome"] == "PLANNED"
    world.origins.requests.clear()
    world.objects.calls.clear()
    return file


def uploaded_parts(world: World) -> dict[int, bytes]:
    """Return the parts that S3 holds of the upload."""
    return world.objects.uploads["upload-1"].parts


def expected_parts(file: OriginFile, index: int) -> dict[int, bytes]:
    """Return the parts of a slice."""
    numbers = range(index * 3 + 1, min(index * 3 + 3, -(-len(file.content) // PART)) + 1)
    return {number: file.content[(number - 1) * PART : number * PART] for number in numbers}


def complete_and_assert_stored(world: World, file: OriginFile) -> None:
    """Complete the download and assert that the object equals the file and no upload is left."""
    assert world.complete() == {"outcome": "STORED"}
    assert world.objects.objects[KEY].body == file.content
    assert not world.objects.uploads
    row = world.row
    assert (row.status, row.copied_bytes, row.upload_id) == (Status.READY, len(file.content), None)
