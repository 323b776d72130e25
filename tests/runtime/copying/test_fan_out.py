"""Planning: files that are copied in slices, and the upload that is recorded before its first part."""

from __future__ import annotations

import pytest

from runtime.errors import ServiceError, StorageError
from runtime.logic.copying import plan
from runtime.logic.copying.copy import MAX_FIRST_BYTE_SECONDS
from runtime.models import Status, Validator, Version
from tests.runtime.support.copying import assert_nothing_left, assert_stored, cancel_hook, is_failure
from tests.runtime.support.fakes import FakeBody, OriginRequest, Upload
from tests.runtime.support.fakes.hooks import fail_at
from tests.runtime.support.world import KEY, PART, OriginFile, World, content_of

SIZE = 10 * PART
VERSION = Version(Validator("etag", '"v1"'), "text/csv")
PLANNED = {"outcome": "PLANNED", "slices": [0, 1, 2, 3]}


def test_large_file_is_planned_and_its_upload_recorded(world: World) -> None:
    """The outcome holds only numbers; the probe's connection is closed and nothing is uploaded."""
    world.put_file(OriginFile(content_of(SIZE)))
    assert world.copy(fan_out=SIZE - 1) == PLANNED
    row = world.row
    assert (row.status, row.upload_id, row.size, row.version) == (Status.COPYING, "upload-1", SIZE, VERSION)
    assert world.objects.uploads["upload-1"].metadata == {"download-id": row.download_id}
    assert world.objects.uploads["upload-1"].content_type == "text/csv"
    assert world.objects.calls == {"create_upload": 1}
    assert [body.closed for body in world.origins.bodies] == [True]


def test_strong_last_modified_is_a_validator(world: World) -> None:
    world.put_download()
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
def test_file_without_ranges_or_validator_is_copied_by_one_worker(world: World, file: OriginFile, fan_out: int) -> None:
    world.put_file(file)
    assert world.copy(fan_out=fan_out) == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_file_with_an_expected_sha256_is_copied_by_one_worker(world: World) -> None:
    """SHA-256 needs the bytes in order."""
    world.put_file(OriginFile(content_of(SIZE)), sha256="ab" * 32)
    assert is_failure("CHECKSUM_MISMATCH", world.copy(fan_out=1))


def test_file_of_a_slow_origin_is_copied_by_one_worker(world: World) -> None:
    """Each part could take as long as the first."""
    world.put_download()
    file = OriginFile(content_of(SIZE))

    def answer(request: OriginRequest) -> FakeBody:
        world.clock.time += MAX_FIRST_BYTE_SECONDS + 1
        return file.answer(request)

    world.origins.answer = answer
    assert world.copy(fan_out=1) == {"outcome": "STORED"}


def test_file_above_the_streaming_limit_is_planned(world: World) -> None:
    world.put_file(OriginFile(content_of(SIZE)))
    assert world.copy(fan_out=1, largest=SIZE - 1) == PLANNED


@pytest.mark.parametrize(("size", "fits"), [(plan.LARGEST, True), (plan.LARGEST + 1, False)])
def test_file_that_s3_cannot_hold_is_refused_before_an_upload(world: World, size: int, fits: bool) -> None:
    world.put_download()
    headers = {"content-range": f"bytes 0-{PART - 1}/{size}", "etag": '"v1"'}
    world.origins.answer = lambda _request: FakeBody(206, headers, content_of(PART))
    outcome = world.copy(fan_out=1, cut=plan.plan)
    assert (outcome["outcome"] == "PLANNED") is fits
    assert fits or (is_failure("FILE_TOO_LARGE", outcome) and world.objects.calls == {})


@pytest.mark.parametrize("uploaded", [True, False], ids=["there", "gone"])
def test_next_attempt_continues_the_upload_of_the_same_version(world: World, uploaded: bool) -> None:
    """Its result was lost; parts may be stored already."""
    world.put_download(status=Status.COPYING, upload_id="old", version=VERSION, size=SIZE)
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
def test_upload_of_another_version_is_dropped(world: World, version: Version | None, size: int | None) -> None:
    world.put_download(status=Status.COPYING, upload_id="old", version=version, size=size)
    world.objects.uploads["old"] = Upload(KEY, "text/csv", {})
    world.serve(OriginFile(content_of(SIZE)))
    assert world.copy(fan_out=1) == PLANNED
    assert set(world.objects.uploads) == {world.row.upload_id} == {"upload-1"}
    assert world.row.version == VERSION


def test_planned_upload_is_dropped_if_the_origin_stops_offering_ranges(world: World) -> None:
    world.put_download(status=Status.COPYING, upload_id="old", version=VERSION, size=SIZE)
    world.objects.uploads["old"] = Upload(KEY, "text/csv", {})
    file = world.serve(OriginFile(content_of(SIZE), ranges=False))
    assert world.copy(fan_out=1) == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert world.row.version is None


def test_cancel_before_the_upload_is_recorded_leaves_nothing(world: World) -> None:
    world.put_file(OriginFile(content_of(SIZE)))
    world.objects.before_call = lambda operation: cancel_hook(world)() if operation == "create_upload" else None
    assert is_failure("STOPPED", world.copy(fan_out=1))
    assert_nothing_left(world)


def test_upload_that_cannot_be_recorded_is_aborted(world: World) -> None:
    world.put_file(OriginFile(content_of(SIZE)))

    world.downloads.before_call = fail_at("downloads.begin_upload", ServiceError("UpdateItem", "ThrottlingException"))
    with pytest.raises(ServiceError):
        world.copy(fan_out=1)
    assert_nothing_left(world)


def test_s3_error_is_raised_for_the_next_attempt(world: World) -> None:
    world.put_file(OriginFile(content_of(SIZE)))
    world.objects.before_call = fail_at("create_upload", StorageError("create_upload", "SlowDown"))
    with pytest.raises(StorageError):
        world.copy(fan_out=1)
