"""`FILE.part` and its journal: what an interrupted download leaves, and how the next call resumes."""

from __future__ import annotations

import errno
import fcntl
import io
import json
import os
import random
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from async_download_client import (
    ChecksumMismatchError,
    Client,
    DownloadFailedError,
    Event,
    FileError,
    NetworkError,
    ObjectChangedError,
    ReadyFile,
    Received,
    RefusedError,
    Resumed,
    Retrying,
    WaitTimeoutError,
)
from async_download_client.transfer import segments
from async_download_client.transfer.part_file import PartFile

from client.tests.conftest import Fetch
from client.tests.support.fake_stack import SECRET, SIGNATURE, FakeStack, Fault

pytestmark = pytest.mark.usefixtures("target")
BROKEN = [Fault(cut=100_000), *[Fault(status=503)] * 60]


@pytest.fixture
def part(client: Client, file: ReadyFile, stack: FakeStack, target: Path) -> Path:
    """The `.part` file after the connection broke at 100,000 of 300,000 bytes."""
    stack.faults = list(BROKEN)
    with pytest.raises(NetworkError):
        client.fetch(file, target)
    stack.faults = []
    stack.requests.clear()
    return target.with_name("report.bin.part")


def journal(part: Path) -> Path:
    """Return the journal's path."""
    return part.with_name(f"{part.name}.json")


def ranges(stack: FakeStack) -> list[str]:
    """Return the ranges that were requested from S3."""
    return [request.headers["range"] for request in stack.gets("/s3/")]


def test_only_missing_bytes_are_fetched(
    fetch: Fetch, stack: FakeStack, target: Path, part: Path, events: list[Event]
) -> None:
    assert (part.stat().st_size, journal(part).exists()) == (100_000, True)
    fetch(on_event=events.append)
    assert ranges(stack) == ["bytes=100000-299999"]
    assert [event for event in events if isinstance(event, Resumed)] == [Resumed(100_000, 300_000)]
    assert list(target.parent.iterdir()) == [target]


def test_without_resume_all_bytes_are_fetched(fetch: Fetch, stack: FakeStack, part: Path) -> None:
    assert part.exists()
    fetch(resume=False)
    assert ranges(stack) == ["bytes=0-299999"]


def test_a_part_file_is_truncated_only_where_its_size_differs(
    fetch: Fetch, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int | None] = []

    class File(io.FileIO):
        def truncate(self, size: int | None = None) -> int:
            sizes.append(size)
            return super().truncate(size)

    monkeypatch.setattr(os, "fdopen", lambda descriptor, mode, **_: File(descriptor, mode))
    fetch(resume=False)
    assert sizes == []
    target.with_name("report.bin.part").write_bytes(b"x" * 400_000)
    journal(target.with_name("report.bin.part")).touch(mode=0o600)
    fetch(resume=False)
    assert sizes == [0]


@pytest.mark.parametrize("is_last", [False, True])
def test_a_part_file_that_another_program_truncates_is_not_taken(
    client: Client, file: ReadyFile, stack: FakeStack, target: Path, is_last: bool
) -> None:
    """The bytes after it would make a file of the right size with a hole, and the CRC-32 is that of received bytes."""
    part = target.with_name("report.bin.part")

    def truncate(event: Event) -> None:
        if isinstance(event, Retrying) or (is_last and isinstance(event, Received)):
            os.truncate(part, 50_000)

    stack.faults = [] if is_last else [Fault(cut=100_000)]
    with pytest.raises(
        FileError, match=r"Another program has truncated .*report\.bin\.part: run the same command again"
    ):
        client.fetch(file, target, on_event=truncate)
    assert not target.exists()
    client.fetch(file, target)
    assert target.read_bytes() == stack.content


def test_bytes_of_another_object_are_dropped(client: Client, stack: FakeStack, target: Path, part: Path) -> None:
    assert part.exists()
    stack.etag, stack.content = '"of-another"', stack.content[::-1]
    client.fetch(client.wait(client.request("q3.csv")), target)
    assert ranges(stack) == ["bytes=0-299999"]
    assert target.read_bytes() == stack.content


