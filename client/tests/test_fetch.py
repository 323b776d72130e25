"""Downloading: the right file under its name, or none at all."""

from __future__ import annotations

from pathlib import Path

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
    UnavailableError,
)

from client.tests.support.fake_stack import FakeStack, Fault


@pytest.fixture
def file(client: Client) -> ReadyFile:
    """A file to fetch, as the stack promises it."""
    return client.wait(client.request("q3.csv"))


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_sizes(size: int, tmp_path: Path) -> None:
    """Empty, tiny and larger files arrive, and the bytes are counted."""
    events: list[Event] = []
    with FakeStack(size) as stack, Client(stack.api_url) as client:
        verified = client.fetch(client.wait(client.request("x")), tmp_path / "file", on_event=events.append)
        assert (tmp_path / "file").read_bytes() == stack.content
    assert verified.checks == ("size", "crc32")
    counts = [event.received_bytes for event in events if isinstance(event, Received)]
    assert counts == sorted(counts)
    assert (counts or [0])[-1] == size
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_replaces(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """An older file of that name is replaced as a whole."""
    target.write_text("older")
    client.fetch(file, target)
    assert target.read_bytes() == stack.content


def test_path_as_text(client: Client, stack: FakeStack, target: Path) -> None:
    """A path may be text."""
    assert client.get("q3.csv", str(target)).path == target
    assert target.read_bytes() == stack.content


def test_expected_sha256(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """A SHA-256 that the caller knows is compared, whatever its case."""
    verified = client.fetch(file, target, sha256=stack.sha256.upper())
    assert verified.checks == ("size", "crc32", "sha256")
    assert verified.sha256 == stack.sha256


def test_wrong_bytes(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """One flipped bit is found, and an older file stays as it was."""
    target.write_text("older")
    stack.faults = [Fault(content=stack.content[:-1] + bytes([stack.content[-1] ^ 1]))]
    with pytest.raises(ChecksumMismatchError, match="CRC32"):
        client.fetch(file, target)
    assert target.read_text() == "older"


@pytest.mark.parametrize("by_stack", [True, False])
def test_wrong_sha256(client: Client, stack: FakeStack, target: Path, by_stack: bool) -> None:
    """A wrong SHA-256 is found, whoever knew the right one."""
    stack.promised = {"sha256": "0" * 64} if by_stack else {}
    file = client.wait(client.request("q3.csv"))
    with pytest.raises(ChecksumMismatchError, match="SHA-256"):
        client.fetch(file, target, sha256=None if by_stack else "1" * 64)
    assert not target.exists()


@pytest.mark.parametrize("content", [b"too few", bytes(300_001)], ids=["too few", "too many"])
@pytest.mark.parametrize("length", [True, False], ids=["announced", "not announced"])
@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
def test_wrong_size(
    client: Client, file: ReadyFile, stack: FakeStack, target: Path, content: bytes, length: bool, ranges: bool
) -> None:
    """Too many bytes are never kept, nor too few: of a whole that was not announced they are a line that broke."""
    stack.faults = [Fault(length=length, content=content, ranges=ranges) for _ in range(50)]
    broke = content == b"too few" and not length and not ranges
    with pytest.raises(NetworkError if broke else SizeMismatchError):
        client.fetch(file, target)
    assert not target.exists()


def test_another_range(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """Bytes of another place are not taken for those that were asked for."""
    stack.faults = [Fault(shift=1)]
    client.fetch(file, target)
    assert target.read_bytes() == stack.content


def test_without_etag(client: Client, stack: FakeStack, target: Path) -> None:
    """Where nothing tells versions apart, bytes of two answers are never mixed."""
    stack.promised = {"etag": None}
    file = client.wait(client.request("q3.csv"))
    stack.faults = [Fault(cut=100_000)]
    client.fetch(file, target)
    assert target.read_bytes() == stack.content
    assert [request.headers.get("range") for request in stack.gets("/s3/")] == [None, None]


def test_composite(client: Client, stack: FakeStack, target: Path) -> None:
    """A checksum of checksums is not taken for one of the file, and the result says what was compared."""
    stack.promised = {"checksum": {"algorithm": "CRC32", "value": "AAAAAA==-3"}}
    assert client.fetch(client.wait(client.request("x")), target).checks == ("size",)


def test_expired(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """An expired URL is renewed, also in the middle, and nothing is fetched twice."""
    events: list[Event] = []
    stack.set_ready()
    stack.faults = [Fault(status=403), Fault(cut=100_000), Fault(status=400)]
    client.fetch(file, target, on_event=events.append)
    assert target.read_bytes() == stack.content
    assert [event.name for event in events if event.name != "received"] == ["renewed", "retrying", "renewed"]
    gets = stack.gets("/s3/")
    whole, rest = "bytes=0-299999", "bytes=100000-299999"
    assert [request.headers.get("range") for request in gets] == [whole, whole, rest, rest]
    assert len({request.path for request in gets}) == 3


def test_refused_for_good(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """A URL that is refused again and again is not renewed for ever."""
    stack.set_ready()
    stack.faults = [Fault(status=403)] * 9
    with pytest.raises(LinkRefusedError):
        client.fetch(file, target)
    assert len(stack.gets("/s3/")) == 3


def test_broken(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """A broken connection goes on where it broke, of the same version only."""
    stack.faults = [Fault(cut=100_000), Fault(cut=50_000)]
    client.fetch(file, target)
    assert target.read_bytes() == stack.content
    asked = [(request.headers.get("range"), request.headers.get("if-match")) for request in stack.gets("/s3/")]
    assert asked == [(f"bytes={start}-299999", stack.etag) for start in (0, 100_000, 150_000)]


def test_no_ranges(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """Where ranges are ignored it starts again, without mixing."""
    stack.faults = [Fault(cut=100_000), Fault(ranges=False)]
    client.fetch(file, target)
    assert target.read_bytes() == stack.content


def test_broken_for_good(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """It gives up after some attempts without a byte."""
    stack.faults = [Fault(cut=0)] * 50
    with pytest.raises(NetworkError, match="broke off"):
        client.fetch(file, target)
    assert 3 <= len(stack.gets("/s3/")) < 50


def test_restarts_end(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """Starting again over and over is no progress."""
    stack.faults = [Fault(ranges=False, cut=1000)] * 50
    with pytest.raises(NetworkError):
        client.fetch(file, target)
    assert len(stack.gets("/s3/")) < 50


def test_changed(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """A file that was replaced midway is not mixed with its successor."""
    stack.faults = [Fault(cut=100_000)]
    stack.etag = '"of-another"'
    with pytest.raises(ObjectChangedError):
        client.fetch(file, target)


def test_changed_meanwhile(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """A fresh URL for something else is not followed."""
    stack.set_ready()
    stack.faults = [Fault(status=403)]
    stack.promised = {"size": 1}
    with pytest.raises(ObjectChangedError):
        client.fetch(file, target)


def test_busy(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """A busy S3 is asked again, some times."""
    stack.faults = [Fault(status=503), Fault(status=500)]
    client.fetch(file, target)
    stack.faults = [Fault(status=503)] * 50
    with pytest.raises(UnavailableError):
        client.fetch(file, target)
    assert target.read_bytes() == stack.content


def test_gone(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> None:
    """A file that is no longer there is refused with the status."""
    stack.faults = [Fault(status=404)]
    with pytest.raises(RefusedError) as caught:
        client.fetch(file, target)
    assert caught.value.status == 404


def test_callback_fails(client: Client, file: ReadyFile, target: Path) -> None:
    """What the caller's callback raises is the caller's, and nothing stays behind."""

    def fail(_: Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        client.fetch(file, target, on_event=fail)
    assert not target.exists()


@pytest.mark.parametrize("where", ["", "missing/report.bin"])
def test_no_place(stack: FakeStack, client: Client, tmp_path: Path, where: str) -> None:
    """Where no file can be is said before anything is asked for."""
    with pytest.raises(FileError, match="directory"):
        client.get("q3.csv", tmp_path / where)
    assert stack.requests == []


def test_cannot_write(client: Client, file: ReadyFile, tmp_path: Path) -> None:
    """An error of the file system is told with its reason."""
    (tmp_path / "report.bin.part").mkdir()
    with pytest.raises(FileError, match="cannot be written"):
        client.fetch(file, tmp_path / "report.bin")
