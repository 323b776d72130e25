"""Streams that block, take a part, are full, broken or closed: the file arrives, or the command says why not."""

from __future__ import annotations

import fcntl
import io
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from async_download_client import Client, FileError, ReadyFile, writing
from async_download_client.writing import write_all

from client.tests.support.fake_stack import FakeStack
from client.tests.test_cli import COMMAND
from client.tests.test_recipes import environment

SIZE = 3_000_000
WaitFor = Callable[[Callable[[], object]], None]


@pytest.fixture
def big() -> Iterator[FakeStack]:
    """A stack with a file that no pipe holds."""
    with FakeStack(SIZE) as stack:
        yield stack


def is_full(writer: int) -> bool:
    """Return True if a pipe takes no more bytes."""
    poll = select.poll()
    poll.register(writer, select.POLLOUT)
    return not poll.poll(0)


def run(stack: FakeStack, folder: Path, script: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of a shell, in which `get`, `request` and `status` are our commands."""
    functions = (
        'get() { async-download get "$API_URL" --path q3.csv "$@"; }\n'
        'request() { async-download request "$API_URL" --path q3.csv; }\n'
    )
    ended = subprocess.run(
        ["bash", "-c", functions + script],
        cwd=folder,
        env=environment(stack),
        capture_output=True,
        timeout=40,
        check=False,
    )
    assert b"Traceback" not in ended.stderr
    assert b"Exception ignored" not in ended.stderr
    return ended


@pytest.mark.parametrize("output", ["-", "/dev/stdout", "/dev/fd/1"])
def test_a_pipe_that_does_not_block_gets_all_bytes(big: FakeStack, output: str, wait_for: WaitFor) -> None:
    """The reader starts when the pipe has been full for a while."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
    command = [*COMMAND, "get", big.api_url, "--path", "q3.csv", "-o", output]
    process = subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE)
    wait_for(lambda: is_full(writer))
    os.close(writer)
    time.sleep(0.1)
    with os.fdopen(reader, "rb") as file:
        assert file.read() == big.content
    _, err = process.communicate(timeout=20)
    assert (process.returncode, b"Sent" in err or b"Saved" in err) == (0, True)


def test_an_interrupt_ends_a_command_whose_pipe_does_not_block(big: FakeStack, wait_for: WaitFor) -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
    command = [*COMMAND, "get", big.api_url, "--path", "q3.csv", "-o", "-"]
    process = subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    wait_for(lambda: big.gets("/s3/"))
    process.terminate()
    _, err = process.communicate(timeout=20)
    os.close(reader)
    assert (process.returncode, b"Traceback" in err) == (143, False)


@pytest.mark.parametrize(
    "closing",
    [
        "get -o q3.csv >&-",
        "get -o q3.csv 2>&-",
        "get -o q3.csv >&- 2>&-",
        "get -o q3.csv <&- >&- 2>&-",
        "get -o q3.csv --quiet >&-",
        "get -o q3.csv > /dev/full",
        "get -o q3.csv 2> /dev/full",
        "get -o q3.csv 2> >(exec 0<&-)",
        "exec 3> /dev/full; get -o q3.csv >&3 2>&3",
        "get -o - 2>&- > q3.csv",
        "get -o - 2> /dev/full > q3.csv",
        "get -o - <&- > q3.csv",
    ],
)
def test_lost_progress_costs_no_file(stack: FakeStack, tmp_path: Path, closing: str) -> None:
    ended = run(stack, tmp_path, closing)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "q3.csv").read_bytes() == stack.content
    assert [path.name for path in tmp_path.iterdir()] == ["q3.csv"]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("get -o - >&-", "stdout is closed"),
        ("get -o - > /dev/full", "No space left"),
        ("get -o - | true; exit ${PIPESTATUS[0]}", "its reader has closed it"),
        ("get -o /dev/stdout >&-", "Bad file descriptor"),
        ("get -o /dev/stdout | true; exit ${PIPESTATUS[0]}", "its reader has closed it"),
        ("request >&-", "stdout is closed"),
        ("request > /dev/full", "No space left"),
        ("async-download --help > /dev/full", "No space left"),
        ("async-download --version > /dev/full", "No space left"),
        ("async-download completion bash > /dev/full", "No space left"),
        ("request > q3.json; async-download status q3.json > /dev/full", "No space left"),
        ("request > q3.json; async-download status q3.json --json > /dev/full", "No space left"),
        ("request > q3.json; async-download cancel q3.json --json > /dev/full", "No space left"),
        ("request > q3.json; async-download watch q3.json --json > /dev/full", "No space left"),
        ("request > q3.json; async-download watch q3.json --print-url >&-", "stdout is closed"),
    ],
)
def test_output_that_is_lost_is_exit_code_8(big: FakeStack, tmp_path: Path, broken: str, sentence: str) -> None:
    ended = run(big, tmp_path, broken)
    lines = ended.stderr.decode().splitlines()
    assert ended.returncode == 8, lines
    assert lines[-1].startswith("async-download: ")
    assert sentence in lines[-1]
    assert lines[-1].endswith(" [FILE]")


@pytest.mark.parametrize("output", ["> /dev/full", ">&-", "> >(exec 0<&- >&- 2>&-; sleep 3)"])
def test_json_that_is_lost_is_exit_code_8_and_the_file_is_written(
    stack: FakeStack, tmp_path: Path, output: str
) -> None:
    ended = run(stack, tmp_path, f"get -o q3.csv --json {output}")
    assert ended.returncode == 8
    assert ended.stderr.decode().splitlines()[-1].startswith("async-download: stdout ")
    assert (tmp_path / "q3.csv").read_bytes() == stack.content


