"""Metrics in log lines: their shape, and that each download counts once."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from jsonschema import ValidationError

from runtime import metrics
from runtime.errors import FAULTS, AsyncDownloadError, TransientServiceError
from runtime.logic.requests.request_download import DownloadRequest
from runtime.models import Failure, Status
from tests.runtime.ending.test_deliver import open_connections
from tests.runtime.support import emf
from tests.runtime.support.log_stories import (
    STACK,
    STORIES,
    THROTTLED,
    Line,
    captured,
    copy_small_file,
    fail_download,
    lines_of,
    request_twice,
    share_copy,
)
from tests.runtime.support.slicing import SIZE, SLICES, start_upload
from tests.runtime.support.world import ARN, PART, OriginFile, World, content_of

CONTRACT = {
    "DownloadsRequested": "Count",
    "DownloadsReady": "Count",
    "DownloadsFailed": "Count",
    "DownloadsCancelled": "Count",
    "CopiedBytes": "Bytes",
    "SecondsToFirstByte": "Seconds",
    "SecondsToReady": "Seconds",
    "SecondsToPush": "Seconds",
    "Replays": "Count",
    "Evictions": "Count",
    "PushesGivenUp": "Count",
}
FAILURE = Failure("ORIGIN_NOT_FOUND", "The origin answered HTTP 404.")
KEY = "0123456789abcdef0123456789abcdef"


def measured(lines: list[Line]) -> Iterator[tuple[str, float, tuple[str, ...]]]:
    """Yield name, value and dimension values of each metric that CloudWatch reads from lines."""
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            for metric in directive["Metrics"]:
                for names in directive["Dimensions"]:
                    yield metric["Name"], line[metric["Name"]], tuple(line[name] for name in names)


def totals(lines: list[Line]) -> dict[str, float]:
    """Return the sum of each metric by stack."""
    sums: Counter[str] = Counter()
    for name, value, dimensions in measured(lines):
        if dimensions == (STACK,):
            sums[name] += value  # type: ignore[assignment]
    return dict(sums)


def test_names_and_units_are_those_of_the_contract() -> None:
    assert (metrics.NAMESPACE, dict(metrics.UNITS)) == ("AsyncDownload", CONTRACT)


@pytest.mark.parametrize("story", STORIES)
def test_lines_with_metrics_are_in_the_embedded_metric_format(story: Callable[[World], None]) -> None:
    for line in lines_of(story):
        if "_aws" in line:
            emf.check(line)
            (directive,) = line["_aws"]["CloudWatchMetrics"]
            assert directive["Namespace"] == "AsyncDownload"
            assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}.items() <= CONTRACT.items()
            assert line["Stack"] == STACK
            assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 3600


def test_every_metric_is_counted_by_some_line() -> None:
    assert {name for story in STORIES for name, _, _ in measured(list(lines_of(story)))} == set(CONTRACT)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"_aws": {"CloudWatchMetrics": []}}, ValidationError),
        ({"_aws": {"Timestamp": 1.5, "CloudWatchMetrics": []}}, ValidationError),
        ({"DownloadsRequested": "1"}, AssertionError),
        ({"Stack": ""}, AssertionError),
    ],
)
def test_the_check_of_the_format_finds_mistakes(change: Mapping[str, Any], error: type[Exception]) -> None:
    line = dict(lines_of(request_twice)[0])
    emf.check(line)
    with pytest.raises(error):
        emf.check({**line, **change})


def test_the_schema_refuses_unknown_units_and_members() -> None:
    line = json.loads(json.dumps(lines_of(request_twice)[0]))
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    for part, member, value in (
        (directive["Metrics"][0], "Unit", "Minutes"),
        (directive, "Namespace", ""),
        (directive, "Period", 60),
        (directive, "Dimensions", [["Stack"] * 31]),
    ):
        before = dict(part)
        part[member] = value
        with pytest.raises(ValidationError):
            emf.check(line)
        part.clear()
        part.update(before)
    emf.check(line)


def test_failures_also_count_by_fault_and_by_code() -> None:
    dimensions = [values for name, _, values in measured(list(lines_of(fail_download))) if name == "DownloadsFailed"]
    assert dimensions == [(STACK,), (STACK, "client"), (STACK, "ORIGIN_NOT_FOUND")]


def test_values_of_dimensions_are_few() -> None:
    """Each combination is a metric that is billed; ids, files and callers would be one for each download."""
    values = {
        value for story in STORIES for _, _, dimensions in measured(list(lines_of(story))) for value in dimensions
    }
    assert values <= {STACK, *FAULTS.values(), *FAULTS}


@pytest.mark.parametrize("variables", [{}, {metrics.STACK_VARIABLE: ""}])
def test_without_the_variable_lines_have_no_metrics(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    monkeypatch.delenv(metrics.STACK_VARIABLE, raising=False)
    lines = captured(lambda: copy_small_file(World()), variables)
    assert [line["step"] for line in lines] == [line["step"] for line in lines_of(copy_small_file)]
    assert not any({"_aws", "Stack", *CONTRACT} & set(line) for line in lines)


def test_small_download_counts_bytes_and_seconds() -> None:
    assert totals(list(lines_of(copy_small_file))) == {
        "DownloadsReady": 1,
        "CopiedBytes": 10,
        "SecondsToFirstByte": 2,
        "SecondsToReady": 2,
        "SecondsToPush": 0,
    }


def test_repeated_request_counts_once(world: World) -> None:
    request = DownloadRequest("iam:alice", "reports", "a.csv", idempotency_key=KEY)
    lines = captured(lambda: [world.request_download.run(request) for _ in range(3)])
    assert totals(lines) == {"DownloadsRequested": 1}


def test_request_whose_execution_was_not_started_at_once_counts_once(world: World) -> None:
    """The caller gets an error, and repeats the request."""
    request = DownloadRequest("iam:alice", "reports", "a.csv", idempotency_key=KEY)

    def run() -> None:
        world.executions.error = TransientServiceError("StartExecution", "ThrottlingException")
        with suppress(AsyncDownloadError):
            world.request_download.run(request)
        world.executions.error = None
        world.request_download.run(request)

    assert totals(captured(run)) == {"DownloadsRequested": 1}


def test_id_of_an_earlier_execution_does_not_count(world: World) -> None:
    """The key was used before, and the item of that download has expired: the request gets the next id."""
    request = DownloadRequest("iam:alice", "reports", "a.csv", idempotency_key=KEY)
    world.request_download.run(request)
    (first,) = world.downloads.rows.values()
    world.downloads.rows.clear()
    world.executions.statuses[first.execution_arn] = "SUCCEEDED"
    assert totals(captured(lambda: world.request_download.run(request))) == {"DownloadsRequested": 1}


def test_sliced_download_counts_once_although_workers_run_twice(world: World) -> None:
    def run() -> None:
        start_upload(world)
        for index in (*range(SLICES), 0):
            world.copy_slice(index)
        world.clock.sleep(5)
        for _ in range(2):
            assert world.complete() == {"outcome": "STORED"}
        world.copy()

    counted = totals(captured(run))
    assert counted == {"DownloadsReady": 1, "CopiedBytes": SIZE, "SecondsToFirstByte": 0, "SecondsToReady": 5}


def test_first_byte_is_that_of_the_first_worker(world: World) -> None:
    """A later worker plans the slices again, for instance because the answer of the first was lost."""

    def run() -> None:
        world.put_file(OriginFile(content_of(SIZE)))
        world.clock.sleep(3)
        world.copy(fan_out=1)
        world.clock.sleep(60)
        world.copy()

    counted = totals(captured(run))
    assert (counted["SecondsToFirstByte"], counted["SecondsToReady"]) == (3, 63)


@pytest.mark.parametrize("end", ["READY", "FAILED", "CANCELLED"])
def test_end_counts_once_although_the_answer_to_its_update_was_lost(world: World, end: str) -> None:
    """The SDK repeats the update, whose condition then does not hold any more."""
    world.put_file(OriginFile(content_of(10)))
    calls: dict[str, Callable[[], object]] = {
        "READY": world.copy,
        "FAILED": lambda: world.fail.run(ARN, FAILURE),
        "CANCELLED": lambda: world.cancel.run(world.row),
    }
    method = {"READY": "finish", "FAILED": "fail", "CANCELLED": "cancel"}[end]
    update = getattr(world.downloads, method)

    def lose_answer(*arguments: Any, **fields: Any) -> bool:
        update(*arguments, **fields)
        return bool(update(*arguments, **fields))

    setattr(world.downloads, method, lose_answer)
    counted = totals(captured(calls[end]))
    assert (
        counted[{"READY": "DownloadsReady", "FAILED": "DownloadsFailed", "CANCELLED": "DownloadsCancelled"}[end]] == 1
    )
    setattr(world.downloads, method, update)
    world.clock.sleep(1)
    with suppress(AsyncDownloadError):
        assert totals(captured(calls[end])) == {}


def test_failure_that_all_parties_report_counts_once(world: World) -> None:
    """The state machine, its status event, a client that reads the download, and an operator."""
    world.put_download(status=Status.COPYING)
    world.executions.statuses[ARN] = "FAILED"
    world.clock.sleep(120)

    def run() -> None:
        world.reconcile.run(world.row)
        for _ in range(3):
            world.clock.sleep(1)
            world.fail.run(ARN, FAILURE)
        with suppress(AsyncDownloadError):
            world.cancel.run(world.row)

    assert totals(captured(run)) == {"DownloadsFailed": 1}


def test_cancelled_download_is_no_failure(world: World) -> None:
    """Its execution is stopped, so that its status event calls `fail`."""
    world.put_download(status=Status.COPYING)

    def run() -> None:
        for _ in range(2):
            world.cancel.run(world.row)
            world.clock.sleep(1)
        world.fail.run(ARN, Failure("STOPPED", "The transfer was stopped."))

    assert totals(captured(run)) == {"DownloadsCancelled": 1}


def test_reused_copy_counts_no_bytes() -> None:
    counted = totals(list(lines_of(share_copy)))
    assert (counted["DownloadsReady"], counted["CopiedBytes"]) == (2, 3 * PART)


def test_delivery_that_is_repeated_counts_its_push_once(world: World) -> None:
    """The first attempt reaches no client, so the state machine repeats it."""
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    world.sockets.errors["c1"] = [THROTTLED] * 999

    def run() -> None:
        with suppress(AsyncDownloadError):
            world.deliver.run(ARN)
        world.sockets.errors.clear()
        world.deliver.run(ARN)

    counted = totals(captured(run))
    assert counted["PushesGivenUp"] == 1
    assert counted["SecondsToPush"] > 9
    assert [name for name, _, _ in measured(captured(lambda: world.deliver.run(ARN, "c1")))] == ["Replays"]


def test_replay_to_a_client_that_has_left_does_not_count(world: World) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    world.sockets.drop("c1")
    assert totals(captured(lambda: world.deliver.run(ARN, "c1"))) == {}


def test_progress_that_was_given_up_counts(world: World) -> None:
    file = world.put_file(OriginFile(content_of(5000)))
    open_connections(world, "c1")
    world.sockets.errors["c1"] = [THROTTLED] * 999
    file.on_read = lambda: world.clock.sleep(2)
    assert totals(captured(world.copy))["PushesGivenUp"] >= 1
