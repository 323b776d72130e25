"""CompleteMultipartUpload: what S3 looks at before it makes an object of parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree

from tests.runtime.support.s3_stub import crc32
from tests.runtime.support.s3_stub.answers import Refusal
from tests.runtime.support.s3_stub.stored import StoredPart, base64_of, crc32_of_checksums


@dataclass(frozen=True)
class Made:
    """The object that it comes to."""

    size: int
    crc32: int
    part_count: int


def completed(
    headers: Mapping[str, str], content: bytes, held: Mapping[int, StoredPart], checksum_type: str, least_part: int
) -> Made:
    """The parts that the body names, checked.

    Raises:
        Refusal: they make no object.
    """
    named = _named(content)
    if not named:
        raise Refusal(400, "MalformedXML", "no parts")
    if any(later[0] <= earlier[0] for earlier, later in pairwise(named)):
        raise Refusal(400, "InvalidPartOrder", "parts have to be named in order")
    for number, etag, checksum in named:
        part = held.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"') or checksum != part.checksum:
            raise Refusal(400, "InvalidPart", f"part {number} is not the one that is named")
    parts = [held[number] for number, _, _ in named]
    for part in parts[:-1]:
        if part.size < least_part:
            raise Refusal(400, "EntityTooSmall", f"part {part.number} has {part.size} bytes")
    size = sum(part.size for part in parts)
    if headers.get("x-amz-mp-object-size", str(size)) != str(size):
        raise Refusal(400, "InvalidRequest", "the parts do not add up to x-amz-mp-object-size")
    whole = 0
    for part in parts:
        whole = crc32.combine(whole, part.crc32, part.size)
    if checksum_type == "FULL_OBJECT":
        if headers.get("x-amz-checksum-crc32", base64_of(whole)) != base64_of(whole):
            raise Refusal(400, "BadDigest", "the checksum is not that of the whole")
        return Made(size, whole, len(parts))
    return Made(size, crc32_of_checksums(parts), len(parts))


def _named(content: bytes) -> list[tuple[int, str, str | None]]:
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  # our own SDK wrote it
    except ElementTree.ParseError:
        raise Refusal(400, "MalformedXML", "not XML") from None
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    return [
        (
            int(part.findtext(f"{space}PartNumber") or 0),
            part.findtext(f"{space}ETag") or "",
            part.findtext(f"{space}ChecksumCRC32"),
        )
        for part in root.findall(f"{space}Part")
    ]
