"""CompleteMultipartUpload: the checks of S3 before it makes an object of parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree

from tests.runtime.support.s3_stub import crc32
from tests.runtime.support.s3_stub.answers import S3Error
from tests.runtime.support.s3_stub.stored import StoredPart, base64_of, crc32_of_checksums


@dataclass(frozen=True)
class Completion:
    """Size, CRC-32 and number of parts of the new object."""

    size: int
    crc32: int
    part_count: int


def check_completion(
    headers: Mapping[str, str],
    content: bytes,
    stored_parts: Mapping[int, StoredPart],
    checksum_type: str,
    min_part: int,
) -> Completion:
    """Check the parts that the body names and return the object that they make.

    Raises:
        S3Error: S3 would refuse the parts.
    """
    references = _parse_parts(content)
    if not references:
        raise S3Error(400, "MalformedXML", "no parts")
    if any(following[0] <= previous[0] for previous, following in pairwise(references)):
        raise S3Error(400, "InvalidPartOrder", "parts have to be named in order")
    for number, etag, checksum in references:
        part = stored_parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"') or checksum != part.checksum:
            raise S3Error(400, "InvalidPart", f"part {number} is not the one that is named")
    parts = [stored_parts[number] for number, _, _ in references]
    for part in parts[:-1]:
        if part.size < min_part:
            raise S3Error(400, "EntityTooSmall", f"part {part.number} has {part.size} bytes")
    size = sum(part.size for part in parts)
    if headers.get("x-amz-mp-object-size", str(size)) != str(size):
        raise S3Error(400, "InvalidRequest", "the parts do not add up to x-amz-mp-object-size")
    combined = 0
    for part in parts:
        combined = crc32.combine(combined, part.crc32, part.size)
    if checksum_type == "FULL_OBJECT":
        if headers.get("x-amz-checksum-crc32", base64_of(combined)) != base64_of(combined):
            raise S3Error(400, "BadDigest", "the checksum is not that of the whole")
        return Completion(size, combined, len(parts))
    return Completion(size, crc32_of_checksums(parts), len(parts))


def _parse_parts(content: bytes) -> list[tuple[int, str, str | None]]:
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  # our own SDK wrote it
    except ElementTree.ParseError:
        raise S3Error(400, "MalformedXML", "not XML") from None
    namespace = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    return [
        (
            int(part.findtext(f"{namespace}PartNumber") or 0),
            part.findtext(f"{namespace}ETag") or "",
            part.findtext(f"{namespace}ChecksumCRC32"),
        )
        for part in root.findall(f"{namespace}Part")
    ]