@pytest.mark.parametrize("longer", [True, False])
def test_damaged_bytes_are_fetched_again_and_surplus_ones_cut_off(
    fetch: Fetch, stack: FakeStack, part: Path, longer: bool
) -> None:
    data = part.read_bytes()
    part.write_bytes(data + bytes(500_000) if longer else data[:-1] + bytes([data[-1] ^ 1]))
    fetch()
    assert ranges(stack) == ["bytes=100000-299999" if longer else "bytes=0-299999"]


@pytest.mark.parametrize("lost", ["part", "end of the journal"])
def test_a_lost_part_file_or_journal_is_replaced(fetch: Fetch, target: Path, part: Path, lost: str) -> None:
    if lost == "part":
        part.unlink()
    else:
        journal(part).write_bytes(journal(part).read_bytes()[:-5])
    fetch()
    assert list(target.parent.iterdir()) == [target]


def test_entries_after_a_line_that_a_crash_cut_off_are_read(
    client: Client, stack: FakeStack, target: Path, part: Path
) -> None:
    journal(part).write_bytes(journal(part).read_bytes()[:-5])
    stack.etag = '"of-another"'
    for _ in range(2):
        stack.faults = list(BROKEN)
        with pytest.raises(NetworkError):
            client.fetch(client.wait(client.request("q3.csv")), target)
    stack.faults = []
    client.fetch(client.wait(client.request("q3.csv")), target)
    assert ranges(stack)[-1] == "bytes=200000-299999"
    assert target.read_bytes() == stack.content


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0" * 100,
        '{"vers',
        '{"version":2}',
        '{"version":1}\n{"object":{},"segmentBytes":0}',
        '{"version":1}\n{"segment":"x"}',
        '{"version":1,"nested":' + "[" * 100_000,
    ],
)
def test_an_invalid_journal_is_replaced(fetch: Fetch, stack: FakeStack, part: Path, text: str) -> None:
    journal(part).write_text(text, encoding="utf-8")
    fetch()
    assert ranges(stack) == ["bytes=0-299999"]


