"""The adapter of the Copies table and its fake keep the same contract, on two implementations of DynamoDB."""

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


class CopiesTable(NamedTuple):
    """The table, and the state machine's `AwaitCopy` on it."""

    copies: Copies
    wait: Callable[[str, str], bool]


@pytest.fixture(params=["fake", "ministack", "moto"])
def table(request: pytest.FixtureRequest) -> CopiesTable:
    """Return an empty table: the fake, or the adapter on one of two implementations of DynamoDB."""
    if request.param == "fake":
        fake = FakeCopies()
        return CopiesTable(fake, fake.wait)
    client = request.getfixturevalue("in_process" if request.param == "ministack" else "in_moto").client("dynamodb")
    create_table(client, "copies", "fileId")
    parameters = await_copy_parameters()

    def wait(file_id: str, token: str) -> bool:
        """Send the request of `AwaitCopy`; return False if its condition fails."""
        values = parameters["ExpressionAttributeValues"] | {":token": {"L": [{"S": token}]}}
        changes = {"Key": {"fileId": {"S": file_id}}, "ExpressionAttributeValues": values}
        try:
            client.update_item(**parameters | changes)
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    return CopiesTable(DynamoCopies("copies"), wait)


def test_first_claim_leads_and_can_be_repeated(table: CopiesTable) -> None:
    assert table.copies.claim(FILE, "a", now=NOW, expires_at=LATER) == Claim("a")
    assert table.copies.claim(FILE, "b", now=NOW, expires_at=LATER) == Claim("a")
    assert table.copies.claim(FILE, "a", now=NOW, expires_at=LATER) == Claim("a")
    assert table.copies.claim("other", "b", now=NOW, expires_at=LATER) == Claim("b")


def test_expired_claim_is_taken_over(table: CopiesTable) -> None:
    """TTL may remove it days late."""
    table.copies.claim(FILE, "a", now=NOW, expires_at=LATER)
    assert table.copies.claim(FILE, "b", now=LATER - 1, expires_at=LATER + 600).leader == "a"
    assert table.copies.claim(FILE, "b", now=LATER, expires_at=LATER + 600).leader == "b"


def test_leader_is_replaced_by_a_claim_that_names_it(table: CopiesTable) -> None:
    """Later claims lose; waiting executions stay."""
    table.copies.claim(FILE, "a", now=NOW, expires_at=LATER)
    assert table.wait(FILE, "token")
    assert table.copies.claim(FILE, "b", now=NOW, expires_at=LATER, instead_of="a").leader == "b"
    assert table.copies.claim(FILE, "c", now=NOW, expires_at=LATER, instead_of="a") == Claim("b", 1)
    assert table.copies.release(FILE, "a") == []
    assert table.copies.finish(FILE, "b") == ["token"]


def test_waiting_tokens_are_returned_to_the_leader_once(table: CopiesTable) -> None:
    table.copies.claim(FILE, "a", now=NOW, expires_at=LATER)
    assert [table.wait(FILE, token) for token in ("one", "two")] == [True, True]
    assert table.copies.claim(FILE, "b", now=NOW, expires_at=LATER) == Claim("a", 2)
    assert table.copies.finish(FILE, "b") == []
    assert table.copies.finish(FILE, "a") == ["one", "two"]
    assert table.copies.finish(FILE, "a") == []


def test_finished_copy_is_not_waited_for_until_another_leads(table: CopiesTable) -> None:
    assert not table.wait(FILE, "token")
    table.copies.claim(FILE, "a", now=NOW, expires_at=LATER)
    table.copies.finish(FILE, "a")
    assert not table.wait(FILE, "token")
    table.copies.claim(FILE, "b", now=NOW, expires_at=LATER, instead_of="a")
    assert table.wait(FILE, "token")


def test_released_claim_is_gone(table: CopiesTable) -> None:
    table.copies.claim(FILE, "a", now=NOW, expires_at=LATER)
    assert table.wait(FILE, "token")
    assert table.copies.release(FILE, "a") == ["token"]
    assert not table.wait(FILE, "token")
    assert table.copies.claim(FILE, "b", now=NOW, expires_at=LATER) == Claim("b")


def test_token_of_a_stopped_execution_is_ignored(in_process: InProcess) -> None:
    WaitingTasks().resume("no-such-token")
    assert len(in_process.requests) == 1


def test_failed_resume_call_is_an_error_without_the_token(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not in_process.requests
    monkeypatch.setattr("runtime.adapters.waiting_tasks._OVER", frozenset())
    with pytest.raises(ServiceError) as caught:
        WaitingTasks().resume("no-such-token")
    assert str(caught.value) == "SendTaskSuccess: TaskDoesNotExist"