def test_progress_that_is_left_in_a_buffer_costs_no_exit_code() -> None:
    """Python flushes stderr once more at the exit."""
    script = (
        "import sys; from async_download_client import cli; from async_download_client.cli import commands, output; "
        "commands.run = lambda *_: output.LossyStream(sys.stderr).write('half a line'); "
        "sys.exit(cli.main(['completion', 'bash']))"
    )
    with Path("/dev/full").open("wb") as full:
        assert subprocess.run([sys.executable, "-c", script], stderr=full, timeout=40, check=False).returncode == 0


def test_a_terminal_that_is_closed_meanwhile_costs_no_file(big: FakeStack, target: Path, wait_for: WaitFor) -> None:
    main, child = os.openpty()
    release = threading.Event()
    big.on_get = lambda: release.wait(10)
    command = [*COMMAND, "get", big.api_url, "--path", "q3.csv", "-o", str(target)]
    process = subprocess.Popen(command, stderr=child, env=os.environ | {"TERM": "xterm"})
    os.close(child)
    wait_for(lambda: big.gets("/s3/"))
    os.close(main)
    release.set()
    assert process.wait(20) == 0
    assert target.read_bytes() == big.content


def test_json_and_the_file_are_not_mixed(stack: FakeStack, tmp_path: Path) -> None:
    assert run(stack, tmp_path, "get -o /dev/stdout --json").returncode == 2
    assert stack.requests == []


def test_progress_and_the_file_are_not_mixed(stack: FakeStack, tmp_path: Path) -> None:
    ended = run(stack, tmp_path, "get -o /dev/stderr")
    assert (ended.returncode, ended.stderr) == (0, stack.content)


def test_json_to_a_pipe_that_does_not_block_is_whole(stack: FakeStack, wait_for: WaitFor) -> None:
    """The pipe is full until the command has ended its first attempt to write."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
    filling = os.write(writer, b" " * (10 << 20))
    process = subprocess.Popen(
        [*COMMAND, "request", stack.api_url, "--path", "q3.csv"], stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)
    wait_for(lambda: stack.requests)
    time.sleep(0.2)
    with os.fdopen(reader, "rb") as file:
        assert json.loads(file.read()[filling:])["downloadId"]
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")


class Part(io.RawIOBase):
    """A raw stream that takes little, and now and then nothing."""

    def __init__(self, nothing: int | None) -> None:
        self.taken, self.calls, self.nothing = bytearray(), 0, nothing

    def write(self, data: Any) -> int:
        """Take up to 30,000 bytes, at every third call none."""
        self.calls += 1
        if self.calls % 3 == 0:
            return cast(int, self.nothing)
        self.taken.extend(bytes(data)[:30_000])
        return min(len(data), 30_000)


@pytest.mark.parametrize("nothing", [0, None])
def test_a_raw_stream_that_takes_nothing_now_and_then_gets_all(
    client: Client, file: ReadyFile, stack: FakeStack, monkeypatch: pytest.MonkeyPatch, nothing: int | None
) -> None:
    monkeypatch.setattr(writing, "_POLL_SECONDS", 0.001)
    stream = Part(nothing)
    client.fetch(file, cast(BinaryIO, stream))
    assert stream.taken == stack.content


@pytest.mark.parametrize("nothing", [0, None])
def test_a_raw_stream_that_never_takes_a_byte_is_a_file_error(
    client: Client, file: ReadyFile, monkeypatch: pytest.MonkeyPatch, nothing: int | None
) -> None:
    class Refusing(io.RawIOBase):
        def write(self, _: Any) -> int:
            return cast(int, nothing)

    monkeypatch.setattr(writing, "_MAX_IDLE_SECONDS", 0.3)
    with pytest.raises(FileError, match="took no bytes"):
        client.fetch(file, cast(BinaryIO, Refusing()))


def test_a_file_like_object_whose_write_returns_nothing_gets_all_bytes_once(
    client: Client, file: ReadyFile, stack: FakeStack
) -> None:
    class Plain:
        taken = bytearray()

        def write(self, data: Any) -> None:
            self.taken.extend(data)

        def flush(self) -> None:
            pass

    client.fetch(file, cast(BinaryIO, Plain()))
    assert Plain.taken == stack.content


def test_a_closed_stream_is_a_file_error(client: Client, file: ReadyFile) -> None:
    stream = io.BytesIO()
    stream.close()
    with pytest.raises(FileError, match="closed file"):
        client.fetch(file, stream)


@pytest.mark.parametrize("buffering", [0, 8192])
def test_a_buffer_over_a_pipe_that_does_not_block_gets_all(
    client: Client, file: ReadyFile, stack: FakeStack, buffering: int, wait_for: WaitFor
) -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
    received: list[bytes] = []

    def read() -> None:
        wait_for(lambda: is_full(writer))
        time.sleep(0.1)
        with os.fdopen(reader, "rb") as source:
            received.append(source.read())

    thread = threading.Thread(target=read)
    thread.start()
    with os.fdopen(writer, "wb", buffering=buffering) as stream:
        client.fetch(file, stream)
    thread.join(10)
    assert received == [stack.content]


def test_a_stop_ends_the_wait_for_a_stream() -> None:
    class Refusing(io.RawIOBase):
        def write(self, _: Any) -> int:
            return 0

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_all(cast(BinaryIO, Refusing()), b"x", stop)
