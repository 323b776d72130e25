"""The log of the functions tells what happened to each download, and counts it once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from integration_tests.support.journeys import basic
from integration_tests.support.leaks import find_leaks
from integration_tests.support.records import all_records, log_lines
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import wait_for
from tests.runtime.support import emf

Line = dict[str, Any]
SECONDS = 60


def lines_of(stack: Stack, download: Download) -> list[Line]:
    """Return the lines about a download, in the order of their time. WebSocket routes leave none on the emulator."""
    objects = [json.loads(text) for _, text in log_lines(stack) if text.startswith("{")]
    lines = [line for line in objects if line.get("downloadId") == download.id]
    return sorted(lines, key=lambda line: str(line["timestamp"]))


def wait_for_step(stack: Stack, download: Download, step: str) -> list[Line]:
    """Wait for a line of this step; return all lines about the download."""
    return wait_for(
        lambda: lines_of(stack, download),
        SECONDS,
        until=lambda lines: any(line["step"] == step for line in lines),
    )


def counted(lines: list[Line]) -> Iterator[tuple[str, float, tuple[str, ...]]]:
    """Yield name, value and dimension values of each metric in lines."""
    for line in lines:
        if "_aws" in line:
            emf.check(line)
            (directive,) = line["_aws"]["CloudWatchMetrics"]
            for metric in directive["Metrics"]:
                for names in directive["Dimensions"]:
                    yield metric["Name"], line[metric["Name"]], tuple(line[name] for name in names)


def totals(stack: Stack, lines: list[Line]) -> dict[str, float]:
    """Return the sum of each metric of the stack."""
    name_prefix = stack.operator.environment("copy")["METRICS_STACK"]
    sums: Counter[str] = Counter()
    for name, value, dimensions in counted(lines):
        if dimensions == (name_prefix,):
            sums[name] += value  # type: ignore[assignment]
    return dict(sums)


def steps(lines: list[Line]) -> list[str]:
    """Return the steps of lines."""
    return [line["step"] for line in lines]


@pytest.mark.security
def test_ready_failed_and_cancelled_downloads_are_seen_in_the_logs(stack: Stack) -> None:
    ready_path = unique_path("1MB")
    ready, failed = stack.client.request(ready_path), stack.client.request(unique_path("1MB", "status=404"))
    with stack.client.connect(ready) as socket, stack.client.connect(failed) as failed_socket:
        socket.receive("ready", deadline=SECONDS)
        failed_socket.receive("failed", deadline=SECONDS)
    cancelled = stack.client.request(unique_path("1MB", "first_byte=60"))
    wait_for(lambda: stack.client.status(cancelled).body["status"] == "COPYING", SECONDS)
    assert stack.client.cancel(cancelled).status == 202
    assert [stack.operator.wait_until_ended(download, SECONDS) for download in (ready, failed, cancelled)] == [
        "SUCCEEDED",
        "FAILED",
        "ABORTED",
    ]
    check_ready(stack, ready, ready_path)
    check_failed(stack, failed)
    wait_for_step(stack, cancelled, "cleanedUp")
    lines = wait_for_step(stack, cancelled, "copyEnded")  # the emulator shows lines at the end of their call
    assert {"requested", "copyStarted", "cancelled", "cleanedUp"} <= set(steps(lines))
    assert not {"ready", "failed"} & set(steps(lines))
    assert totals(stack, lines) == {"DownloadsRequested": 1, "DownloadsCancelled": 1}
    assert find_leaks(all_records(stack), stack.client.secrets) == []


def check_ready(stack: Stack, download: Download, path: str) -> None:
    """Check the lines of a download of 1 MB that was delivered to a client."""
    lines = wait_for_step(stack, download, "pushed")
    expected = ["requested", "copyStarted", "firstByte", "copied", "ready", "copyEnded", "pushed"]
    assert [step for step in steps(lines) if step in expected] == expected
    for line in lines:
        if line["step"] != "idleClosed":
            assert (line["origin"], line["path"]) == ("files", path.partition("?")[0])
            assert line["owner"]
    by_step = {line["step"]: line for line in lines}
    assert (by_step["ready"]["size"], by_step["copied"]["bytes"]) == (1_000_000, 1_000_000)
    values = totals(stack, lines)
    assert {name: values[name] for name in ("DownloadsRequested", "DownloadsReady", "CopiedBytes")} == {
        "DownloadsRequested": 1,
        "DownloadsReady": 1,
        "CopiedBytes": 1_000_000,
    }
    assert 0 < values["SecondsToFirstByte"] <= values["SecondsToReady"] < 60
    assert 0 <= values["SecondsToPush"] < 60
    assert not {"DownloadsFailed", "DownloadsCancelled"} & set(values)


def check_failed(stack: Stack, download: Download) -> None:
    """Check the lines of a download whose origin has answered 404."""
    lines = wait_for_step(stack, download, "cleanedUp")
    (line,) = [line for line in lines if line["step"] == "failed"]
    assert (line["code"], line["fault"], line["level"]) == ("ORIGIN_NOT_FOUND", "client", "WARN")
    assert "404" in line["reason"]
    name_prefix = line["Stack"]
    assert [dimensions for name, _, dimensions in counted(lines) if name == "DownloadsFailed"] == [
        (name_prefix,),
        (name_prefix, "client"),
        (name_prefix, "ORIGIN_NOT_FOUND"),
    ]
    assert totals(stack, lines)["DownloadsRequested"] == 1
    assert "ready" not in steps(lines)


def test_replay_to_a_client_that_connects_later_is_counted(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB"))
    stack.operator.wait_until_ended(download, SECONDS)
    with stack.client.connect(download) as socket:
        socket.receive("ready", deadline=SECONDS)
    lines = wait_for_step(stack, download, "replayed")
    assert totals(stack, lines)["Replays"] == 1
    assert "SecondsToPush" not in totals(stack, lines)


def test_lines_of_slices_have_their_bytes(stack: Stack) -> None:
    download = stack.client.request(unique_path("70MB"))
    assert stack.client.receive_end(download, SECONDS)["type"] == "ready"
    lines = wait_for_step(stack, download, "pushed")
    slices = [line for line in lines if line["step"] == "sliceCopied"]
    assert sum(line["bytes"] for line in slices) == 70_000_000
    assert totals(stack, lines)["CopiedBytes"] == 70_000_000


def test_journeys_leave_only_lines_of_known_kinds(stack: Stack) -> None:
    """Lines of Lambda itself have no step."""
    basic.receive_progress.run(stack, 30)
    lines = [json.loads(text) for _, text in log_lines(stack) if text.startswith("{")]
    assert lines
    assert all({"timestamp", "level", "step", "message"} <= set(line) for line in lines)
