"""`list`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from async_download_admin.commands.list_downloads import Selection, list_downloads
from async_download_admin.executions import FAILED
from async_download_admin.stack import Stack

from admin.tests.support.fake_aws import ARN, PREFIX, FakeAws

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def arn_of(number: int) -> str:
    return f"{ARN[:-32]}{number:032x}"


def execution(number: int, status: str = "SUCCEEDED", hours: float = 1) -> dict[str, Any]:
    start = NOW - timedelta(hours=hours)
    times = {"startDate": start} | ({"stopDate": start + timedelta(seconds=3)} if status != "RUNNING" else {})
    return {"executionArn": arn_of(number), "status": status, **times}


class World:
    """Executions and items that the fake returns."""

    def __init__(self, aws: FakeAws) -> None:
        self.executions: list[dict[str, Any]] = []
        self.items: dict[str, dict[str, Any]] = {}
        self.log: list[dict[str, Any]] = []
        aws.answers |= {
            "stepfunctions.ListExecutions": self.list_executions,
            "dynamodb.BatchGetItem": self.read_items,
            "logs.FilterLogEvents": lambda _: {"events": self.log},
        }

    def list_executions(self, parameters: dict[str, Any]) -> dict[str, Any]:
        status = parameters.get("statusFilter")
        matching = [entry for entry in self.executions if status in (None, entry["status"])]
        start = int(parameters.get("nextToken", 0))
        more = {"nextToken": str(start + 2)} if start + 2 < len(matching) else {}
        return {"executions": matching[start : start + 2], **more}

    def read_items(self, parameters: dict[str, Any]) -> dict[str, Any]:
        ((table, request),) = parameters["RequestItems"].items()
        arns = [key["executionArn"]["S"] for key in request["Keys"]]
        return {"Responses": {table: [self.items[arn] for arn in arns if arn in self.items]}, "UnprocessedKeys": {}}

    def add_item(self, number: int, status: str = "READY", origin: str = "reports", code: str = "") -> None:
        arn = arn_of(number)
        failure = {"failure": {"M": {"code": {"S": code}, "message": {"S": "why"}}}} if code else {}
        item = {"executionArn": {"S": arn}, "status": {"S": status}, "origin": {"S": origin}, "path": {"S": "a"}}
        self.items[arn] = item | failure


@pytest.fixture
def world(aws: FakeAws) -> World:
    """Five executions: two READY, one that failed, one without an item, one that runs; and an old one."""
    world = World(aws)
    world.executions = [
        execution(5, "RUNNING", 1),
        execution(4, "FAILED", 2),
        execution(3, "TIMED_OUT", 3),
        execution(2, hours=4),
        execution(1, hours=5),
        execution(0, hours=25),
    ]
    world.add_item(5, "COPYING")
    world.add_item(4, "FAILED", "exports", "ORIGIN_NOT_FOUND")
    world.add_item(2)
    world.add_item(1, origin="exports")
    return world


def listed(stack: Stack, selection: Selection) -> list[int]:
    content = list_downloads(stack, selection, NOW).content
    assert isinstance(content, dict)
    return [int(row["downloadId"], 16) for row in content["downloads"]]


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        (Selection(DAY), [5, 4, 3, 2, 1]),
        (Selection(timedelta(hours=2.5)), [5, 4]),
        (Selection(2 * DAY), [5, 4, 3, 2, 1, 0]),
        (Selection(DAY, ["RUNNING"]), [5]),
        (Selection(DAY, FAILED), [4, 3]),
        (Selection(DAY, origin="exports"), [4, 1]),
        (Selection(DAY, code="ORIGIN_NOT_FOUND"), [4]),
        (Selection(DAY, limit=2), [5, 4]),
        (Selection(DAY, limit=5), [5, 4, 3, 2, 1]),
    ],
)
@pytest.mark.usefixtures("world")
def test_executions_are_selected_the_latest_first(stack: Stack, selection: Selection, numbers: list[int]) -> None:
    assert listed(stack, selection) == numbers


def test_codes_without_an_item_come_from_the_first_line_of_the_log(world: World, stack: Stack) -> None:
    world.log = [
        {"timestamp": 1, "message": json.dumps({"executionArn": arn, "code": code})}
        for arn, code in ((arn_of(3), "TIMED_OUT"), (arn_of(3), "TRANSFER_FAILED"), ("other", "X"))
    ]
    world.log.append({"timestamp": 1, "message": "no JSON"})
    content = list_downloads(stack, Selection(DAY, FAILED), NOW).content
    assert isinstance(content, dict)
    assert [(row["code"], row["origin"]) for row in content["downloads"]] == [
        ("ORIGIN_NOT_FOUND", "exports"),
        ("TIMED_OUT", None),
    ]
    assert listed(stack, Selection(DAY, code="TIMED_OUT")) == [3]


def test_the_log_is_not_searched_while_all_failures_have_items(world: World, stack: Stack, aws: FakeAws) -> None:
    world.add_item(3, "FAILED", code="TIMED_OUT")
    listed(stack, Selection(DAY))
    assert "logs.FilterLogEvents" not in aws.names


@pytest.mark.usefixtures("world")
def test_executions_that_a_filter_cannot_judge_are_counted(stack: Stack) -> None:
    result = list_downloads(stack, Selection(DAY, origin="exports"), NOW)
    assert isinstance(result.content, dict)
    assert result.content["withoutItem"] == 1
    assert "1 executions are left out" in result.text


@pytest.mark.usefixtures("world")
def test_a_longer_list_is_said(stack: Stack) -> None:
    assert "There are more than 2" in list_downloads(stack, Selection(DAY, limit=2), NOW).text
    assert "There are more" not in list_downloads(stack, Selection(DAY, limit=5), NOW).text


@pytest.mark.usefixtures("world")
def test_an_empty_list_is_said(stack: Stack) -> None:
    assert list_downloads(stack, Selection(DAY, ["ABORTED"]), NOW).text == "No downloads."


def test_items_are_read_a_hundred_at_a_time_without_their_ticket_hashes(
    world: World, stack: Stack, aws: FakeAws
) -> None:
    world.executions = [execution(number, hours=number / 1000) for number in range(150)]
    assert len(listed(stack, Selection(DAY, limit=200))) == 150
    requests = [
        parameters["RequestItems"][f"{PREFIX}-downloads"] for parameters in aws.parameters("dynamodb.BatchGetItem")
    ]
    assert [len(request["Keys"]) for request in requests] == [100, 50]
    assert all("ticketHashes" not in request["ExpressionAttributeNames"].values() for request in requests)
