"""The commands beside `get`, `get` to stdout, and options that reach the client."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from async_download_client import Client, cli
from async_download_client.cli import commands, values
from async_download_client.cli.display import clock
from async_download_client.transfer.segments import MIN_SEGMENT_BYTES

from client.tests.support.fake_stack import ID, SECRET, SIGNATURE, TICKET, FakeStack, Fault, Peer
from client.tests.test_cli import COMMAND, start

pytestmark = pytest.mark.usefixtures("keep_signals")
DISTRIBUTION = "async-download-client"
WaitFor = Callable[[Callable[[], object]], None]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def answer(stack: FakeStack, tmp_path: Path, capfd: Capture) -> Path:
    """A file with the output of `request`."""
    assert cli.main(["request", stack.api_url, "--path", "q3.csv", "--origin", "reports"]) == 0
    path = tmp_path / "q3.json"
    path.write_text(capfd.readouterr().out, encoding="utf-8")
    return path


def test_version_is_that_of_the_wheel(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"async-download-client/{version(DISTRIBUTION)}\n")


def test_request_prints_the_response_of_the_api(stack: FakeStack, answer: Path) -> None:
    response = json.loads(answer.read_text(encoding="utf-8"))
    assert response["downloadId"] == ID
    assert response["webSocketEndpoint"].endswith(f"?ticket={TICKET}")
    assert set(response) == {"downloadId", "executionArn", "webSocketEndpoint", "statusUrl", "expiresAt"}
    assert json.loads(stack.requests[0].body) == {"path": "q3.csv", "origin": "reports"}


def test_status_prints_a_sentence_or_json(stack: FakeStack, answer: Path, capfd: Capture) -> None:
    assert cli.main(["status", str(answer)]) == 0
    assert capfd.readouterr().out == "COPYING, 7 bytes copied, 300.0 kB in total\n"
    stack.set_ready()
    assert cli.main(["status", str(answer), "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {"id": ID, "status": "READY", "size": 300_000}
    assert stack.requests[-1].headers["x-download-ticket"] == TICKET
    assert cli.main(["status", str(answer), "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")


def test_status_and_watch_say_when_a_preparing_origin_is_asked_again(
    stack: FakeStack, answer: Path, capfd: Capture
) -> None:
    moment = datetime.now().astimezone().replace(microsecond=0)
    text = moment.astimezone(UTC).isoformat().replace("+00:00", ".000Z")
    stack.state = {"status": "PREPARING", "nextRequestAt": text}
    assert cli.main(["status", str(answer)]) == 0
    assert capfd.readouterr().out == f"PREPARING, the origin is asked again at {moment:%H:%M:%S}\n"
    assert cli.main(["status", str(answer), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["nextRequestAt"] == text.replace(".000", "")

    def script(peer: Peer) -> None:
        peer.send(stack.message("status", **stack.state))
        stack.send_ready(peer)

    stack.sockets = [script]
    assert cli.main(["watch", str(answer)]) == 0
    line = f"The origin is preparing the file; it is asked again at {moment:%H:%M:%S}"
    assert capfd.readouterr().err.splitlines() == ["Connected, waiting for the file", line, "Ready: 300.0 kB"]
    assert cli.main(["watch", str(answer), "--json"]) == 0
    printed = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert {"event": "preparing", "nextRequestAt": text.replace(".000", "")} in printed


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2031-02-03T04:05:06Z"])
def test_a_time_on_another_day_is_printed_with_its_date(moment: str) -> None:
    assert re.match(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d", clock(datetime.fromisoformat(moment)))


def test_status_of_a_failed_download_is_exit_code_4(stack: FakeStack, answer: Path, capfd: Capture) -> None:
    stack.state = {"status": "FAILED", "error": {"code": "ORIGIN_NOT_FOUND", "message": "The origin has no such file."}}
    assert cli.main(["status", str(answer)]) == 4
    out, err = capfd.readouterr()
    assert out == "FAILED\n"
    assert err == "async-download: The origin has no such file. [ORIGIN_NOT_FOUND]\n"


def test_cancel_sends_delete_and_a_late_cancel_is_exit_code_3(stack: FakeStack, answer: Path, capfd: Capture) -> None:
    assert cli.main(["cancel", str(answer)]) == 0
    assert capfd.readouterr().out == f"Cancelled {ID}\n"
    assert (stack.requests[-1].method, stack.requests[-1].headers["x-download-ticket"]) == ("DELETE", TICKET)
    stack.rest = [(409, {"error": {"code": "DOWNLOAD_FINISHED", "message": "There is nothing to cancel any more."}})]
    assert cli.main(["cancel", str(answer), "--json"]) == 3
    out, err = capfd.readouterr()
    assert json.loads(out)["code"] == "DOWNLOAD_FINISHED"
    assert "nothing to cancel" in err


def test_watch_prints_events_and_the_url_only_on_request(stack: FakeStack, answer: Path, capfd: Capture) -> None:
    assert cli.main(["watch", str(answer)]) == 0
    out, err = capfd.readouterr()
    assert (out, err.splitlines()) == ("", ["Connected, waiting for the file", "Ready: 300.0 kB"])
    assert cli.main(["watch", str(answer), "--json"]) == 0
    out, err = capfd.readouterr()
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["connected", "ready"]
    assert SIGNATURE not in out + err
    assert SECRET not in out + err
    assert cli.main(["watch", str(answer), "--print-url", "--quiet"]) == 0
    assert re.fullmatch(f"{stack.url}/s3/object.*{SIGNATURE}\n", capfd.readouterr().out)
    assert cli.main(["watch", str(answer), "--print-url", "--json"]) == 0
    assert SIGNATURE in json.loads(capfd.readouterr().out.splitlines()[-1])["url"]


def test_watch_beyond_its_timeout_is_exit_code_5(stack: FakeStack, answer: Path, capfd: Capture) -> None:
    stack.stay_silent()
    assert cli.main(["watch", str(answer), "--timeout", "0.1"]) == 5
    assert len(capfd.readouterr().err.splitlines()) == 2


def test_the_response_is_read_from_stdin(
    stack: FakeStack, answer: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(answer.read_bytes()), encoding="utf-8"))
    assert cli.main(["status", "-"]) == 0
    assert "COPYING" in capfd.readouterr().out
    assert len(stack.gets("/v1/downloads/")) == 1


@pytest.mark.parametrize(("text", "code"), [(None, 8), ("no JSON", 2), ("[]", 2), ("{}", 7)])
def test_a_file_without_a_response_of_the_api_is_refused(
    tmp_path: Path, capsys: Capture, text: str | None, code: int
) -> None:
    path = tmp_path / "q3.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    try:
        exit_code = cli.main(["status", str(path)])
    except SystemExit as ended:
        exit_code = int(str(ended.code))
    assert exit_code == code
    assert "Traceback" not in capsys.readouterr().err


def test_get_to_stdout_writes_only_the_file_there(stack: FakeStack) -> None:
    stack.faults = [Fault(cut=1000)]
    command = [*COMMAND, "get", stack.api_url, "--path", "q3.csv", "-o", "-", "--sha256", stack.sha256]
    ended = subprocess.run(command, capture_output=True, timeout=20, check=False)
    assert (ended.returncode, ended.stdout) == (0, stack.content)
    assert b"Sent 300.0 kB" in ended.stderr
    head = subprocess.run(
        ["bash", "-c", f"{shlex.join(command)} | head -c 10"], capture_output=True, timeout=20, check=True
    )
    assert head.stdout == stack.content[:10]
    assert b"Traceback" not in head.stderr


def test_an_interrupt_ends_a_command_whose_pipe_is_full(large: FakeStack, wait_for: WaitFor) -> None:
    large.faults = []
    command = [*COMMAND, "get", large.api_url, "--path", "q3.csv", "-o", "-"]
    process = start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: large.gets("/s3/"))
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert process.stderr is not None
    assert process.stdout is not None
    assert process.stderr.read().splitlines()[-1] == b"async-download: stopped; no bytes were kept"
    process.stdout.close()
    process.stderr.close()


def test_credentials_come_from_options_and_environment(
    stack: FakeStack, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["get", stack.api_url, "-o", str(target), "--quiet"]
    monkeypatch.setenv("ASYNC_DOWNLOAD_TOKEN", "of-the-environment")
    assert cli.main(arguments) == 0
    assert stack.requests[0].headers["authorization"] == "Bearer of-the-environment"
    stack.requests.clear()
    assert cli.main([*arguments, "--bearer", "given", "--api-key", "key"]) == 0
    assert stack.requests[0].headers["authorization"] == "Bearer given"
    assert stack.requests[0].headers["x-api-key"] == "key"
    stack.requests.clear()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    assert cli.main([*arguments, "--region", "eu-west-1"]) == 0
    assert "Credential=AKIDEXAMPLE/" in stack.requests[0].headers["authorization"]
    assert "/eu-west-1/execute-api/" in stack.requests[0].headers["authorization"]


def test_a_missing_aws_profile_is_exit_code_3(
    stack: FakeStack, target: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    assert cli.main(["get", stack.api_url, "-o", str(target), "--profile", "nobody"]) == 3
    assert "[CREDENTIALS]" in capfd.readouterr().err
    assert stack.requests == []


GET = ["get", "https://example.com", "-o", "x"]


@pytest.mark.parametrize("arguments", [[], ["get"], GET[:2], ["get", "example.com", "-o", "x"]])
def test_missing_arguments_are_exit_code_2(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: async-download" in capsys.readouterr().err


@pytest.mark.parametrize(
    "more",
    [
        ["--sha256", "abc"],
        ["--size", "1M"],
        ["--header", "no colon"],
        ["--header", "No token: value"],
        ["--header", "Transfer-Encoding: chunked"],
        ["--header", "content-length: 5"],
        ["--timeout", "0"],
        ["--json", "--quiet"],
        ["--parallel", "0"],
        ["--parallel", "65"],
        ["--parallel", "many"],
        ["--limit-rate", "0"],
        ["--limit-rate", "fast"],
        ["--read-timeout", "-1"],
        ["--retry-for", "inf"],
        ["--json", "-o", "-"],
        ["--iam", "--bearer", "x"],
        ["--region", "eu-west-1", "--bearer", "x"],
    ],
)
def test_invalid_options_are_exit_code_2(more: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([*GET, *more])
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(("text", "rate"), [("1", 1), ("500K", 500 << 10), ("2m", 2 << 20), ("1.5G", 3 << 29)])
def test_rates_have_the_notation_of_curl(text: str, rate: int) -> None:
    assert values.rate(text) == rate


def test_options_with_limits_reach_the_client(stack: FakeStack, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client_options: dict[str, Any] = {}

    def record(url: str, **options: Any) -> Any:
        client_options.update(options)
        return Client(url, **options)

    monkeypatch.setattr(commands, "Client", record)
    options = ["--parallel", "3", "--limit-rate", "9M", "--read-timeout", "7", "--retry-for", "11", "--quiet"]
    assert cli.main(["get", stack.api_url, "-o", str(target), *options]) == 0
    assert client_options["timing"].max_outage == 11
    assert client_options.items() >= {"parallel": 3, "limit_rate": 9 << 20, "timeout": 7}.items()


@pytest.fixture
def large() -> Iterator[FakeStack]:
    """A stack with a file of three segments, each of which stops after 3 MB."""
    with FakeStack(2 * MIN_SEGMENT_BYTES + 4_000_000) as stack:
        stack.faults = [Fault(cut=3_000_000, silent=True) for _ in range(3)]
        yield stack


def test_after_sigkill_the_same_command_fetches_at_most_1_mib_per_range_twice(
    large: FakeStack, target: Path, wait_for: WaitFor
) -> None:
    command = [*COMMAND, "get", large.api_url, "--path", "q3.csv", "-o", str(target), "--json"]
    journal = target.with_name("report.bin.part.json")

    def so_far() -> bool:
        text = journal.read_text(encoding="utf-8") if journal.exists() else ""
        noted = {index: int(count) for index, count in re.findall(r'"segment":(\d),"bytes":(\d+)', text)}
        return len(noted) == 3 and min(noted.values()) > 1_900_000

    process = start(command, stdout=subprocess.DEVNULL)
    wait_for(so_far)
    process.kill()
    assert process.wait(10) == -signal.SIGKILL
    large.requests.clear()
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert target.read_bytes() == large.content
    resumed = [json.loads(line) for line in ended.stdout.splitlines() if '"resumed"' in line]
    requested = [re.findall(r"\d+", request.headers["range"]) for request in large.gets("/s3/")]
    fetched = sum(int(end) - int(begin) + 1 for begin, end in requested)
    assert fetched == len(large.content) - resumed[0]["receivedBytes"]
    assert resumed[0]["receivedBytes"] > 3 * (3_000_000 - (1 << 20) - (256 << 10))
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-16-be-bom", "utf-32"]
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", ""])
def test_a_response_is_read_in_every_encoding_that_shells_write(
    answer: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, line_end: str
) -> None:
    """Windows PowerShell writes UTF-16 with a byte order mark, PowerShell 7 and Notepad UTF-8 with or without one."""
    mark = "\ufeff" if encoding.endswith("-bom") else ""
    text = f"{mark}{answer.read_text(encoding='utf-8').strip()}{line_end}"
    content = text.encode(encoding.removesuffix("-bom"))
    answer.write_bytes(content)
    for command in ("status", "watch", "cancel"):
        assert cli.main([command, str(answer), "--quiet"]) == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
    assert cli.main(["status", "-", "--quiet"]) == 0


@pytest.mark.parametrize(
    "content", [b"[" * 200_000, b"\xff\xfe", b"\xfe\xff{", b"", b"\x00", b'{"a":' + b"9" * 5000 + b"}", b"\xef\xbb\xbf"]
)
def test_a_file_that_is_no_json_is_exit_code_2(tmp_path: Path, capsys: Capture, content: bytes) -> None:
    path = tmp_path / "q3.json"
    path.write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        cli.main(["status", str(path)])
    assert ended.value.code == 2
    assert "does not hold the JSON response" in capsys.readouterr().err


def test_a_closed_stdin_and_a_folder_are_exit_code_8(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert cli.main(["status", "-"]) == 8
    assert cli.main(["status", str(tmp_path)]) == 8
    assert capsys.readouterr().err.count("cannot be read") == 2


@pytest.mark.parametrize("number", [10**400, 2**63, -1, 1e300])
def test_a_size_that_no_file_has_is_left_out(stack: FakeStack, answer: Path, capfd: Capture, number: float) -> None:
    stack.state = {"status": "COPYING", "copiedBytes": number, "size": number}
    assert cli.main(["status", str(answer)]) == 0
    assert capfd.readouterr().out == "COPYING\n"
    stack.promised = {"size": number}
    stack.set_ready()
    assert cli.main(["status", str(answer)]) == 7
    assert "a file without a size" in capfd.readouterr().err
