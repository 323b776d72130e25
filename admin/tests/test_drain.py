"""`drain` and `drain --undo`, also when they are repeated, interrupted, or Pulumi has changed the function."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from async_download_admin.commands.drain import TAG, Clock, Drain
from async_download_admin.errors import AwsCallError, WaitTimeoutError
from async_download_admin.stack import Stack

from admin.tests.support.fake_aws import ARN, IDLE_CLOSER, FakeAws, refusal

CALL_SECONDS = 20


class Function:
    """The function `request_download` on AWS, its tags, and the executions that run at each look."""

    def __init__(self, aws: FakeAws) -> None:
        self.concurrency: int | None = None
        self.tags: dict[str, str] = {"Project": "async-download"}
        self.running: Iterator[int] = iter(())
        self.closing = 0
        aws.answers |= {
            "lambda.GetFunctionConcurrency": lambda _: (
                {} if self.concurrency is None else {"ReservedConcurrentExecutions": self.concurrency}
            ),
            "lambda.PutFunctionConcurrency": self.put,
            "lambda.DeleteFunctionConcurrency": self.delete,
            "lambda.ListTags": lambda _: {"Tags": dict(self.tags)},
            "lambda.TagResource": self.tag,
            "lambda.UntagResource": self.untag,
            "lambda.GetFunctionConfiguration": {"Timeout": CALL_SECONDS},
            "stepfunctions.ListExecutions": self.list_executions,
        }

    def put(self, parameters: dict[str, Any]) -> dict[str, Any]:
        self.concurrency = parameters["ReservedConcurrentExecutions"]
        return {}

    def delete(self, _: object) -> dict[str, Any]:
        self.concurrency = None
        return {}

    def tag(self, parameters: dict[str, Any]) -> dict[str, Any]:
        self.tags |= parameters["Tags"]
        return {}

    def untag(self, parameters: dict[str, Any]) -> dict[str, Any]:
        for key in parameters["TagKeys"]:
            del self.tags[key]
        return {}

    def list_executions(self, parameters: dict[str, Any]) -> dict[str, Any]:
        count = self.closing if parameters["stateMachineArn"] == IDLE_CLOSER else next(self.running, 0)
        execution = {"executionArn": ARN, "status": "RUNNING", "startDate": datetime.now(UTC)}
        return {"executions": [execution] * count}


class FakeClock:
    """A clock that only passes while it is waited for."""

    def __init__(self) -> None:
        self.time = 0.0
        self.clock = Clock(lambda: self.time, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def function(aws: FakeAws) -> Function:
    """The function, unreserved, while nothing runs."""
    return Function(aws)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that passes while it is waited for."""
    return FakeClock()


@pytest.fixture
def drain(stack: Stack, clock: FakeClock) -> Drain:
    """The command on the fake."""
    return Drain(stack, lambda _: None, clock.clock)


@pytest.mark.parametrize(("concurrency", "tag"), [(None, "none"), (50, "50")])
def test_a_drain_and_its_undo_restore_exactly_what_was(
    drain: Drain, function: Function, concurrency: int | None, tag: str
) -> None:
    function.concurrency = concurrency
    before = dict(function.tags)
    result = drain.run(100)
    assert (function.concurrency, function.tags[TAG]) == (0, tag)
    assert isinstance(result.content, dict)
    assert result.content["formerConcurrency"] == concurrency
    drain.undo()
    assert (function.concurrency, function.tags) == (concurrency, before)


def test_the_former_value_is_written_before_requests_are_stopped(
    drain: Drain, function: Function, aws: FakeAws
) -> None:
    drain.run(100)
    assert function.concurrency == 0
    assert aws.names.index("lambda.TagResource") < aws.names.index("lambda.PutFunctionConcurrency")


def test_executions_are_waited_for_and_calls_that_were_accepted_before(
    drain: Drain, function: Function, clock: FakeClock
) -> None:
    """A call that runs when requests are stopped may start an execution until its time-out."""
    function.running = iter([3, 0, 0, 1, 0])
    drain.run(100)
    assert clock.time >= CALL_SECONDS
    assert next(function.running, None) is None


