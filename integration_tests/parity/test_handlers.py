"""Every handler in AWS's runtime client on Python 3.13, from its archive and with its registered settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from async_download.functions import ALL_FUNCTIONS

from integration_tests.parity import lambda_runtime, step_functions
from localcloud.emulator import Emulator
from tests.components.support.harness import REPOSITORY, Cloud, Deployment, deploy

ARGS = {
    "auth.type": "api_key",
    "api.web_page": True,
    "websocket.idle_timeout_seconds": 30,
    "copying.reuse_seconds": 600,
}
EVENTS = REPOSITORY / "events"
STOPPED = {"outcome": "FAILED", "error": {"code": "STOPPED", "message": "The download is not there any more."}}
ANSWERS: dict[str, Any] = {  # event in `events` -> result on a stack without downloads; an int is a status code
    "request_download": 202,
    "request_download_get": 200,
    "get_download": 403,
    "cancel_download": 403,
    "connect": 403,
    "disconnect": 200,
    "message": 200,
    "copy": STOPPED,
    "copy_slice": {},
    "complete": STOPPED,
    "deliver": {},
    "deliver_replay": {},
    "close": {"closed": 0, "gone": 1, "inUse": 0},
    "fail": {},
    "fail_caught": {},
    "fail_status_change": {},
    "web_page": 200,
}
TASKS = ["copy", "copy_slice", "complete", "deliver", "close", "fail"]


def handler_of(event: str) -> str:
    """Return the handler of an event's file: `fail_caught` is for `fail`."""
    return max((key for key in ALL_FUNCTIONS if event == key or event.startswith(f"{key}_")), key=len)


def read(event: str) -> Any:
    return json.loads((EVENTS / f"{event}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def deployed() -> Deployment:
    return deploy(ARGS, cloud=Cloud(region=step_functions.REGION, account=Emulator.account))


@pytest.fixture(scope="module")
def endpoint(aws_url: str, deployed: Deployment) -> str:
    """URL of moto's server, with the tables and state machines of the component."""
    dynamodb, states = (step_functions.client(service, aws_url) for service in ("dynamodb", "stepfunctions"))
    for table in deployed.resources_of("dynamodb/table:Table"):
        key = table.inputs["hashKey"]
        dynamodb.create_table(
            TableName=table.inputs["name"],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    for machine in deployed.resources_of("sfn/stateMachine:StateMachine"):
        states.create_state_machine(
            name=machine.inputs["name"], definition=machine.inputs["definition"], roleArn=machine.inputs["roleArn"]
        )
    return aws_url


def parsed(lines: list[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            pytest.fail(f"A line of the log is not JSON: {line}")


def test_every_handler_has_an_event_and_every_event_an_answer() -> None:
    assert set(ANSWERS) == {path.stem for path in Path(EVENTS).glob("*.json")}
    assert {handler_of(event) for event in ANSWERS} == set(ALL_FUNCTIONS)


@pytest.mark.parametrize("key", ALL_FUNCTIONS)
def test_a_handler_answers_and_logs_only_json_of_ours(key: str, deployed: Deployment, endpoint: str) -> None:
    events = [event for event in ANSWERS if handler_of(event) == key]
    with lambda_runtime.running(key, deployed, endpoint) as function:
        answers = {event: function.invoke(read(event)) for event in events}
        lines = list(parsed(function.log_lines))
    for event, answer in answers.items():
        assert (answer["statusCode"] if isinstance(ANSWERS[event], int) else answer) == ANSWERS[event], answer
    assert [line for line in lines if line["level"] != "INFO" or line.get("logger")] == []


@pytest.mark.parametrize("key", TASKS)
def test_a_failing_task_ends_with_its_error_and_logs_it_once(key: str, deployed: Deployment, endpoint: str) -> None:
    missing = {"DOWNLOADS_TABLE": "missing", "CONNECTIONS_TABLE": "missing"}
    with lambda_runtime.running(key, deployed, endpoint, missing) as function:
        answer = function.invoke(read(key))
        errors = [line for line in parsed(function.log_lines) if line["level"] == "ERROR"]
    assert answer["errorType"] == "ServiceError", answer
    assert len(errors) == 1, errors
