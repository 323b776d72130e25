"""The Copies table's adapter and its fake keep the same contract, on two implementations of DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from runtime.adapters.copies import DynamoCopies
from runtime.adapters.waiting_tasks import WaitingTasks
from runtime.errors import ServiceError
from runtime.models import Claim
from runtime.ports import Copies
from tests.runtime.support.fakes import FakeCopies
from tests.runtime.support.in_process import InProcess
from tests.runtime.support.stores import await_copy_parameters, create_table

NOW = 1_800_000_000.5
LATER = int(NOW) + 600
FILE = "f" * 64


class Table(NamedTuple):
    """The table, and what the state machine does with it."""

    copies: Copies
    wait: Callable[[str, str], bool]


@pytest.fixture(params=["fake", "ministack", "moto"])
def table(request: pytest.FixtureRequest) -> Table:
    """An empty table: the fake's, or the adapter's on one of two implementations of DynamoDB."""
    if request.param == "fake":
        fake = FakeCopies()
        return Table(fake, fake.wait)
    client = request.getfixturevalue("in_process" if request.param == "ministack" else "in_moto").client("dynamodb")
    create_table(client, "copies", "fileId")
    parameters = await_copy_parameters()

    def wait(file_id: str, token: str) -> bool:
        """The request of `AwaitCopy`, its paths filled in."""
        values = parameters["ExpressionAttributeValues"] | {":token": {"L": [{"S": token}]}}
        own = {"Key": {"fileId": {"S": file_id}}, "ExpressionAttributeValues": values}
        try:
            client.update_item(**parameters | own)
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    return Table(DynamoCopies("copies"), wait)


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
    WaitingTasks().resume("no-such-token")
    assert len(in_process.requests) == 1


def test_a_call_back_that_fails_is_told_without_its_token(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who calls decides."""
    assert not in_process.requests
    monkeypatch.setattr("runtime.adapters.waiting_tasks._OVER", frozenset())
    with pytest.raises(ServiceError) as caught:
        WaitingTasks().resume("no-such-token")
    assert str(caught.value) == "SendTaskSuccess: TaskDoesNotExist"
