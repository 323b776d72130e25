"""The adapters for Step Functions on LocalStack's interpreter."""

from __future__ import annotations

import json
import secrets

import pytest

from integration_tests.parity import step_functions
from integration_tests.parity.machines import ROLE
from runtime.adapters.executions import StepFunctions
from runtime.adapters.idle_closer import IdleCloserMachine
from runtime.adapters.waiting_tasks import WaitingTasks
from runtime.errors import ExecutionExistsError, ServiceError

WAITING = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
DOWNLOAD_ID = "a" * 32


@pytest.fixture
def machine_arn(step_functions_url: str, dynamodb_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    step_functions.use(monkeypatch, step_functions_url, dynamodb_url)
    client = step_functions.client("stepfunctions", step_functions_url)
    created = client.create_state_machine(
        name=f"waiting-{secrets.token_hex(4)}", definition=json.dumps(WAITING), roleArn=ROLE
    )
    return str(created["stateMachineArn"])


def execution_of(machine_arn: str) -> str:
    return f"{machine_arn.replace(':stateMachine:', ':execution:')}:{DOWNLOAD_ID}"


def test_an_execution_is_started_once_and_stopped(machine_arn: str) -> None:
    executions, arn = StepFunctions(machine_arn), execution_of(machine_arn)
    assert executions.status(arn) is None
    executions.start(DOWNLOAD_ID)
    executions.start(DOWNLOAD_ID)  # while it runs with the same input, the same execution
    assert executions.status(arn) == "RUNNING"
    executions.stop(arn)
    assert executions.status(arn) == "ABORTED"
    executions.stop(arn)
    with pytest.raises(ExecutionExistsError):
        executions.start(DOWNLOAD_ID)


def test_stopping_an_unknown_execution_changes_nothing(machine_arn: str) -> None:
    executions, arn = StepFunctions(machine_arn), execution_of(machine_arn)
    executions.stop(arn)
    assert executions.status(arn) is None


def test_a_machine_that_is_missing_is_a_service_error(machine_arn: str) -> None:
    with pytest.raises(ServiceError) as raised:
        StepFunctions(f"{machine_arn}x").start(DOWNLOAD_ID)
    assert raised.value.code == "StateMachineDoesNotExist"


def test_the_idle_closer_gets_its_input(machine_arn: str, step_functions_url: str) -> None:
    IdleCloserMachine(machine_arn).start("arn", ["c1", "c2"], since=1_800_000_000.5)
    client = step_functions.client("stepfunctions", step_functions_url)
    (execution,) = client.list_executions(stateMachineArn=machine_arn)["executions"]
    described = client.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["input"]) == {
        "executionArn": "arn",
        "connectionIds": ["c1", "c2"],
        "since": "2027-01-15T08:00:00.500Z",
    }


@pytest.mark.parametrize("token", ["unknown", "AAAA" * 30])
@pytest.mark.usefixtures("machine_arn")
def test_a_call_back_for_an_unknown_task_changes_nothing(token: str) -> None:
    WaitingTasks().resume(token)
