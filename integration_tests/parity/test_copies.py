"""Copy files with parts of real sizes from an HTTP origin to versitygw."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest

from integration_tests.parity.s3 import S3Server
from localcloud.origin import Origin
from runtime.models import Status, crc32_text
from tests.runtime.support.http_world import HttpWorld

MIB = 1024**2
MORE_THAN_TWO_PARTS = 20 * MIB + 7  # of one stream, whose parts begin with 8 MiB
SLICED = 80 * MIB + 7  # two slices


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


def assert_copied(copied: HttpWorld, server: S3Server, bucket: str) -> None:
    content = Origin.content(copied.size)
    stored = copied.row.stored
    assert copied.row.status is Status.READY
    assert stored is not None
    assert (stored.size, stored.checksum.value) == (len(content), crc32_text(zlib.crc32(content)))
    assert server.client().get_object(Bucket=bucket, Key=stored.key)["Body"].read() == content
    assert server.client().list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


@pytest.mark.parametrize("options", ["", "ranges=no"])
@pytest.mark.parametrize("size", [0, 5, 8 * MIB, MORE_THAN_TWO_PARTS])
def test_a_file_is_copied_by_one_worker(
    s3_server: S3Server, bucket: str, origin: Origin, size: int, options: str
) -> None:
    copied = HttpWorld(None, origin, size, options, bucket=bucket)
    assert copied.copy()["outcome"] == "STORED"
    assert_copied(copied, s3_server, bucket)


def test_a_large_file_is_copied_in_slices(s3_server: S3Server, bucket: str, origin: Origin) -> None:
    copied = HttpWorld(None, origin, SLICED, bucket=bucket)
    assert copied.slice_count > 1
    assert copied.copy_in_slices() == {"outcome": "STORED"}
    assert_copied(copied, s3_server, bucket)
