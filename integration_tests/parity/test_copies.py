"""`Copy`, `CopySlice` and `Complete` with parts of real sizes, into versitygw."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from integration_tests.parity.s3 import S3Server
from runtime.adapters.objects import S3Objects
from runtime.logic.complete import Complete
from runtime.logic.copy import Copy
from runtime.logic.copy_slice import CopySlice
from runtime.models import Status, crc32_text
from tests.runtime.world import ARN, ORIGIN, OriginFile, World, content_of

MIB = 1024**2
PREFIX = "downloads/"
TWO_PARTS_AND_MORE = 20 * MIB + 7  # of one stream, whose parts begin with 8 MiB
SLICED = 150 * MIB + 7


def workers(objects: S3Objects, file: OriginFile) -> tuple[World, dict[str, Any]]:
    """Return a world that serves the file, and the arguments that `Copy` and `CopySlice` share."""
    world = World()
    world.has()
    world.serve(file)
    return world, {
        "downloads": world.downloads,
        "objects": objects,
        "origins": world.origins,
        "secrets": world.secrets,
        "sockets": world.sockets,
        "clock": world.clock,
        "configured": {"reports": ORIGIN},
        "object_prefix": PREFIX,
    }


def assert_copied(world: World, server: S3Server, bucket: str, content: bytes) -> None:
    stored = world.row.stored
    assert world.row.status is Status.READY
    assert stored is not None
    assert (stored.size, stored.checksum.value) == (len(content), crc32_text(zlib.crc32(content)))
    answer = server.client().get_object(Bucket=bucket, Key=stored.key)
    assert answer["Body"].read() == content
    assert server.client().list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
@pytest.mark.parametrize("size", [0, 5, 8 * MIB, TWO_PARTS_AND_MORE])
def test_a_file_is_copied_by_one_worker(s3_server: S3Server, bucket: str, size: int, ranges: bool) -> None:  # noqa: FBT001
    content = content_of(size)
    world, arguments = workers(S3Objects(bucket), OriginFile(content, ranges=ranges))
    assert Copy(**arguments, fan_out_bytes=0)(ARN, 800.0)["outcome"] == "STORED"
    assert_copied(world, s3_server, bucket, content)


def test_a_large_file_is_copied_in_slices(s3_server: S3Server, bucket: str) -> None:
    content, objects = content_of(SLICED), S3Objects(bucket)
    world, arguments = workers(objects, OriginFile(content))
    planned = Copy(**arguments, fan_out_bytes=MIB)(ARN, 800.0)
    assert planned["outcome"] == "PLANNED"
    assert len(planned["slices"]) > 1
    for index in planned["slices"]:
        CopySlice(**arguments, concurrency=8)(ARN, index, 120.0)
    complete = Complete(world.downloads, objects, world.clock, PREFIX)
    assert complete(ARN, len(planned["slices"])) == {"outcome": "STORED"}
    assert_copied(world, s3_server, bucket, content)
