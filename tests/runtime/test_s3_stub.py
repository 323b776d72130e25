"""The S3 stub refuses what S3 refuses."""

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
    """Return a client that does not retry."""
    return aws.session().create_client("s3", config=Config(retries={"total_max_attempts": 1}, **settings))


def error_code(call: Any, **parameters: Any) -> str:
    """Return status and code of the error of a call."""
    with pytest.raises(ClientError) as error_info:
        call(**KEY, **parameters)
    return f"{error_info.value.response['ResponseMetadata']['HTTPStatusCode']} {aws.code_of(error_info.value)}"


def begin_upload(s3: Any, checksum_type: str = "FULL_OBJECT") -> dict[str, Any]:
    """Create a multipart upload and return its id as a parameter."""
    response = s3.create_multipart_upload(**KEY, ChecksumAlgorithm="CRC32", ChecksumType=checksum_type)
    return {"UploadId": response["UploadId"]}


def upload_part(s3: Any, upload: Mapping[str, Any], number: int, body: Any) -> dict[str, Any]:
    """Upload a part and return it as CompleteMultipartUpload takes it."""
    response = s3.upload_part(**KEY, **upload, PartNumber=number, Body=body, ChecksumAlgorithm="CRC32")
    return {"PartNumber": number, "ETag": response["ETag"], "ChecksumCRC32": response["ChecksumCRC32"]}


