"""`fetch` with one GET at a time: the target is the right file, or does not exist."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from async_download_client import (
    ChecksumMismatchError,
    Client,
    Event,
    FileError,
    LinkRefusedError,
    NetworkError,
    ObjectChangedError,
    ReadyFile,
    Received,
    RefusedError,
    SizeMismatchError,
    StopSignal,
    UnavailableError,
)
from async_download_client.transfer.ranges import RangeReader
from async_download_client.transfer.throttle import Throttle
from async_download_client.transport import Transport
from urllib3 import BaseHTTPResponse

from client.tests.conftest import Fetch
from client.tests.support.fake_stack import FakeStack, Fault


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_files_of_any_size_arrive_and_are_counted(size: int, tmp_path: Path) -> None:
    events: list[Event] = []
    with FakeStack(size) as stack, Client(stack.api_url) as client:
        verified = client.fetch(client.wait(client.request("x")), tmp_path / "file", on_event=events.append)
        assert (tmp_path / "file").read_bytes() == stack.content
    assert verified.checks == ("size", "crc32")
    counts = [event.received_bytes for event in events if isinstance(event, Received)]
    assert counts == sorted(counts)
    assert (counts or [0])[-1] == size
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_older_target_is_replaced(fetch: Fetch, target: Path) -> None:
    target.write_text("older", encoding="utf-8")
    fetch()


def test_the_target_may_be_a_string(client: Client, stack: FakeStack, target: Path) -> None:
    assert client.get("q3.csv", str(target)).path == target
    assert target.read_bytes() == stack.content


def test_the_expected_sha256_is_compared(fetch: Fetch, stack: FakeStack) -> None:
    verified = fetch(sha256=stack.sha256.upper())
    assert verified.checks == ("size", "crc32", "sha256")
    assert verified.sha256 == stack.sha256


def test_a_flipped_bit_is_detected_and_the_older_target_stays(fetch: Fetch, stack: FakeStack, target: Path) -> None:
    target.write_text("older", encoding="utf-8")
    stack.faults = [Fault(content=stack.content[:-1] + bytes([stack.content[-1] ^ 1]))]
    with pytest.raises(ChecksumMismatchError, match="CRC32"):
        fetch()
    assert target.read_text(encoding="utf-8") == "older"


@pytest.mark.parametrize("by_stack", [True, False])
def test_a_wrong_sha256_is_detected(
    fetch: Fetch, client: Client, stack: FakeStack, target: Path, by_stack: bool
) -> None:
    stack.promised = {"sha256": "0" * 64} if by_stack else {}
    file = client.wait(client.request("q3.csv"))
    with pytest.raises(ChecksumMismatchError, match="SHA-256"):
        fetch(file, sha256=None if by_stack else "1" * 64)
    assert not target.exists()


@pytest.mark.parametrize("content", [b"too few", bytes(300_001)], ids=["too few", "too many"])
@pytest.mark.parametrize("length", [True, False], ids=["announced", "not announced"])
@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
def test_a_wrong_size_is_detected(
    fetch: Fetch, stack: FakeStack, target: Path, content: bytes, length: bool, ranges: bool
) -> None:
    """A short body without Content-Length looks like a broken connection, and is retried."""
    stack.faults = [Fault(length=length, content=content, ranges=ranges) for _ in range(50)]
    broke = content == b"too few" and not length and not ranges
    with pytest.raises(NetworkError if broke else SizeMismatchError):
        fetch()
    assert not target.exists()


def test_without_an_etag_an_interrupted_download_starts_over(fetch: Fetch, client: Client, stack: FakeStack) -> None:
    stack.promised = {"etag": None}
    file = client.wait(client.request("q3.csv"))
    stack.faults = [Fault(cut=100_000)]
    fetch(file)
    assert [request.headers.get("range") for request in stack.gets("/s3/")] == [None, None]


def test_a_checksum_of_part_checksums_is_not_compared(client: Client, stack: FakeStack, target: Path) -> None:
    stack.promised = {"checksum": {"algorithm": "CRC32", "value": "AAAAAA==-3"}}
    assert client.fetch(client.wait(client.request("x")), target).checks == ("size",)


def test_an_expired_url_is_renewed_and_no_byte_is_fetched_twice(fetch: Fetch, stack: FakeStack) -> None:
    events: list[Event] = []
    stack.set_ready()
    stack.faults = [Fault(status=403), Fault(cut=100_000), Fault(status=400)]
    fetch(on_event=events.append)
    assert [event.name for event in events if event.name != "received"] == ["renewed", "retrying", "renewed"]
    gets = stack.gets("/s3/")
    whole, rest = "bytes=0-299999", "bytes=100000-299999"
    assert [request.headers.get("range") for request in gets] == [whole, whole, rest, rest]
    assert len({request.path for request in gets}) == 3


def test_a_broken_connection_resumes_with_if_match(fetch: Fetch, stack: FakeStack) -> None:
    stack.faults = [Fault(cut=100_000), Fault(cut=50_000)]
    fetch()
    requested = [(request.headers.get("range"), request.headers.get("if-match")) for request in stack.gets("/s3/")]
    assert requested == [(f"bytes={start}-299999", stack.etag) for start in (0, 100_000, 150_000)]


@pytest.mark.parametrize(
    "faults",
    [[Fault(shift=1)], [Fault(cut=100_000), Fault(ranges=False)], [Fault(status=503), Fault(status=500)]],
    ids=["another range", "ranges are ignored", "an overloaded S3"],
)
def test_after_faults_that_end_the_file_is_right(fetch: Fetch, stack: FakeStack, faults: list[Fault]) -> None:
    stack.faults = list(faults)
    fetch()


@pytest.mark.parametrize(
    ("fault", "error", "text", "gets"),
    [
        (Fault(cut=0), NetworkError, "broke off", range(3, 50)),
        (Fault(ranges=False, cut=1000), NetworkError, "broke off", range(1, 50)),
        (Fault(status=503), UnavailableError, "HTTP 503", range(1, 50)),
        (Fault(status=403), LinkRefusedError, "with a new URL", [3]),
        (Fault(status=404), RefusedError, "HTTP 404", [1]),
    ],
    ids=["no byte", "restarts", "an overloaded S3", "refused URLs", "a deleted object"],
)
def test_a_fault_that_stays_is_an_error_and_the_older_target_stays(
    fetch: Fetch, stack: FakeStack, target: Path, fault: Fault, error: type[Exception], text: str, gets: Sequence[int]
) -> None:
    target.write_text("older", encoding="utf-8")
    stack.set_ready()
    stack.faults = [fault] * 50
    with pytest.raises(error, match=text):
        fetch()
    assert len(stack.gets("/s3/")) in gets
    assert target.read_text(encoding="utf-8") == "older"


def test_an_object_that_changes_midway_is_an_error(fetch: Fetch, stack: FakeStack) -> None:
    stack.faults = [Fault(cut=100_000)]
    stack.etag = '"of-another"'
    with pytest.raises(ObjectChangedError):
        fetch()


def test_a_new_url_of_another_object_is_an_error(fetch: Fetch, stack: FakeStack) -> None:
    stack.set_ready()
    stack.faults = [Fault(status=403)]
    stack.promised = {"size": 1}
    with pytest.raises(ObjectChangedError):
        fetch()


@pytest.mark.parametrize("content_range", [f"bytes 0-299999/{'9' * 5000}", f"bytes 0-{'9' * 5000}/*", "bytes ²-1/2"])
def test_a_range_whose_numbers_python_does_not_convert_is_a_network_error(file: ReadyFile, content_range: str) -> None:
    response = cast(BaseHTTPResponse, SimpleNamespace(status=206, headers={"Content-Range": content_range}))
    reader = RangeReader(Transport(5, 1), Throttle(None), StopSignal(), ranged=True)
    with pytest.raises(NetworkError, match="another range"):
        reader._check_response(response, file, 0, file.size)


@pytest.mark.parametrize("length", ["9" * 5000, "²"])
def test_a_length_that_python_does_not_convert_is_not_used(file: ReadyFile, length: str) -> None:
    response = cast(BaseHTTPResponse, SimpleNamespace(status=200, headers={"Content-Length": length}))
    reader = RangeReader(Transport(5, 1), Throttle(None), StopSignal(), ranged=False)
    reader._check_response(response, file, 0, file.size)


def test_an_error_of_the_callback_reaches_the_caller(fetch: Fetch, target: Path) -> None:
    def fail(_: Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fetch(on_event=fail)
    assert not target.exists()


@pytest.mark.parametrize("where", ["", "missing/report.bin"])
def test_a_target_without_a_directory_is_refused_before_the_request(
    stack: FakeStack, client: Client, tmp_path: Path, where: str
) -> None:
    with pytest.raises(FileError, match="directory"):
        client.get("q3.csv", tmp_path / where)
    assert stack.requests == []


def test_an_error_of_the_file_system_is_a_file_error(client: Client, file: ReadyFile, tmp_path: Path) -> None:
    (tmp_path / "report.bin.part").mkdir()
    with pytest.raises(FileError, match="is not a file"):
        client.fetch(file, tmp_path / "report.bin")
