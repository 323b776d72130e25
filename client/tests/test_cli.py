"""The command `get`: exit codes, output and interruption."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from async_download_client import cli
from async_download_client.errors import AsyncDownloadError

from client.tests.support.fake_stack import ID, SECRET, SIGNATURE, FakeStack, Fault

pytestmark = pytest.mark.usefixtures("keep_signals")
COMMAND = [sys.executable, "-m", "async_download_client.cli"]
Capture = pytest.CaptureFixture[str]
WaitFor = Callable[[Callable[[], object]], None]


def run(stack: FakeStack, target: Path, *more: str) -> int:
    """Run the command in this process."""
    return cli.main(["get", stack.api_url, "--path", "q3.csv", "-o", str(target), *more])


def test_without_a_terminal_get_prints_lines_on_stderr(stack: FakeStack, target: Path, capfd: Capture) -> None:
    requested = ["--sha256", stack.sha256, "--size", "300000", "--origin", "reports"]
    assert run(stack, target, *requested) == 0
    order = {"path": "q3.csv", "origin": "reports", "sha256": stack.sha256, "size": 300_000}
    assert [json.loads(request.body) for request in stack.requests if request.method == "POST"] == [order]
    assert target.read_bytes() == stack.content
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"Requested as {ID}",
        "Connected, waiting for the file",
        "Ready: 300.0 kB",
        "Downloading: 100 % of 300.0 kB",
        "Verified: size, crc32, sha256",
        f"Saved {target} (300.0 kB)",
    ]


def test_json_prints_events_without_ticket_or_signature(stack: FakeStack, target: Path, capfd: Capture) -> None:
    stack.faults = [Fault(status=403)]
    stack.set_ready()
    assert run(stack, target, "--json") == 0
    out, err = capfd.readouterr()
    printed = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in printed] == [
        "requested",
        "connected",
        "ready",
        "renewed",
        "received",
        "verified",
        "saved",
    ]
    assert printed[0]["id"] == ID
    assert (printed[2]["size"], printed[2]["fileName"]) == (300_000, "report.bin")
    assert SECRET not in out + err
    assert SIGNATURE not in out + err


def test_the_same_reason_for_a_retry_is_printed_once(stack: FakeStack, target: Path, capfd: Capture) -> None:
    stack.faults = [Fault(cut=1000), Fault(status=503), Fault(cut=1000), Fault(cut=1000)]
    assert run(stack, target) == 0
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("Interrupted")]
    assert len(said) == len(set(said)) == 2


def test_quiet_prints_nothing(stack: FakeStack, target: Path, capfd: Capture) -> None:
    assert run(stack, target, "--quiet") == 0
    assert capfd.readouterr() == ("", "")


def test_headers_and_api_key_are_sent_to_the_api_and_not_to_s3(
    stack: FakeStack, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASYNC_DOWNLOAD_API_KEY", "from-environment")
    assert run(stack, target, "--quiet", "--header", "Authorization: Bearer x") == 0
    assert stack.requests[0].headers["x-api-key"] == "from-environment"
    assert stack.requests[0].headers["authorization"] == "Bearer x"
    assert "authorization" not in stack.gets("/s3/")[0].headers
    assert run(stack, target, "--quiet", "--api-key", "given") == 0
    assert stack.requests[-3].headers["x-api-key"] == "given"


def start(command: list[str], **options: Any) -> subprocess.Popen[Any]:
    """Start the command in a process of its own."""
    return subprocess.Popen(command, **options)


@pytest.mark.parametrize(
    ("happens", "code", "name"),
    [
        (lambda stack: stack.rest.append((400, {"error": {"code": "INVALID_PATH"}})), 3, "INVALID_PATH"),
        (FakeStack.fail, 4, "ORIGIN_NOT_FOUND"),
        (FakeStack.stay_silent, 5, "WAIT_TIMEOUT"),
        (lambda stack: stack.faults.append(Fault(content=bytes(300_000))), 6, "CHECKSUM_MISMATCH"),
        (lambda stack: stack.rest.append((200, {})), 7, "PROTOCOL"),
    ],
)
def test_each_failure_has_an_exit_code_and_names_its_error_code(
    stack: FakeStack, target: Path, capfd: Capture, happens: Callable[[FakeStack], None], code: int, name: str
) -> None:
    happens(stack)
    assert run(stack, target, "--json", "--timeout", "0.5") == code
    out, err = capfd.readouterr()
    assert not target.exists()
    assert err.startswith("async-download: ")
    said, *more = err.splitlines()
    assert said.endswith(f" [{name}]")
    assert more == (["async-download: run the same command again to resume"] if code == 5 else [])
    assert target.with_name("report.bin.part.json").exists() is (code == 5)
    assert (json.loads(out.splitlines()[-1])["code"], json.loads(out.splitlines()[-1])["exitCode"]) == (name, code)
    assert SECRET not in out + err
    assert SIGNATURE not in out + err


def test_a_directory_as_target_is_exit_code_8(stack: FakeStack, tmp_path: Path) -> None:
    assert run(stack, tmp_path, "--quiet") == 8


def test_every_error_class_has_an_exit_code_in_the_help() -> None:
    assert set(AsyncDownloadError.__subclasses__()) == set(cli.EXIT_CODES)
    documented = {int(line.split("|")[1]) for line in (cli.__doc__ or "").splitlines() if line[2:3].isdigit()}
    assert documented == {0, 1, 2, 130, *cli.EXIT_CODES.values()}


def test_characters_that_the_terminal_lacks_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", stderr)
    assert cli.main(["status", "fehlt-ü.json"]) == 8
    stderr.flush()
    assert b"fehlt-\\xfc.json cannot be read" in stderr.buffer.getvalue()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_a_signal_the_same_command_resumes(
    stack: FakeStack, target: Path, wait_for: WaitFor, number: signal.Signals
) -> None:
    stack.faults = [Fault(cut=100_000, silent=True)]
    part = target.with_name("report.bin.part")
    command = [*COMMAND, "get", stack.api_url, "--path", "q3.csv", "-o", str(target)]
    process = start(command, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: part.exists() and part.stat().st_size == 100_000)
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 128 + number
    assert err.splitlines()[-1] == "async-download: stopped; run the same command again to resume"
    assert "Traceback" not in err
    assert not target.exists()
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Resuming after 100.0 kB of 300.0 kB" in ended.stderr
    assert target.read_bytes() == stack.content
    assert stack.gets("/s3/")[-1].headers["range"] == "bytes=100000-299999"
    posts = [request.headers["idempotency-key"] for request in stack.requests if request.method == "POST"]
    assert posts[0] == posts[1], "the second command asks for the same download"
    assert list(target.parent.iterdir()) == [target]


def test_a_second_interrupt_exits_at_once(tmp_path: Path, wait_for: WaitFor) -> None:
    marks = tmp_path / "started", tmp_path / "cleaning"
    program = (
        "import pathlib, sys, time\n"
        "from async_download_client import cli\n"
        "def run(*_):\n"
        "    try:\n"
        "        pathlib.Path(sys.argv[1]).touch(); time.sleep(60)\n"
        "    finally:\n"
        "        pathlib.Path(sys.argv[2]).touch()\n"
        "        try: time.sleep(60)\n"
        "        except KeyboardInterrupt: time.sleep(60)\n"
        "cli.commands.run = run\n"
        "sys.exit(cli.main(['get', 'http://127.0.0.1', '-o', 'x']))\n"
    )
    process = start([sys.executable, "-c", program, *map(str, marks)])
    for mark in marks:
        wait_for(mark.exists)
        process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 130


def test_a_name_with_control_characters_is_printed_safely(stack: FakeStack, target: Path, capfd: Capture) -> None:
    named = target.with_name("a\x1b[31m\nb")
    assert cli.main(["get", stack.api_url, "-o", str(named)]) == 0
    assert named.read_bytes() == stack.content
    assert capfd.readouterr().err.splitlines()[-1] == f"Saved {target.parent}/a\ufffd[31m\ufffdb (300.0 kB)"


def test_a_signal_that_is_ignored_stays_ignored(stack: FakeStack, target: Path, wait_for: WaitFor) -> None:
    """Shells start jobs in the background of scripts so; Ctrl-C is for the job in the foreground."""
    stack.faults = [Fault(cut=100_000, silent=True)]
    part = target.with_name("report.bin.part")
    program = "trap '' INT; exec \"$@\""
    process = start(["sh", "-c", program, "sh", *COMMAND, "get", stack.api_url, "-o", str(target)])
    wait_for(lambda: part.exists() and part.stat().st_size == 100_000)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 143


@pytest.mark.parametrize("columns", ["100", "0"])
def test_on_a_terminal_get_shows_bars(stack: FakeStack, target: Path, columns: str) -> None:
    main, child = os.openpty()
    command = [*COMMAND, "get", stack.api_url, "--path", "q3.csv", "-o", str(target)]
    process = start(command, stderr=child, env=os.environ | {"TERM": "xterm", "COLUMNS": columns})
    os.close(child)
    shown = b""
    while True:
        try:
            data = os.read(main, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not data:
            break
        shown += data
    os.close(main)
    assert process.wait(timeout=10) == 0
    assert target.read_bytes() == stack.content
    assert b"\x1b[" in shown
    assert b"Downloading" in shown
    assert b"Saved" in shown
