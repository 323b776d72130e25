"""What the tests of slices have in common."""

from __future__ import annotations

from runtime.models import Status
from tests.runtime.support.world import KEY, PART, OriginFile, World, content_of

SIZE = 10 * PART + 7
SLICES = 4


def planned(world: World, size: int = SIZE) -> OriginFile:
    """A download whose upload has begun; the origin has forgotten about the probe."""
    world.has()
    file = world.serve(OriginFile(content_of(size)))
    assert world.copy(fan_out=1)["outcome"] == "PLANNED"
    world.origins.asked.clear()
    world.objects.calls.clear()
    return file


def parts(world: World) -> dict[int, bytes]:
    """What S3 holds of the upload."""
    return world.objects.uploads["upload-1"].parts


def expected(file: OriginFile, index: int) -> dict[int, bytes]:
    """The parts of a slice."""
    numbers = range(index * 3 + 1, min(index * 3 + 3, -(-len(file.content) // PART)) + 1)
    return {number: file.content[(number - 1) * PART : number * PART] for number in numbers}


def assert_whole(world: World, file: OriginFile) -> None:
    """The object is the file, and nothing else is left."""
    assert world.complete() == {"outcome": "STORED"}
    assert world.objects.objects[KEY].body == file.content
    assert not world.objects.uploads
    row = world.row
    assert (row.status, row.copied_bytes, row.upload_id) == (Status.READY, len(file.content), None)