def test_a_drain_that_takes_too_long_leaves_requests_stopped(drain: Drain, function: Function) -> None:
    function.running = iter([2] * 1000)
    with pytest.raises(WaitTimeoutError, match=r"2 executions still run after 60 s\. Requests stay stopped"):
        drain.run(60)
    assert function.concurrency == 0
    function.running = iter(())
    drain.run(100)
    drain.undo()
    assert function.concurrency is None


def test_a_second_drain_keeps_the_value_of_the_first(drain: Drain, function: Function, aws: FakeAws) -> None:
    function.concurrency = 7
    drain.run(100)
    result = drain.run(100)
    assert isinstance(result.content, dict)
    assert (result.content["formerConcurrency"], function.tags[TAG]) == (7, "7")
    assert len(aws.parameters("lambda.PutFunctionConcurrency")) == 1


def test_a_drain_that_was_interrupted_after_the_tag_is_continued_or_undone(drain: Drain, function: Function) -> None:
    function.concurrency, function.tags[TAG] = 7, "7"
    drain.run(100)
    assert (function.concurrency, function.tags[TAG]) == (0, "7")
    function.concurrency = 7
    drain.undo()
    assert (function.concurrency, TAG in function.tags) == (7, False)


def test_a_concurrency_that_was_set_during_a_drain_is_what_the_next_one_remembers(
    drain: Drain, function: Function
) -> None:
    """`pulumi up` with another api.reservedConcurrency sets it, and keeps the tag."""
    drain.run(100)
    function.concurrency = 50
    drain.run(100)
    assert function.tags[TAG] == "50"
    drain.undo()
    assert function.concurrency == 50


def test_an_undo_keeps_a_concurrency_that_was_set_during_the_drain(drain: Drain, function: Function) -> None:
    drain.run(100)
    function.concurrency = 50
    drain.undo()
    assert (function.concurrency, TAG in function.tags) == (50, False)


def test_an_undo_after_a_refresh_of_pulumi_does_nothing(drain: Drain, function: Function, aws: FakeAws) -> None:
    """`pulumi up --refresh` restores the concurrency and the tags of the program."""
    drain.run(100)
    function.concurrency, function.tags = None, {}
    assert "nothing to undo" in drain.undo().text
    assert "lambda.DeleteFunctionConcurrency" not in aws.names


def test_an_undo_that_was_interrupted_after_the_concurrency_is_finished(drain: Drain, function: Function) -> None:
    function.concurrency, function.tags[TAG] = None, "none"
    drain.undo()
    assert TAG not in function.tags


def test_requests_that_somebody_else_has_stopped_are_not_accepted_again(drain: Drain, function: Function) -> None:
    function.concurrency = 0
    drain.run(100)
    assert TAG not in function.tags
    with pytest.raises(AwsCallError, match="not by `drain`"):
        drain.undo()
    assert function.concurrency == 0


def test_a_former_concurrency_that_cannot_be_reserved_any_more_stays_recorded(
    drain: Drain, function: Function, aws: FakeAws
) -> None:
    function.concurrency = 900
    drain.run(100)
    aws.answers["lambda.PutFunctionConcurrency"] = refusal("InvalidParameterValueException", "below its minimum of 100")
    with pytest.raises(AwsCallError, match=r"900 cannot be set: .*below its minimum"):
        drain.undo()
    assert function.tags[TAG] == "900"


def test_idle_websockets_are_waited_for_before_a_destroy_only(drain: Drain, function: Function) -> None:
    function.closing = 1
    drain.run(100)
    with pytest.raises(WaitTimeoutError, match="1 executions"):
        drain.run(100, before_destroy=True)


@pytest.mark.parametrize("tag", ["", "-3", "many", "²"])
def test_a_tag_that_somebody_changed_means_unreserved(drain: Drain, function: Function, tag: str) -> None:
    function.concurrency, function.tags[TAG] = 0, tag
    drain.undo()
    assert function.concurrency is None