def crc32_base64(content: bytes) -> str:
    """Return a CRC-32 in S3's notation."""
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_combined_checksum_is_that_of_the_concatenation(first: bytes, second: bytes) -> None:
    assert crc32.combine(zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(first + second)


def test_completed_upload_has_the_checksum_of_the_whole(s3_stub: S3Stub) -> None:
    s3 = client()
    upload = begin_upload(s3)
    contents = [b"a" * (5 * MIB), b"b" * (6 * MIB), b"c"]
    parts = [upload_part(s3, upload, number, content) for number, content in enumerate(contents, 1)]
    s3.complete_multipart_upload(**KEY, **upload, MultipartUpload={"Parts": parts}, MpuObjectSize=11 * MIB + 1)
    head = s3.head_object(**KEY, ChecksumMode="ENABLED")
    content = b"".join(contents)
    assert (head["ContentLength"], head["ChecksumCRC32"], head["ChecksumType"]) == (
        len(content),
        crc32_base64(content),
        "FULL_OBJECT",
    )
    assert hashlib.md5(content).hexdigest() not in head["ETag"]  # noqa: S324  # S3's own, where KMS is not used
    assert s3_stub.bucket.objects[KEY["Key"]].content == b""
    assert not s3_stub.bucket.uploads


def test_composite_checksum_is_computed_from_the_parts(s3_stub: S3Stub) -> None:
    s3 = client()
    upload = begin_upload(s3, "COMPOSITE")
    parts = [upload_part(s3, upload, 1, b"a" * (5 * MIB)), upload_part(s3, upload, 2, b"b")]
    s3.complete_multipart_upload(**KEY, **upload, MultipartUpload={"Parts": parts})
    of_parts = b"".join(base64.b64decode(reference["ChecksumCRC32"]) for reference in parts)
    assert s3_stub.bucket.objects[KEY["Key"]].checksum == f"{crc32_base64(of_parts)}-2"


def test_streamed_body_comes_in_aws_chunks_with_a_trailer(s3_stub: S3Stub) -> None:
    s3 = client()
    upload = begin_upload(s3)
    body = OneWayBody(5 * MIB + 7)
    s3.upload_part(**KEY, **upload, PartNumber=1, Body=body, ContentLength=len(body), ChecksumAlgorithm="CRC32")
    headers = s3_stub.requests[-1].headers
    assert (headers["content-encoding"], headers["x-amz-trailer"]) == ("aws-chunked", "x-amz-checksum-crc32")
    stored = s3_stub.bucket.uploads[upload["UploadId"]].parts[1]
    assert (stored.size, stored.crc32) == (5 * MIB + 7, body.crc32)


def test_streamed_body_shorter_than_announced_is_refused(s3_stub: S3Stub) -> None:
    s3 = client()
    upload = begin_upload(s3)
    body = OneWayBody(200)
    body.read(100)
    parameters = {"Body": body, "ContentLength": 200, "ChecksumAlgorithm": "CRC32"}
    assert error_code(s3.upload_part, **upload, PartNumber=1, **parameters) == "400 IncompleteBody"
    assert not s3_stub.bucket.uploads[upload["UploadId"]].parts


def test_streamed_body_that_the_sdk_sends_again_is_refused(s3_stub: S3Stub) -> None:
    """The SDK cannot rewind the body; only its caller can create it again."""
    retrying = aws.session().create_client("s3", config=Config(retries={"mode": "standard"}))
    upload = begin_upload(retrying)
    s3_stub.faults.lose_reply("UploadPart")
    body = {"Body": io.BytesIO(b"a" * MIB), "ChecksumAlgorithm": "CRC32"}
    assert error_code(retrying.upload_part, **upload, PartNumber=1, **body) == "400 InvalidRequest"
    assert s3_stub.calls["UploadPart"] == 2


def test_bytes_with_a_wrong_or_no_checksum_are_refused(s3_stub: S3Stub) -> None:
    s3 = client()
    upload = begin_upload(s3)
    parameters = {"Body": b"abc", "ChecksumCRC32": crc32_base64(b"abd")}
    assert error_code(s3.put_object, **parameters) == "400 BadDigest"
    assert error_code(s3.upload_part, **upload, PartNumber=1, **parameters) == "400 BadDigest"
    unchecked = client(request_checksum_calculation="when_required")
    assert error_code(unchecked.upload_part, **upload, PartNumber=1, Body=b"abc") == "400 InvalidRequest"
    assert not s3_stub.bucket.objects


@pytest.mark.parametrize("number", [0, 10_001])
def test_part_number_must_be_from_1_to_10000(s3_stub: S3Stub, number: int) -> None:
    s3 = client()
    assert error_code(s3.upload_part, **begin_upload(s3), PartNumber=number, Body=b"x") == "400 InvalidArgument"
    assert s3_stub.calls["UploadPart"] == 1


def test_complete_checks_sizes_order_etags_and_checksums(s3_stub: S3Stub) -> None:
    s3 = client()
    upload = begin_upload(s3)
    small, large, last = (
        upload_part(s3, upload, number, b"x" * size) for number, size in ((1, 9), (2, 5 * MIB), (3, 1))
    )
    complete = s3.complete_multipart_upload

    def refusal(*parts: Mapping[str, Any], **parameters: Any) -> str:
        return error_code(complete, **upload, MultipartUpload={"Parts": list(parts)}, **parameters)

    assert refusal(small, large) == "400 EntityTooSmall"
    assert refusal(last, large) == "400 InvalidPartOrder"
    assert refusal(large, large) == "400 InvalidPartOrder"
    assert refusal() == "400 MalformedXML"
    assert refusal(large, last | {"ETag": '"other"'}) == "400 InvalidPart"
    assert refusal(large, last | {"ChecksumCRC32": "AAAAAA=="}) == "400 InvalidPart"
    assert refusal(large, last | {"PartNumber": 4}) == "400 InvalidPart"
    assert refusal(large, last, MpuObjectSize=7) == "400 InvalidRequest"
    assert refusal(large, last, ChecksumCRC32="AAAAAA==") == "400 BadDigest"
    assert len(s3_stub.bucket.uploads) == 1
    complete(
        **KEY, **upload, MultipartUpload={"Parts": [large, last]}, ChecksumCRC32=crc32_base64(b"x" * (5 * MIB + 1))
    )
    assert error_code(complete, **upload, MultipartUpload={"Parts": [large, last]}) == "404 NoSuchUpload"


def test_part_stored_again_has_another_etag(s3_stub: S3Stub) -> None:
    """With KMS the ETag differs even if the bytes are the same."""
    s3 = client()
    upload = begin_upload(s3)
    first = upload_part(s3, upload, 1, b"x")
    second = upload_part(s3, upload, 1, b"x")
    assert error_code(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": [first]}) == "400 InvalidPart"
    s3.complete_multipart_upload(**KEY, **upload, MultipartUpload={"Parts": [second]})
    assert s3_stub.bucket.objects


def test_if_none_match_refuses_to_overwrite(s3_stub: S3Stub) -> None:
    s3 = client()
    s3.put_object(**KEY, Body=b"first", IfNoneMatch="*")
    assert error_code(s3.put_object, Body=b"second", IfNoneMatch="*") == "412 PreconditionFailed"
    upload = begin_upload(s3)
    parts = {"Parts": [upload_part(s3, upload, 1, b"x")]}
    complete = s3.complete_multipart_upload
    assert error_code(complete, **upload, MultipartUpload=parts, IfNoneMatch="*") == "412 PreconditionFailed"
    assert s3_stub.bucket.objects[KEY["Key"]].content == b"first"
    assert s3_stub.bucket.uploads


def test_conflict_makes_an_upload_unusable(s3_stub: S3Stub) -> None:
    s3 = client()
    upload = begin_upload(s3)
    parts = {"Parts": [upload_part(s3, upload, 1, b"x")]}
    s3_stub.faults.conflict("CompleteMultipartUpload")
    for _ in range(2):
        error = error_code(s3.complete_multipart_upload, **upload, MultipartUpload=parts)
        assert error == "409 ConditionalRequestConflict"
    s3.abort_multipart_upload(**KEY, **upload)
    assert not s3_stub.bucket.uploads


def test_parts_are_listed_in_pages_of_1000(s3_stub: S3Stub) -> None:
    s3 = client()
    upload = begin_upload(s3)
    for number in range(1, 1003):
        s3_stub.bucket.uploads[upload["UploadId"]].parts[number] = _tiny_part(number)
    page = s3.list_parts(**KEY, **upload, MaxParts=5000)
    assert (len(page["Parts"]), page["IsTruncated"], page["NextPartNumberMarker"]) == (1000, True, 1000)
    page = s3.list_parts(**KEY, **upload, PartNumberMarker=1000)
    assert ([item["PartNumber"] for item in page["Parts"]], page["IsTruncated"]) == ([1001, 1002], False)


def test_part_in_flight_recreates_an_aborted_upload(s3_stub: S3Stub) -> None:
    s3 = client()
    upload = begin_upload(s3)
    s3_stub.faults.before("UploadPart", lambda: other.abort_multipart_upload(**KEY, **upload))
    other = client()
    upload_part(s3, upload, 1, b"x")
    assert len(s3.list_parts(**KEY, **upload)["Parts"]) == 1
    s3.abort_multipart_upload(**KEY, **upload)
    assert error_code(s3.list_parts, **upload) == "404 NoSuchUpload"


def test_refusal_before_100_continue_saves_the_body(s3_stub: S3Stub) -> None:
    s3 = client()
    upload = begin_upload(s3)
    s3_stub.faults.slow_down("UploadPart")
    parameters = {"Body": OneWayBody(MIB), "ContentLength": MIB, "ChecksumAlgorithm": "CRC32"}
    assert error_code(s3.upload_part, **upload, PartNumber=1, **parameters) == "503 SlowDown"
    assert s3_stub.received == 0
    assert (
        error_code(s3.upload_part, UploadId="none", PartNumber=1, Body=OneWayBody(9), ContentLength=9)
        == "404 NoSuchUpload"
    )


def test_faults_occur_as_often_as_asked_for(s3_stub: S3Stub) -> None:
    s3 = client(read_timeout=0.3)
    upload = begin_upload(s3)
    s3_stub.faults.refuse("UploadPart", 500, "InternalError", times=2, part=2)
    upload_part(s3, upload, 1, b"x")
    for _ in range(2):
        assert error_code(s3.upload_part, **upload, PartNumber=2, Body=b"x") == "500 InternalError"
    parts = {"Parts": [upload_part(s3, upload, 2, b"x")]}
    s3_stub.faults.cut("UploadPart")
    with pytest.raises((ConnectionClosedError, HTTPClientError, SSLError)):
        upload_part(s3, upload, 3, b"x" * MIB)
    assert 3 not in s3_stub.bucket.uploads[upload["UploadId"]].parts
    s3_stub.faults.hold("UploadPart")
    with pytest.raises(ReadTimeoutError):
        upload_part(s3, upload, 3, b"x")
    s3_stub.faults.refuse_in_200("CompleteMultipartUpload", "InternalError")
    assert error_code(s3.complete_multipart_upload, **upload, MultipartUpload=parts) == "500 InternalError"
    s3_stub.faults.lose_reply("CompleteMultipartUpload")
    with pytest.raises(ConnectionClosedError):
        s3.complete_multipart_upload(**KEY, **upload, MultipartUpload=parts)
    assert KEY["Key"] in s3_stub.bucket.objects
    assert s3_stub.faults.remaining == 0


def test_idle_upload_is_ended_with_request_timeout(s3_stub: S3Stub) -> None:
    s3 = client()
    upload = begin_upload(s3)
    s3_stub.idle_seconds = 0.1

    class Silent(OneWayBody):
        def read(self, max_bytes: int = -1) -> bytes:
            s3_stub.closed.wait(0.5)
            return super().read(max_bytes)

    parameters: dict[str, Any] = {"Body": Silent(200), "ContentLength": 200, "ChecksumAlgorithm": "CRC32"}
    with pytest.raises((ClientError, BotoCoreError)):
        s3.upload_part(**KEY, **upload, PartNumber=1, **parameters)
    assert s3_stub.idle_ended == 1
    assert not s3_stub.bucket.uploads[upload["UploadId"]].parts


def test_client_that_does_not_trust_the_certificate_is_refused(s3_stub: S3Stub) -> None:
    session = Session()
    session.set_credentials("test", "test")
    untrusting_client = session.create_client(
        "s3", "eu-central-1", endpoint_url=s3_stub.url, config=Config(retries={"total_max_attempts": 1})
    )
    with pytest.raises(SSLError):
        untrusting_client.head_object(**KEY)
    assert not s3_stub.requests


@pytest.mark.parametrize(
    ("wire", "content"), [(b"3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n", b"abcd"), (b"0\r\nname: value \r\n\r\n", b"")]
)
def test_chunks_are_read_with_extensions_and_trailers(wire: bytes, content: bytes) -> None:
    chunked = Chunked(buffered(io.BytesIO(wire)))  # type: ignore[arg-type]  # a stream is a stream
    assert chunked.read() == content
    assert chunked.trailers == ({} if content else {"name": "value"})


@pytest.mark.parametrize("wire", [b"3\r\nab", b"3\r\nabc", b"3\r\nabc\r\n", b"3\r\nabc\r\n0\r\n", b""])
def test_chunks_that_are_cut_off_raise_an_error(wire: bytes) -> None:
    with pytest.raises(CutOffError):
        Chunked(io.BufferedReader(io.BytesIO(wire))).read()


def test_chunks_longer_than_their_size_raise_an_error() -> None:
    with pytest.raises(ValueError, match="longer"):
        Chunked(io.BufferedReader(io.BytesIO(b"3\r\nabcd\r\n0\r\n\r\n"))).read()


def test_aws_chunks_below_8_kib_are_refused_except_the_last() -> None:
    large, small, end = b"2000\r\n" + bytes(8192) + b"\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n"
    assert len(AwsChunked(io.BufferedReader(io.BytesIO(large + small + end))).read()) == 8195
    with pytest.raises(ValueError, match="too short"):
        AwsChunked(io.BufferedReader(io.BytesIO(small + large + end))).read()


def _tiny_part(number: int) -> StoredPart:
    return StoredPart(number, f'"{number}"', 1, 0)
