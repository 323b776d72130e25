"""The number of running downloads of a caller is limited, however they end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from runtime.errors import DailyLimitError, ServiceError, TooManyDownloadsError, TransientServiceError
from runtime.logic.ending.running_limit import CHECK_SECONDS, MAX_EXECUTIONS_CHECKED, caller_of
from runtime.logic.requests.request_download import DownloadRequest
from runtime.models import Download, Failure, Preparation, Status
from tests.runtime.support.world import DAILY_BYTES, MAX_RUNNING, STORED, World

pytestmark = pytest.mark.security

ALICES_REQUEST = DownloadRequest(owner="iam:alice", origin="reports", path="a/b.csv")
KEYED_REQUEST = replace(ALICES_REQUEST, idempotency_key="order-1")
FAILURE = Failure("ORIGIN_ERROR", "The origin answered HTTP 500.")


def request(world: World, download_request: DownloadRequest = ALICES_REQUEST) -> Download:
    """Request a download and return its row."""
    return world.downloads.rows[str(world.request_download.run(download_request)["executionArn"])]


def fill(world: World) -> list[Download]:
    """Request as many downloads as one caller may have."""
    return [request(world) for _ in range(MAX_RUNNING)]


def running_ids(world: World, caller: str = "iam:alice") -> frozenset[str]:
    """Return the ids that count as running."""
    return world.callers.items[caller].running


def finish(world: World, row: Download) -> None:
    """Mark the download READY and run the task that follows."""
    world.downloads.finish(row.execution_arn, stored=STORED, upload_id=None, now=world.clock.now())
    world.deliver.run(row.execution_arn)


def fail(world: World, row: Download) -> None:
    """Run the task of the state machine that follows a failure."""
    world.fail.run(row.execution_arn, FAILURE)


def cancel(world: World, row: Download) -> None:
    """Cancel the download and run the function that the cancel starts."""
    world.cancel.run(row)
    ((_, payload),) = world.functions.started
    world.fail.run(str(payload["executionArn"]), FAILURE)


def test_request_above_the_limit_is_refused_and_writes_nothing(world: World) -> None:
    fill(world)
    for _ in range(20):
        with pytest.raises(TooManyDownloadsError, match=f"{MAX_RUNNING}.*cancel"):
            world.request_download.run(ALICES_REQUEST)
    assert len(world.downloads.rows) == len(world.executions.started) == MAX_RUNNING
    assert world.callers.calls.count("claim_check") == 1, "only the first refusal looks at all downloads"


def test_another_caller_has_its_own_limit(world: World) -> None:
    fill(world)
    assert request(world, replace(ALICES_REQUEST, owner="iam:bob")).status is Status.PENDING


def test_download_that_waits_for_its_origin_keeps_its_place(world: World) -> None:
    first, *_ = fill(world)
    waiting = Preparation(1, world.clock.now() + 7200)
    world.downloads.rows[first.execution_arn] = replace(first, status=Status.PREPARING, preparation=waiting)
    world.clock.time += 600
    with pytest.raises(TooManyDownloadsError):
        world.request_download.run(ALICES_REQUEST)


@pytest.mark.parametrize("end", [finish, fail, cancel])
def test_every_end_frees_a_place(world: World, end: Callable[[World, Download], None]) -> None:
    first, *remaining = fill(world)
    end(world, first)
    assert running_ids(world) == {row.download_id for row in remaining}
    request(world)


@pytest.mark.parametrize("end", [finish, fail])
def test_repeated_end_frees_one_place(world: World, end: Callable[[World, Download], None]) -> None:
    """Step Functions runs a task again when its result is lost."""
    first, *remaining = fill(world)
    for _ in range(3):
        end(world, first)
    assert running_ids(world) == {row.download_id for row in remaining}


def test_replay_to_a_client_frees_no_place(world: World) -> None:
    """`connect` calls `deliver` while the download runs, too."""
    first, *_ = fill(world)
    world.deliver.run(first.execution_arn, "c1")
    assert len(running_ids(world)) == MAX_RUNNING


def test_repeated_key_counts_once(world: World) -> None:
    ids = {request(world, KEYED_REQUEST).download_id for _ in range(MAX_RUNNING * 2)}
    assert running_ids(world) == ids
    assert len(ids) == 1


def test_repeated_key_at_the_limit_returns_its_download(world: World) -> None:
    """A client whose first response was lost needs its download."""
    first = request(world, KEYED_REQUEST)
    for _ in range(MAX_RUNNING - 1):
        request(world)
    assert request(world, KEYED_REQUEST).download_id == first.download_id


def test_repeated_key_of_a_finished_download_returns_it_and_counts_nothing(world: World) -> None:
    first = request(world, KEYED_REQUEST)
    finish(world, first)
    assert request(world, KEYED_REQUEST).download_id == first.download_id
    assert running_ids(world) == frozenset()
    fill(world)
    assert request(world, KEYED_REQUEST).download_id == first.download_id, "at the limit as well"


def test_download_that_was_not_started_frees_its_place(world: World) -> None:
    world.executions.error = ServiceError("StartExecution", "ThrottlingException")
    for _ in range(MAX_RUNNING * 2):
        with pytest.raises(ServiceError):
            world.request_download.run(ALICES_REQUEST)
    world.executions.error = None
    fill(world)


def test_used_up_name_frees_its_place(world: World) -> None:
    """An execution of this name has ended, and its row is gone: the next name is used."""
    first = request(world, KEYED_REQUEST)
    del world.downloads.rows[first.execution_arn]
    world.executions.statuses[first.execution_arn] = "SUCCEEDED"
    second = request(world, KEYED_REQUEST)
    assert second.download_id != first.download_id
    assert running_ids(world) == {second.download_id}


@pytest.mark.parametrize(
    "change_row",
    [
        lambda row, _now: replace(row, status=Status.READY, stored=STORED),
        lambda row, _now: replace(row, status=Status.FAILED, failure=FAILURE),
        lambda row, now: replace(row, expires_at=int(now)),
        lambda _row, _now: None,
    ],
    ids=["ready", "failed", "expired", "no row"],
)
def test_place_of_a_finished_download_is_freed_at_the_limit(
    world: World, change_row: Callable[[Download, float], Download | None]
) -> None:
    first, *_ = fill(world)
    row = change_row(first, world.clock.now())
    del world.downloads.rows[first.execution_arn]
    world.downloads.rows |= {first.execution_arn: row} if row else {}
    assert request(world).download_id in running_ids(world)
    assert first.download_id not in running_ids(world)


def test_downloads_without_an_execution_are_found_a_few_at_a_time(world: World) -> None:
    rows = fill(world)
    for row in rows:
        world.executions.statuses[row.execution_arn] = "ABORTED"
    with pytest.raises(TooManyDownloadsError):
        world.request_download.run(ALICES_REQUEST)
    world.clock.time += 60
    request(world)
    assert len(running_ids(world) & {row.download_id for row in rows}) == MAX_RUNNING - MAX_EXECUTIONS_CHECKED


def test_no_place_is_freed_while_step_functions_fails(world: World) -> None:
    rows = fill(world)
    world.clock.time += 60
    world.executions.error = ServiceError("DescribeExecution", "ThrottlingException")
    with pytest.raises(TooManyDownloadsError):
        world.request_download.run(ALICES_REQUEST)
    assert running_ids(world) == {row.download_id for row in rows}


def test_refused_caller_is_checked_again_after_a_while(world: World) -> None:
    first, *_ = fill(world)
    with pytest.raises(TooManyDownloadsError):
        world.request_download.run(ALICES_REQUEST)
    world.downloads.finish(first.execution_arn, stored=STORED, upload_id=None, now=world.clock.now())
    with pytest.raises(TooManyDownloadsError):
        world.request_download.run(ALICES_REQUEST)
    world.clock.time += CHECK_SECONDS
    request(world)


def test_without_a_limit_nothing_is_counted(world: World) -> None:
    unlimited = replace(world.request_download, limit=replace(world.limit, max_running=0))
    for _ in range(MAX_RUNNING * 3):
        unlimited.run(ALICES_REQUEST)
    assert world.callers.calls == []


def finish_with_size(world: World, row: Download, size: int) -> None:
    """Mark the download READY with a copy of its own of this size, and run the task that follows."""
    stored = replace(STORED, key=f"downloads/{row.download_id}", size=size)
    world.downloads.finish(row.execution_arn, stored=stored, upload_id=None, now=world.clock.now())
    world.deliver.run(row.execution_arn)


def test_bytes_of_a_day_are_limited(world: World) -> None:
    for size in (DAILY_BYTES - 1, 1):
        finish_with_size(world, request(world), size)
    with pytest.raises(DailyLimitError, match=f"{DAILY_BYTES} bytes.*midnight") as error_info:
        world.request_download.run(ALICES_REQUEST)
    assert error_info.value.retry_after is not None
    assert 0 < error_info.value.retry_after <= 86_400
    assert len(world.executions.started) == 2
    request(world, replace(ALICES_REQUEST, owner="iam:bob"))
    world.clock.time += error_info.value.retry_after
    request(world)


def test_bytes_count_once(world: World) -> None:
    row = request(world)
    for _ in range(3):
        finish_with_size(world, row, 7)
    assert set(world.callers.bytes.values()) == {7}


def test_bytes_count_when_a_key_is_repeated_before_the_end_is_recorded(world: World) -> None:
    """The repeat comes between READY in the row and the end of the notifications, up to ten seconds later."""
    row = request(world, KEYED_REQUEST)
    stored = replace(STORED, key=f"downloads/{row.download_id}", size=7)
    world.downloads.finish(row.execution_arn, stored=stored, upload_id=None, now=world.clock.now())
    request(world, KEYED_REQUEST)
    world.deliver.run(row.execution_arn)
    assert set(world.callers.bytes.values()) == {7}
    assert running_ids(world) == frozenset()


def test_bytes_count_once_when_the_end_is_found_at_the_limit(world: World) -> None:
    first, *_ = fill(world)
    stored = replace(STORED, key=f"downloads/{first.download_id}", size=7)
    world.downloads.finish(first.execution_arn, stored=stored, upload_id=None, now=world.clock.now())
    request(world)
    world.deliver.run(first.execution_arn)
    assert set(world.callers.bytes.values()) == {7}


def test_running_download_keeps_its_place_when_a_repeat_cannot_start_it(world: World) -> None:
    """The first response was lost, and Step Functions throttles the repeated request."""
    row = request(world, KEYED_REQUEST)
    world.executions.error = ServiceError("StartExecution", "ThrottlingException")
    with pytest.raises(ServiceError):
        world.request_download.run(KEYED_REQUEST)
    assert running_ids(world) == {row.download_id}


def test_start_whose_response_was_lost_keeps_its_place(world: World) -> None:
    """The execution may run; if it does not, the place is freed at the limit a minute later."""
    world.executions.error = TransientServiceError("StartExecution", "ReadTimeoutError")
    with pytest.raises(ServiceError):
        world.request_download.run(ALICES_REQUEST)
    assert len(running_ids(world)) == 1


def test_bytes_of_a_failed_copy_count(world: World) -> None:
    """Otherwise a caller could cancel shortly before the end and pay nothing."""
    row = request(world)
    world.downloads.progress(row.execution_arn, copied=5, size=9, upload_id=None, now=world.clock.now())
    world.fail.run(row.execution_arn, FAILURE)
    assert set(world.callers.bytes.values()) == {5}


def test_bytes_of_a_reused_copy_do_not_count(world: World) -> None:
    row = request(world)
    finish(world, row)
    assert row.download_id not in STORED.key
    assert not world.callers.bytes


def test_repeat_above_the_daily_limit_returns_its_download(world: World) -> None:
    first = request(world, KEYED_REQUEST)
    finish_with_size(world, request(world), DAILY_BYTES)
    assert request(world, KEYED_REQUEST).download_id == first.download_id
    finish_with_size(world, first, 1)
    assert request(world, KEYED_REQUEST).download_id == first.download_id


@pytest.mark.parametrize(
    ("owners", "callers"),
    [
        (["iam:arn:aws:sts::1:assumed-role/app/a", "iam:arn:aws:sts::1:assumed-role/app/b"], 1),
        (["iam:arn:aws:iam::1:user/a", "iam:arn:aws:iam::1:user/b"], 2),
        (["address:2001:db8::1", "address:2001:db8::ffff:2"], 1),
        (["address:2001:db8::1", "address:2001:db8:0:1::1"], 2),
        (["address:192.0.2.1", "address:192.0.2.2"], 2),
        (["address:unknown"], 1),
        (["user:a", "principal:a", "key:a", "identity:a"], 4),
        (["principal:" + "x" * 5000 + end for end in "ab"], 2),
        (["principal:ü", "principal:u"], 2),
    ],
)
def test_freely_chosen_parts_of_an_owner_do_not_make_another_caller(owners: list[str], callers: int) -> None:
    keys = {caller_of(owner) for owner in owners}
    assert len(keys) == callers
    assert all(len(f"caller:{key}".encode()) <= 2048 for key in keys)
