"""`AwaitCopy` with real task tokens, which the interpreter writes to moto's DynamoDB."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from integration_tests.parity import machines, step_functions
from integration_tests.parity.machines import AWAITING, AWAITING_CASE
from integration_tests.parity.paths import FILE_ID
from integration_tests.support.waiting import wait_for
from runtime.adapters.copies import DynamoCopies
from runtime.adapters.waiting_tasks import WaitingTasks

LEADER = "arn:aws:states:us-east-1:000000000000:execution:awaiting:leader"
AWAIT_SECONDS = 3
COPIED_AGAIN = ["Copy", "Stored?", "AwaitCopy", "Copy", "Stored?", "Deliver"]


@dataclass
class Machine:
    """A state machine and its table of copies."""

    arn: str
    states: Any
    dynamodb: Any
    copies: DynamoCopies

    def claim(self) -> None:
        now = time.time()
        self.copies.claim(FILE_ID, LEADER, now=now, expires_at=int(now) + 600)

    def start(self) -> str:
        return str(self.states.start_execution(stateMachineArn=f"{self.arn}#{AWAITING_CASE}")["executionArn"])

    def tokens(self) -> list[str]:
        item = self.dynamodb.get_item(TableName=self.copies.table, Key={"fileId": {"S": FILE_ID}}).get("Item", {})
        return [token["S"] for token in item.get("waiting", {}).get("L", ())]

    def wait_for_tokens(self, count: int) -> list[str]:
        return wait_for(self.tokens, 20, until=lambda tokens: len(tokens) == count)

    def error_of(self, execution_arn: str) -> str | None:
        """Wait for the end of the execution; return the error of AwaitCopy, None if it succeeded."""
        status = wait_for(
            lambda: self.states.describe_execution(executionArn=execution_arn)["status"],
            30,
            until=lambda status: status != "RUNNING",
        )
        assert status == "SUCCEEDED"
        events = step_functions.events(self.states, execution_arn)
        assert step_functions.states_entered(events) == COPIED_AGAIN
        return next(iter(_errors(events)), None)


def _errors(events: Sequence[Any]) -> list[str]:
    details = [event.get("taskFailedEventDetails") or event.get("taskTimedOutEventDetails") for event in events]
    return [detail["error"] for detail in details if detail]


@pytest.fixture
def machine(step_functions_url: str, dynamodb_url: str, monkeypatch: pytest.MonkeyPatch) -> Machine:
    step_functions.use(monkeypatch, step_functions_url, dynamodb_url)
    table = f"copies-{secrets.token_hex(4)}"
    dynamodb = step_functions.client("dynamodb", dynamodb_url)
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "fileId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "fileId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    text = machines.tried_definitions()["reusing"]
    text["States"]["AwaitCopy"]["TimeoutSeconds"] = AWAIT_SECONDS
    text["States"]["AwaitCopy"]["Parameters"]["TableName"] = table
    states = step_functions.client("stepfunctions", step_functions_url)
    for earlier in states.list_state_machines()["stateMachines"]:
        if earlier["name"] == AWAITING:  # mocked responses are selected by the machine's name
            states.delete_state_machine(stateMachineArn=earlier["stateMachineArn"])
    arn = states.create_state_machine(name=AWAITING, definition=json.dumps(text), roleArn=machines.ROLE)
    return Machine(arn["stateMachineArn"], states, dynamodb, DynamoCopies(table))


def test_a_download_copies_at_once_when_there_is_no_claim(machine: Machine) -> None:
    assert machine.error_of(machine.start()) == "DynamoDb.ConditionalCheckFailedException"


def test_a_download_continues_at_once_when_the_copy_is_finished(machine: Machine) -> None:
    machine.claim()
    machine.copies.finish(FILE_ID, LEADER)
    assert machine.error_of(machine.start()) == "DynamoDb.ConditionalCheckFailedException"


@pytest.mark.parametrize("end", [DynamoCopies.release, DynamoCopies.finish], ids=["released", "finished"])
def test_waiting_downloads_are_resumed_when_the_copy_ends(machine: Machine, end: Any) -> None:
    machine.claim()
    waiting = [machine.start(), machine.start()]
    written = machine.wait_for_tokens(2)
    tokens = end(machine.copies, FILE_ID, LEADER)
    assert sorted(tokens) == sorted(written)
    for token in tokens:
        WaitingTasks().resume(token)
        WaitingTasks().resume(token)  # a repeated call back changes nothing
    assert [machine.error_of(execution) for execution in waiting] == [None, None]


def test_a_download_continues_after_the_time_out_and_a_late_call_back_changes_nothing(machine: Machine) -> None:
    machine.claim()
    execution = machine.start()
    (token,) = machine.wait_for_tokens(1)
    assert machine.error_of(execution) == "States.Timeout"
    WaitingTasks().resume(token)
