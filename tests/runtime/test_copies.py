"""The Copies table's adapter and its fake keep the same contract: each test runs on both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from async_download.state_machine import definition

from runtime.adapters.copies import DynamoCopies
from runtime.adapters.waiting_tasks import WaitingTasks
from runtime.errors import ServiceError
from runtime.models import Claim
from runtime.ports import Copies
from tests.runtime.fakes import FakeCopies
from tests.runtime.in_process import InProcess

NOW = 1_800_000_000.5
LATER = int(NOW) + 600
FILE = "f" * 64


class Table(NamedTuple):
    """The table, and what the state machine does with it."""

    copies: Copies
    wait: Callable[[str, str], bool]


@pytest.fixture(params=["fake", "dynamodb"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """An empty table, of either kind."""
    if request.param == "fake":
        fake = FakeCopies()
        yield Table(fake, fake.wait)
        return
    client = request.getfixturevalue("in_process").client("dynamodb")
    client.create_table(
        TableName="copies",
        KeySchema=[{"AttributeName": "fileId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "fileId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    arns = {key: f"arn:aws:lambda:x:y:function:{key}" for key in ("copy", "copy_slice", "complete", "deliver", "fail")}
    machine = definition(**arns, concurrency=1, seconds=1, copies="copies")
    parameters = machine["States"]["AwaitCopy"]["Parameters"]

    def wait(file_id: str, token: str) -> bool:
        """The request of `AwaitCopy`, its paths filled in."""
        values = parameters["ExpressionAttributeValues"] | {":token": {"L": [{"S": token}]}}
        own = {"Key": {"fileId": {"S": file_id}}, "ExpressionAttributeValues": values}
        try:
            client.update_item(**parameters | own)
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    yield Table(DynamoCopies("copies"), wait)


def test_the_first_leads(table: Table) -> None:
    """And goes on leading when it asks again."""
    assert table.copies.claim(FILE, "a", now=NOW, expires_at=LATER) == Claim("a")
    assert table.copies.claim(FILE, "b", now=NOW, expires_at=LATER) == Claim("a")
    assert table.copies.claim(FILE, "a", now=NOW, expires_at=LATER) == Claim("a")
    assert table.copies.claim("other", "b", now=NOW, expires_at=LATER) == Claim("b")


def test_a_claim_that_has_expired_is_nobodys(table: Table) -> None:
    """TTL may be days late."""
    table.copies.claim(FILE, "a", now=NOW, expires_at=LATER)
    assert table.copies.claim(FILE, "b", now=LATER - 1, expires_at=LATER + 600).leader == "a"
    assert table.copies.claim(FILE, "b", now=LATER, expires_at=LATER + 600).leader == "b"


def test_a_leader_is_replaced_by_who_names_it(table: Table) -> None:
    """The others have lost the race; those who wait go on waiting."""
    table.copies.claim(FILE, "a", now=NOW, expires_at=LATER)
    assert table.wait(FILE, "token")
    assert table.copies.claim(FILE, "b", now=NOW, expires_at=LATER, instead_of="a").leader == "b"
    assert table.copies.claim(FILE, "c", now=NOW, expires_at=LATER, instead_of="a") == Claim("b", 1)
    assert table.copies.release(FILE, "a") == []
    assert table.copies.finish(FILE, "b") == ["token"]


def test_those_who_wait_are_named_once(table: Table) -> None:
    """To the leader only."""
    table.copies.claim(FILE, "a", now=NOW, expires_at=LATER)
    assert [table.wait(FILE, token) for token in ("one", "two")] == [True, True]
    assert table.copies.claim(FILE, "b", now=NOW, expires_at=LATER) == Claim("a", 2)
    assert table.copies.finish(FILE, "b") == []
    assert table.copies.finish(FILE, "a") == ["one", "two"]
    assert table.copies.finish(FILE, "a") == []


def test_nobody_waits_for_a_copy_that_is_there(table: Table) -> None:
    """Until another leads."""
    assert not table.wait(FILE, "token")
    table.copies.claim(FILE, "a", now=NOW, expires_at=LATER)
    table.copies.finish(FILE, "a")
    assert not table.wait(FILE, "token")
    table.copies.claim(FILE, "b", now=NOW, expires_at=LATER, instead_of="a")
    assert table.wait(FILE, "token")


def test_a_claim_that_is_released_is_gone(table: Table) -> None:
    """Whoever comes next leads."""
    table.copies.claim(FILE, "a", now=NOW, expires_at=LATER)
    assert table.wait(FILE, "token")
    assert table.copies.release(FILE, "a") == ["token"]
    assert not table.wait(FILE, "token")
    assert table.copies.claim(FILE, "b", now=NOW, expires_at=LATER) == Claim("b")


def test_a_token_that_is_over_wakes_nobody(in_process: InProcess) -> None:
    """Its execution was stopped, or looked again by itself."""
    WaitingTasks().wake("no-such-token")
    assert len(in_process.requests) == 1


def test_a_call_back_that_fails_is_told_without_its_token(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who calls decides."""
    assert not in_process.requests
    monkeypatch.setattr("runtime.adapters.waiting_tasks._OVER", frozenset())
    with pytest.raises(ServiceError) as caught:
        WaitingTasks().wake("no-such-token")
    assert str(caught.value) == "SendTaskSuccess: TaskDoesNotExist"
