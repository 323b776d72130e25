"""Planning: which file is copied in slices, and the upload that is noted before anything goes to it."""

from __future__ import annotations

import pytest

from runtime.errors import ServiceError, StorageError
from runtime.logic.copying import plan
from runtime.logic.copying.copy import MAX_FIRST_BYTE_SECONDS
from runtime.models import Status, Validator, Version
from tests.runtime.support.copying import assert_nothing_left, assert_stored, cancel_hook, is_failure
from tests.runtime.support.fakes import Asked, FakeBody, Upload
from tests.runtime.support.world import KEY, PART, OriginFile, World, content_of

SIZE = 10 * PART
VERSION = Version(Validator("etag", '"v1"'), "text/csv")
PLANNED = {"outcome": "PLANNED", "slices": [0, 1, 2, 3]}


def test_a_large_file_is_planned_and_its_upload_noted(world: World) -> None:
    """Only numbers travel; the probe's connection is closed and nothing is uploaded."""
    world.has()
    world.serve(OriginFile(content_of(SIZE)))
    assert world.copy(fan_out=SIZE - 1) == PLANNED
    row = world.row
    assert (row.status, row.upload_id, row.size, row.version) == (Status.COPYING, "upload-1", SIZE, VERSION)
    assert world.objects.uploads["upload-1"].metadata == {"download-id": row.download_id}
    assert world.objects.uploads["upload-1"].content_type == "text/csv"
    assert world.objects.calls == {"create_upload": 1}
    assert [body.closed for body in world.origins.bodies] == [True]


def test_last_modified_is_a_validator_too(world: World) -> None:
    """Where it is strong."""
    world.has()
    modified = "Mon, 23 Nov 2026 12:00:00 GMT"
    world.serve(OriginFile(content_of(SIZE), etag='W/"v1"', last_modified=modified))
    assert world.copy(fan_out=1) == PLANNED
    assert world.row.version == Version(Validator("last-modified", modified), "text/csv")


@pytest.mark.parametrize(
    ("file", "fan_out"),
    [
        (OriginFile(content_of(SIZE)), SIZE),
        (OriginFile(content_of(SIZE)), 0),
        (OriginFile(content_of(SIZE), ranges=False), 1),
        (OriginFile(content_of(SIZE), ranges=False, length=False), 1),
        (OriginFile(content_of(SIZE), etag='W/"v1"'), 1),
        (OriginFile(content_of(SIZE), etag=None), 1),
    ],
    ids=["not-large", "never", "no-ranges", "no-length", "weak", "no-validator"],
)
def test_what_one_worker_does_better_or_alone(world: World, file: OriginFile, fan_out: int) -> None:
    """Ranges of one version have to be proved, not believed."""
    world.has()
    world.serve(file)
    assert world.copy(fan_out=fan_out) == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_a_client_that_expects_a_sha256_gets_one_worker(world: World) -> None:
    """It needs the bytes in order."""
    world.has(sha256="ab" * 32)
    world.serve(OriginFile(content_of(SIZE)))
    assert is_failure("CHECKSUM_MISMATCH", world.copy(fan_out=1))


def test_an_origin_that_is_slow_to_begin_is_not_asked_for_every_part(world: World) -> None:
    """Each of them could take as long as the first."""
    world.has()
    file = OriginFile(content_of(SIZE))

    def answer(asked: Asked) -> FakeBody:
        world.clock.time += MAX_FIRST_BYTE_SECONDS + 1
        return file(asked)

    world.origins.answer = answer
    assert world.copy(fan_out=1) == {"outcome": "STORED"}


def test_a_file_that_one_worker_could_not_carry_is_planned(world: World) -> None:
    """The limit of the streaming worker is not the limit."""
    world.has()
    world.serve(OriginFile(content_of(SIZE)))
    assert world.copy(fan_out=1, largest=SIZE - 1) == PLANNED


@pytest.mark.parametrize(("size", "fits"), [(plan.LARGEST, True), (plan.LARGEST + 1, False)])
def test_what_s3_cannot_hold_is_refused_at_once(world: World, size: int, fits: bool) -> None:
    """With the reason, before an upload is begun."""
    world.has()
    headers = {"content-range": f"bytes 0-{PART - 1}/{size}", "etag": '"v1"'}
    world.origins.answer = lambda _asked: FakeBody(206, headers, content_of(PART))
    outcome = world.copy(fan_out=1, cut=plan.plan)
    assert (outcome["outcome"] == "PLANNED") is fits
    assert fits or (is_failure("FILE_TOO_LARGE", outcome) and world.objects.calls == {})


@pytest.mark.parametrize("uploaded", [True, False], ids=["there", "gone"])
def test_another_try_goes_on_with_the_upload_of_the_same_version(world: World, uploaded: bool) -> None:
    """Its answer was lost; parts may be there already."""
    world.has(status=Status.COPYING, upload_id="old", version=VERSION, size=SIZE)
    if uploaded:
        world.objects.uploads["old"] = Upload(KEY, "text/csv", {})
    world.serve(OriginFile(content_of(SIZE)))
    assert world.copy(fan_out=1) == PLANNED
    assert world.row.upload_id == ("old" if uploaded else "upload-1")


@pytest.mark.parametrize(
    ("version", "size"),
    [(Version(Validator("etag", '"v0"'), "text/csv"), SIZE), (VERSION, SIZE - 1), (None, None)],
    ids=["version", "size", "streamed"],
)
def test_the_upload_of_another_version_is_dropped(world: World, version: Version | None, size: int | None) -> None:
    """Its parts are of no use."""
    world.has(status=Status.COPYING, upload_id="old", version=version, size=size)
    world.objects.uploads["old"] = Upload(KEY, "text/csv", {})
    world.serve(OriginFile(content_of(SIZE)))
    assert world.copy(fan_out=1) == PLANNED
    assert set(world.objects.uploads) == {world.row.upload_id} == {"upload-1"}
    assert world.row.version == VERSION


def test_a_planned_upload_is_dropped_when_one_worker_has_to_do(world: World) -> None:
    """The origin has forgotten ranges between two tries."""
    world.has(status=Status.COPYING, upload_id="old", version=VERSION, size=SIZE)
    world.objects.uploads["old"] = Upload(KEY, "text/csv", {})
    file = world.serve(OriginFile(content_of(SIZE), ranges=False))
    assert world.copy(fan_out=1) == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert world.row.version is None


def test_a_cancel_before_the_upload_is_noted_leaves_nothing(world: World) -> None:
    """What was begun is aborted by who began it."""
    world.has()
    world.serve(OriginFile(content_of(SIZE)))
    world.objects.fail = lambda operation: cancel_hook(world)() if operation == "create_upload" else None
    assert is_failure("STOPPED", world.copy(fan_out=1))
    assert_nothing_left(world)


def test_an_upload_that_cannot_be_noted_is_aborted(world: World) -> None:
    """Nobody would find it."""
    world.has()
    world.serve(OriginFile(content_of(SIZE)))

    def busy(operation: str) -> None:
        if operation == "downloads.begin_upload":
            raise ServiceError("UpdateItem", "ThrottlingException")

    world.downloads.before = busy
    with pytest.raises(ServiceError):
        world.copy(fan_out=1)
    assert_nothing_left(world)


def test_a_bucket_that_is_busy_is_raised_for_another_try(world: World) -> None:
    """The state machine tries again."""
    world.has()
    world.serve(OriginFile(content_of(SIZE)))

    def busy(operation: str) -> None:
        raise StorageError(operation, "SlowDown")

    world.objects.fail = busy
    with pytest.raises(StorageError):
        world.copy(fan_out=1)
