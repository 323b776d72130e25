"""The stub of S3 refuses what S3 refuses: what passes on it may be believed."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from runtime.adapters import aws
from tests.runtime.support.s3_stub import S3Stub, crc32
from tests.runtime.support.s3_stub.bodies import OneWayBody
from tests.runtime.support.s3_stub.chunks import AwsChunked, Chunked, CutOffError, buffered
from tests.runtime.support.s3_stub.stored import StoredPart

MIB = 1024**2
KEY = {"Bucket": "bucket", "Key": "a/b ü"}


def client(**settings: Any) -> Any:
    """A client that tries once."""
    return aws.session().create_client("s3", config=Config(retries={"total_max_attempts": 1}, **settings))


def code(call: Any, **parameters: Any) -> str:
    """What a call is refused with."""
    with pytest.raises(ClientError) as refused:
        call(**KEY, **parameters)
    return f"{refused.value.response['ResponseMetadata']['HTTPStatusCode']} {aws.code_of(refused.value)}"


def begin(s3: Any, kind: str = "FULL_OBJECT") -> dict[str, Any]:
    """An upload."""
    answer = s3.create_multipart_upload(**KEY, ChecksumAlgorithm="CRC32", ChecksumType=kind)
    return {"UploadId": answer["UploadId"]}


def part(s3: Any, upload: Mapping[str, Any], number: int, body: Any) -> dict[str, Any]:
    """One part, as completion wants to have it named."""
    answer = s3.upload_part(**KEY, **upload, PartNumber=number, Body=body, ChecksumAlgorithm="CRC32")
    return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": answer["ChecksumCRC32"]}


def crc(content: bytes) -> str:
    """A CRC-32 as S3 writes it."""
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_checksums_are_combined_rightly(first: bytes, second: bytes) -> None:
    """Of any two pieces."""
    assert crc32.combine(zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(first + second)


def test_a_whole_upload(s3_stub: S3Stub) -> None:
    """Its head has the checksum of the whole, and no byte was kept."""
    s3 = client()
    upload = begin(s3)
    contents = [b"a" * (5 * MIB), b"b" * (6 * MIB), b"c"]
    parts = [part(s3, upload, number, content) for number, content in enumerate(contents, 1)]
    s3.complete_multipart_upload(**KEY, **upload, MultipartUpload={"Parts": parts}, MpuObjectSize=11 * MIB + 1)
    head = s3.head_object(**KEY, ChecksumMode="ENABLED")
    whole = b"".join(contents)
    assert (head["ContentLength"], head["ChecksumCRC32"], head["ChecksumType"]) == (
        len(whole),
        crc(whole),
        "FULL_OBJECT",
    )
    assert hashlib.md5(whole).hexdigest() not in head["ETag"]  # noqa: S324  # S3's own, where KMS is not used
    assert s3_stub.bucket.objects[KEY["Key"]].content == b""
    assert not s3_stub.bucket.uploads


def test_a_composite_checksum(s3_stub: S3Stub) -> None:
    """Where it was asked for."""
    s3 = client()
    upload = begin(s3, "COMPOSITE")
    parts = [part(s3, upload, 1, b"a" * (5 * MIB)), part(s3, upload, 2, b"b")]
    s3.complete_multipart_upload(**KEY, **upload, MultipartUpload={"Parts": parts})
    of_parts = b"".join(base64.b64decode(named["ChecksumCRC32"]) for named in parts)
    assert s3_stub.bucket.objects[KEY["Key"]].checksum == f"{crc(of_parts)}-2"


def test_a_streamed_body_comes_in_aws_chunks_with_a_trailer(s3_stub: S3Stub) -> None:
    """And is checked by it."""
    s3 = client()
    upload = begin(s3)
    body = OneWayBody(5 * MIB + 7)
    s3.upload_part(**KEY, **upload, PartNumber=1, Body=body, ContentLength=len(body), ChecksumAlgorithm="CRC32")
    sent = s3_stub.requests[-1].headers
    assert (sent["content-encoding"], sent["x-amz-trailer"]) == ("aws-chunked", "x-amz-checksum-crc32")
    stored = s3_stub.bucket.uploads[upload["UploadId"]].parts[1]
    assert (stored.size, stored.crc32) == (5 * MIB + 7, body.crc32)


def test_a_streamed_body_that_is_shorter_than_it_says_is_refused(s3_stub: S3Stub) -> None:
    """IncompleteBody."""
    s3 = client()
    upload = begin(s3)
    body = OneWayBody(200)
    body.read(100)
    short = {"Body": body, "ContentLength": 200, "ChecksumAlgorithm": "CRC32"}
    assert code(s3.upload_part, **upload, PartNumber=1, **short) == "400 IncompleteBody"
    assert not s3_stub.bucket.uploads[upload["UploadId"]].parts


def test_a_streamed_body_that_the_sdk_sends_again_is_refused(s3_stub: S3Stub) -> None:
    """It can be sent by whoever can make it anew only: the SDK has read it."""
    retrying = aws.session().create_client("s3", config=Config(retries={"mode": "standard"}))
    upload = begin(retrying)
    s3_stub.faults.lose_reply("UploadPart")
    body = {"Body": io.BytesIO(b"a" * MIB), "ChecksumAlgorithm": "CRC32"}
    assert code(retrying.upload_part, **upload, PartNumber=1, **body) == "400 InvalidRequest"
    assert s3_stub.calls["UploadPart"] == 2


def test_wrong_bytes_are_refused(s3_stub: S3Stub) -> None:
    """And those without a checksum too."""
    s3 = client()
    upload = begin(s3)
    wrong = {"Body": b"abc", "ChecksumCRC32": crc(b"abd")}
    assert code(s3.put_object, **wrong) == "400 BadDigest"
    assert code(s3.upload_part, **upload, PartNumber=1, **wrong) == "400 BadDigest"
    unchecked = client(request_checksum_calculation="when_required")
    assert code(unchecked.upload_part, **upload, PartNumber=1, Body=b"abc") == "400 InvalidRequest"
    assert not s3_stub.bucket.objects


@pytest.mark.parametrize("number", [0, 10_001])
def test_a_part_has_a_number_from_1_to_10000(s3_stub: S3Stub, number: int) -> None:
    """InvalidArgument."""
    s3 = client()
    assert code(s3.upload_part, **begin(s3), PartNumber=number, Body=b"x") == "400 InvalidArgument"
    assert s3_stub.calls["UploadPart"] == 1


def test_completion_is_checked(s3_stub: S3Stub) -> None:
    """Sizes, order, ETags, the size and the checksum of the whole; the upload stays."""
    s3 = client()
    upload = begin(s3)
    small, large, last = (part(s3, upload, number, b"x" * size) for number, size in ((1, 9), (2, 5 * MIB), (3, 1)))
    complete = s3.complete_multipart_upload

    def refused(*parts: Mapping[str, Any], **more: Any) -> str:
        return code(complete, **upload, MultipartUpload={"Parts": list(parts)}, **more)

    assert refused(small, large) == "400 EntityTooSmall"
    assert refused(last, large) == "400 InvalidPartOrder"
    assert refused(large, large) == "400 InvalidPartOrder"
    assert refused() == "400 MalformedXML"
    assert refused(large, last | {"ETag": '"other"'}) == "400 InvalidPart"
    assert refused(large, last | {"ChecksumCRC32": "AAAAAA=="}) == "400 InvalidPart"
    assert refused(large, last | {"PartNumber": 4}) == "400 InvalidPart"
    assert refused(large, last, MpuObjectSize=7) == "400 InvalidRequest"
    assert refused(large, last, ChecksumCRC32="AAAAAA==") == "400 BadDigest"
    assert len(s3_stub.bucket.uploads) == 1
    complete(**KEY, **upload, MultipartUpload={"Parts": [large, last]}, ChecksumCRC32=crc(b"x" * (5 * MIB + 1)))
    assert code(complete, **upload, MultipartUpload={"Parts": [large, last]}) == "404 NoSuchUpload"


def test_a_part_that_was_stored_again_is_another(s3_stub: S3Stub) -> None:
    """Even with the same bytes, as with KMS: InvalidPart."""
    s3 = client()
    upload = begin(s3)
    first = part(s3, upload, 1, b"x")
    second = part(s3, upload, 1, b"x")
    assert code(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": [first]}) == "400 InvalidPart"
    s3.complete_multipart_upload(**KEY, **upload, MultipartUpload={"Parts": [second]})
    assert s3_stub.bucket.objects


def test_nothing_is_overwritten_where_that_is_asked(s3_stub: S3Stub) -> None:
    """412, and the upload stays to be aborted."""
    s3 = client()
    s3.put_object(**KEY, Body=b"first", IfNoneMatch="*")
    assert code(s3.put_object, Body=b"second", IfNoneMatch="*") == "412 PreconditionFailed"
    upload = begin(s3)
    parts = {"Parts": [part(s3, upload, 1, b"x")]}
    complete = s3.complete_multipart_upload
    assert code(complete, **upload, MultipartUpload=parts, IfNoneMatch="*") == "412 PreconditionFailed"
    assert s3_stub.bucket.objects[KEY["Key"]].content == b"first"
    assert s3_stub.bucket.uploads


def test_a_conflict_makes_an_upload_useless(s3_stub: S3Stub) -> None:
    """409 for good; only an abort helps."""
    s3 = client()
    upload = begin(s3)
    parts = {"Parts": [part(s3, upload, 1, b"x")]}
    s3_stub.faults.conflict("CompleteMultipartUpload")
    for _ in range(2):
        refused = code(s3.complete_multipart_upload, **upload, MultipartUpload=parts)
        assert refused == "409 ConditionalRequestConflict"
    s3.abort_multipart_upload(**KEY, **upload)
    assert not s3_stub.bucket.uploads


def test_parts_are_listed_by_the_thousand(s3_stub: S3Stub) -> None:
    """Whatever is asked for."""
    s3 = client()
    upload = begin(s3)
    for number in range(1, 1003):
        s3_stub.bucket.uploads[upload["UploadId"]].parts[number] = _tiny(number)
    page = s3.list_parts(**KEY, **upload, MaxParts=5000)
    assert (len(page["Parts"]), page["IsTruncated"], page["NextPartNumberMarker"]) == (1000, True, 1000)
    page = s3.list_parts(**KEY, **upload, PartNumberMarker=1000)
    assert ([item["PartNumber"] for item in page["Parts"]], page["IsTruncated"]) == ([1001, 1002], False)


def test_a_part_in_flight_brings_an_aborted_upload_back(s3_stub: S3Stub) -> None:
    """So an abort has to be repeated."""
    s3 = client()
    upload = begin(s3)
    s3_stub.faults.before("UploadPart", lambda: other.abort_multipart_upload(**KEY, **upload))
    other = client()
    part(s3, upload, 1, b"x")
    assert len(s3.list_parts(**KEY, **upload)["Parts"]) == 1
    s3.abort_multipart_upload(**KEY, **upload)
    assert code(s3.list_parts, **upload) == "404 NoSuchUpload"


def test_an_early_refusal_saves_the_body(s3_stub: S3Stub) -> None:
    """A client that waits for 100 Continue sends nothing."""
    s3 = client()
    upload = begin(s3)
    s3_stub.faults.slow_down("UploadPart")
    sent = {"Body": OneWayBody(MIB), "ContentLength": MIB, "ChecksumAlgorithm": "CRC32"}
    assert code(s3.upload_part, **upload, PartNumber=1, **sent) == "503 SlowDown"
    assert s3_stub.received == 0
    assert (
        code(s3.upload_part, UploadId="none", PartNumber=1, Body=OneWayBody(9), ContentLength=9) == "404 NoSuchUpload"
    )


def test_other_faults_happen_as_often_as_asked(s3_stub: S3Stub) -> None:
    """To the operation and the part that were named."""
    s3 = client(read_timeout=0.3)
    upload = begin(s3)
    s3_stub.faults.refuse("UploadPart", 500, "InternalError", times=2, part=2)
    part(s3, upload, 1, b"x")
    for _ in range(2):
        assert code(s3.upload_part, **upload, PartNumber=2, Body=b"x") == "500 InternalError"
    parts = {"Parts": [part(s3, upload, 2, b"x")]}
    s3_stub.faults.cut("UploadPart")
    with pytest.raises((ConnectionClosedError, HTTPClientError, SSLError)):
        part(s3, upload, 3, b"x" * MIB)
    assert 3 not in s3_stub.bucket.uploads[upload["UploadId"]].parts
    s3_stub.faults.hold("UploadPart")
    with pytest.raises(ReadTimeoutError):
        part(s3, upload, 3, b"x")
    s3_stub.faults.refuse_in_200("CompleteMultipartUpload", "InternalError")
    assert code(s3.complete_multipart_upload, **upload, MultipartUpload=parts) == "500 InternalError"
    s3_stub.faults.lose_reply("CompleteMultipartUpload")
    with pytest.raises(ConnectionClosedError):
        s3.complete_multipart_upload(**KEY, **upload, MultipartUpload=parts)
    assert KEY["Key"] in s3_stub.bucket.objects
    assert s3_stub.faults.remaining == 0


def test_an_upload_on_which_nothing_comes_is_ended(s3_stub: S3Stub) -> None:
    """RequestTimeout, as S3 answers after about 20 s, or a connection that was closed; nothing is stored."""
    s3 = client()
    upload = begin(s3)
    s3_stub.idle_seconds = 0.1

    class Silent(OneWayBody):
        def read(self, most: int = -1) -> bytes:
            s3_stub.closed.wait(0.5)
            return super().read(most)

    parameters: dict[str, Any] = {"Body": Silent(200), "ContentLength": 200, "ChecksumAlgorithm": "CRC32"}
    with pytest.raises((ClientError, BotoCoreError)):
        s3.upload_part(**KEY, **upload, PartNumber=1, **parameters)
    assert s3_stub.idle_ended == 1
    assert not s3_stub.bucket.uploads[upload["UploadId"]].parts


def test_only_who_trusts_its_certificate_speaks_to_it(s3_stub: S3Stub) -> None:
    """TLS is real."""
    session = Session()
    session.set_credentials("test", "test")
    distrustful = session.create_client(
        "s3", "eu-central-1", endpoint_url=s3_stub.url, config=Config(retries={"total_max_attempts": 1})
    )
    with pytest.raises(SSLError):
        distrustful.head_object(**KEY)
    assert not s3_stub.requests


@pytest.mark.parametrize(
    ("wire", "content"),
    [(b"3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n", b"abcd"), (b"0\r\nname: value \r\n\r\n", b"")],
)
def test_chunks(wire: bytes, content: bytes) -> None:
    """With extensions and trailers."""
    chunked = Chunked(buffered(io.BytesIO(wire)))  # type: ignore[arg-type]  # a stream is a stream
    assert chunked.read() == content
    assert chunked.trailers == ({} if content else {"name": "value"})


@pytest.mark.parametrize("wire", [b"3\r\nab", b"3\r\nabc", b"3\r\nabc\r\n", b"3\r\nabc\r\n0\r\n", b""])
def test_chunks_that_are_cut_off(wire: bytes) -> None:
    """Nothing short passes for whole."""
    with pytest.raises(CutOffError):
        Chunked(io.BufferedReader(io.BytesIO(wire))).read()


def test_chunks_that_are_longer_than_they_say() -> None:
    """Nothing long either."""
    with pytest.raises(ValueError, match="longer"):
        Chunked(io.BufferedReader(io.BytesIO(b"3\r\nabcd\r\n0\r\n\r\n"))).read()


def test_aws_chunks_are_of_8_kib_or_more_but_for_the_last() -> None:
    """As S3 wants them."""
    large, small, end = b"2000\r\n" + bytes(8192) + b"\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n"
    assert len(AwsChunked(io.BufferedReader(io.BytesIO(large + small + end))).read()) == 8195
    with pytest.raises(ValueError, match="too short"):
        AwsChunked(io.BufferedReader(io.BytesIO(small + large + end))).read()


def _tiny(number: int) -> StoredPart:
    return StoredPart(number, f'"{number}"', 1, 0)