@pytest.mark.parametrize("seed", range(40))
def test_after_any_crash_the_file_is_right(
    fetch: Fetch, stack: FakeStack, target: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """A power cut leaves the `.part` file and the journal whole, cut off or with zeros."""
    monkeypatch.setattr(segments, "MIN_SEGMENT_BYTES", 50_000)
    chance = random.Random(seed)
    stack.faults = [Fault(cut=chance.randrange(60_000)) for _ in range(chance.randrange(1, 9))]
    stack.broken_ranges = {chance.randrange(1, 6) * 50_000}
    with pytest.raises(NetworkError):
        fetch()
    stack.faults, stack.broken_ranges = [], set()
    part = target.with_name("report.bin.part")
    for path in (part, journal(part)):
        data = bytearray(path.read_bytes())
        start = chance.randrange(len(data))
        hole = slice(start, start + chance.randrange(len(data)))
        if chance.random() < 0.5:
            data[hole] = bytes(len(data[hole]))
        if chance.random() < 0.5:
            del data[start:]
        path.write_bytes(data)
    fetch()
    assert list(target.parent.iterdir()) == [target]


def test_a_journal_with_impossible_counts_is_not_believed(fetch: Fetch, part: Path) -> None:
    with journal(part).open("a", encoding="utf-8") as journal_file:
        journal_file.write('{"segment":0,"bytes":900000,"crc32":0}\n{"segment":7,"bytes":1,"crc32":0}\n')
    part.write_bytes(bytes(900_000))
    fetch()


def test_no_ticket_or_signature_is_on_disk_and_the_journal_is_private(part: Path) -> None:
    text = journal(part).read_text(encoding="utf-8")
    assert SECRET not in text
    assert SIGNATURE not in text
    assert journal(part).stat().st_mode & 0o077 == 0


def test_a_second_download_to_the_same_target_is_refused(fetch: Fetch, target: Path) -> None:
    with PartFile(target), pytest.raises(FileError, match="another download"):
        fetch()
    fetch()


def test_a_file_system_without_locks_is_accepted(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    fetch()


def test_a_full_disk_while_the_journal_is_written_is_a_file_error(
    client: Client, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with PartFile(target) as part, monkeypatch.context() as patch:
        patch.setattr(os, "write", fail)
        with pytest.raises(FileError, match="No space left"):
            part.idempotency_key("order")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fail)
        with pytest.raises(FileError, match="No space left"):
            client.get("q3.csv", target)
    client.get("q3.csv", target)


def test_too_little_space_is_detected_before_the_first_byte(
    fetch: Fetch, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(300_000, 1, 299_999))
    with pytest.raises(FileError, match="300,000 bytes more, and 299,999 are free"):
        fetch()
    assert list(target.parent.iterdir()) == []


def test_corrupt_bytes_are_removed(fetch: Fetch, stack: FakeStack, target: Path) -> None:
    stack.faults = [Fault(content=bytes(300_000))]
    with pytest.raises(ChecksumMismatchError):
        fetch()
    assert list(target.parent.iterdir()) == []


def test_bytes_of_a_changed_object_are_removed(fetch: Fetch, stack: FakeStack, target: Path) -> None:
    stack.faults = [Fault(cut=100_000), Fault(status=412)]
    with pytest.raises(ObjectChangedError):
        fetch()
    assert list(target.parent.iterdir()) == []


class TestIdempotencyKeys:
    """`get` after an interrupted `get`: the same request continues the same download."""

    def keys(self, stack: FakeStack) -> list[str]:
        """Return the Idempotency-Keys that were sent."""
        return [request.headers["idempotency-key"] for request in stack.requests if request.method == "POST"]

    def test_the_same_request_continues_the_same_download(self, client: Client, stack: FakeStack, target: Path) -> None:
        stack.stay_silent()
        for path in ("q3.csv", "q3.csv", "q4.csv"):
            with pytest.raises(WaitTimeoutError):
                client.get(path, target, timeout=0.05)
        stack.sockets = [stack.send_ready]
        client.get("q4.csv", target)
        client.get("q4.csv", target)
        first, second, third, fourth, fifth = self.keys(stack)
        assert first == second != third == fourth != fifth
        assert list(target.parent.iterdir()) == [target]

    def test_without_resume_the_download_is_requested_again(
        self, client: Client, stack: FakeStack, target: Path
    ) -> None:
        stack.stay_silent()
        for _ in range(2):
            with pytest.raises(WaitTimeoutError):
                client.get("q3.csv", target, timeout=0.05, resume=False)
        assert len(set(self.keys(stack))) == 2

    def test_a_failed_download_is_requested_again_and_bytes_are_kept(
        self, client: Client, stack: FakeStack, target: Path
    ) -> None:
        stack.faults = list(BROKEN)
        with pytest.raises(NetworkError):
            client.get("q3.csv", target)
        stack.faults = []
        send_ready, stack.sockets = stack.sockets[0], [lambda peer: peer.send(stack.message("cancelled"))]
        with pytest.raises(DownloadFailedError):
            client.get("q3.csv", target)
        stack.sockets = [send_ready]
        client.get("q3.csv", target)
        first, second, third = self.keys(stack)
        assert first == second != third
        assert ranges(stack)[-1] == "bytes=100000-299999"
        assert target.read_bytes() == stack.content

    def test_a_refused_request_leaves_no_files(self, client: Client, stack: FakeStack, target: Path) -> None:
        stack.rest = [(400, {"error": {"code": "INVALID_PATH", "message": "The path is bad."}})]
        with pytest.raises(RefusedError):
            client.get("q3.csv", target)
        stack.rest = [503] * 50
        with pytest.raises(NetworkError):
            client.get("q3.csv", target)
        assert list(target.parent.iterdir()) == []

    def test_a_deleted_object_is_requested_again(self, client: Client, stack: FakeStack, target: Path) -> None:
        stack.faults = [Fault(cut=100_000), Fault(status=404)]
        with pytest.raises(RefusedError):
            client.get("q3.csv", target)
        client.get("q3.csv", target)
        assert len(set(self.keys(stack))) == 2
        assert ranges(stack)[-1] == "bytes=100000-299999"

    def test_the_idempotency_key_is_written_before_the_file(
        self, client: Client, stack: FakeStack, target: Path
    ) -> None:
        lines: list[dict[str, object]] = []

        def look(_: Event) -> None:
            text = target.with_name("report.bin.part.json").read_text(encoding="utf-8")
            lines.extend(json.loads(line) for line in text.splitlines())
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            client.get("q3.csv", target, on_event=look)
        assert lines[1]["key"] == self.keys(stack)[0]
