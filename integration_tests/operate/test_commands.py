"""Every command of `async-download-admin` on a running stack."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_tests.operate.operator_command import OperatorCommand
from integration_tests.support.settings import FILES
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for

SLOW = "rate=200000"


@pytest.fixture
def operator(stack: Stack, tmp_path: Path) -> OperatorCommand:
    """The command on the stack of most tests."""
    return OperatorCommand(stack, tmp_path)


@pytest.fixture
def strict_operator(strict_stack: Stack, tmp_path: Path) -> OperatorCommand:
    """The command on the stack whose REST API requires signatures."""
    return OperatorCommand(strict_stack, tmp_path)


@pytest.fixture
def dead_letters(stack: Stack) -> Iterator[Queue]:
    """The dead-letter queue, empty before and after the test."""
    queue = Queue(stack)
    queue.clear()
    yield queue
    queue.clear()


class Queue:
    """The dead-letter queue of a stack."""

    def __init__(self, stack: Stack) -> None:
        self._sqs, self._url = stack.cloud.client("sqs"), stack.outputs["deadLetterQueueUrl"]

    def send(self, body: object) -> None:
        """Send a text, or an object as JSON."""
        text = body if isinstance(body, str) else json.dumps(body)
        self._sqs.send_message(QueueUrl=self._url, MessageBody=text)

    def count(self) -> int:
        """Return how many messages can be received."""
        name = "ApproximateNumberOfMessages"
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])["Attributes"]
        return int(attributes[name])

    def clear(self) -> None:
        """Delete all messages."""
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])


def failed_download(stack: Stack) -> Download:
    """Return a download whose origin has no such file, after its end."""
    download = stack.client.request(unique_path("1MB", "status=404"))
    assert stack.operator.wait_until_ended(download) == "FAILED"
    return download


def record(stack: Stack, function: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return Lambda's record of an asynchronous call that failed."""
    configuration = stack.cloud.client("lambda").get_function_configuration(
        FunctionName=stack.operator.function_name(function)
    )
    context = {"functionArn": f"{configuration['FunctionArn']}:$LATEST", "condition": "RetriesExhausted"}
    return {"version": "1.0", "requestContext": context, "requestPayload": payload}


def test_a_finished_download_is_shown_with_its_logs_and_without_secrets(
    stack: Stack, operator: OperatorCommand
) -> None:
    download = stack.client.request(unique_path("1MB"))
    assert stack.client.fetch_when_ready(download).size == 1_000_000
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
    shown = operator.run("show", download.id)
    assert shown.exit_code == 0, shown.errors
    content = shown.content
    assert (content["item"]["status"], content["execution"]["status"]) == ("READY", "SUCCEEDED")
    assert content["object"]["size"] == 1_000_000
    assert {"request_download", "copy"} <= {line["function"] for line in content["logs"]}
    assert content["logs"] == sorted(content["logs"], key=lambda line: str(line["timestamp"]))
    hashes = stack.operator.download_item(download)["ticketHashes"]
    assert [secret for secret in (*hashes, download.ticket, "X-Amz-Signature") if secret in shown.output] == []


def test_the_connection_of_a_waiting_client_is_shown(stack: Stack, operator: OperatorCommand) -> None:
    download = stack.client.request(unique_path("2MB", SLOW))
    with stack.client.connect(download):
        wait_for(lambda: stack.operator.connection_ids(download), 10)
        content = operator.run("show", download.execution_arn, "--no-logs").content
    (connection,) = content["connections"]
    assert not connection["isRevoked"]
    assert content["execution"]["status"] == "RUNNING"
    stack.operator.wait_until_ended(download, 60)


def test_downloads_are_listed_by_state_origin_and_code(stack: Stack, operator: OperatorCommand) -> None:
    failed = failed_download(stack)
    listed = operator.run("list", "--failed", "--since", "1h", "--code", "ORIGIN_NOT_FOUND", "--origin", FILES)
    assert listed.exit_code == 0, listed.errors
    rows = {row["downloadId"]: row for row in listed.content["downloads"]}
    assert rows[failed.id]["execution"] == "FAILED"
    assert {row["code"] for row in rows.values()} == {"ORIGIN_NOT_FOUND"}
    running = stack.client.request(unique_path("2MB", SLOW))
    assert running.id in {row["downloadId"] for row in operator.run("list", "--running").content["downloads"]}
    stack.operator.wait_until_ended(running, 60)


def test_the_code_of_a_download_without_an_item_comes_from_the_log(stack: Stack, operator: OperatorCommand) -> None:
    failed = failed_download(stack)
    stack.cloud.client("dynamodb").delete_item(
        TableName=stack.outputs["downloadsTableName"], Key={"executionArn": {"S": failed.execution_arn}}
    )

    def read_code() -> str | None:
        rows = operator.run("list", "--failed", "--since", "1h").content["downloads"]
        code: str | None = next(row["code"] for row in rows if row["downloadId"] == failed.id)
        return code

    assert wait_for(read_code, 20) == "ORIGIN_NOT_FOUND"


def test_a_revoked_ticket_is_refused(stack: Stack, operator: OperatorCommand) -> None:
    download = stack.client.request(unique_path("1MB"))
    assert stack.client.status(download).status == 200
    revoked = operator.run("revoke", download.id)
    assert (revoked.exit_code, revoked.content["tickets"]) == (0, 1)
    assert stack.client.status(download).status == 403
    assert operator.run("revoke", "0" * 32).exit_code == 9
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"


def test_a_cancelled_download_ends_and_its_client_is_notified(stack: Stack, operator: OperatorCommand) -> None:
    download = stack.client.request(unique_path("20MB", SLOW))
    with stack.client.connect(download) as client:
        assert operator.run("cancel", download.id).exit_code == 0
        client.receive("cancelled")
    assert stack.operator.wait_until_ended(download) == "ABORTED"
    assert wait_for(lambda: operator.run("cancel", download.id).exit_code == 0, 10)
    finished = failed_download(stack)
    refused = operator.run("cancel", finished.id)
    assert (refused.exit_code, refused.content["error"]["code"]) == (9, "DOWNLOAD_FINISHED")


def test_a_poisoned_queue_is_worked_off(stack: Stack, operator: OperatorCommand, dead_letters: Queue) -> None:
    failed = failed_download(stack)
    payload = {"executionArn": failed.execution_arn}
    detail = {"stateMachineArn": stack.outputs["stateMachineArn"], "status": "TIMED_OUT", **payload}
    closing = {"connectionIds": ["gone="], "since": "2026-01-01T00:00:00.000Z", **payload}
    head = {"source": "aws.states", "detail-type": "Step Functions Execution Status Change"}
    for body in (
        "poison",
        record(stack, "copy", payload),
        record(stack, "deliver", {"executionArn": f"{failed.execution_arn[:-40]}:other"}),
        record(stack, "deliver", payload),
        record(stack, "fail", head | {"detail": detail}),
        head | {"detail": detail},
        head
        | {
            "detail": {
                "stateMachineArn": stack.outputs["idleCloserMachineArn"],
                "status": "FAILED",
                "input": json.dumps(closing),
            }
        },
    ):
        dead_letters.send(body)
    shown = operator.run("redrive")
    assert shown.exit_code == 6
    assert sorted(str(entry["calls"]) for entry in shown.content["messages"]) == [
        *["None"] * 3,
        "close",
        "deliver",
        "fail",
        "fail",
    ]
    assert wait_for(dead_letters.count, 10, until=lambda count: count == 7)
    done = operator.run("redrive", "--yes")
    assert (done.exit_code, done.content["left"]) == (6, 3), done.output
    assert wait_for(dead_letters.count, 10, until=lambda count: count == 3)
    assert stack.operator.download_item(failed)["failure"]["code"] == "ORIGIN_NOT_FOUND"


def test_a_call_that_lambda_gave_up_is_redriven(stack: Stack, operator: OperatorCommand, dead_letters: Queue) -> None:
    functions, name = stack.cloud.client("lambda"), stack.operator.function_name("deliver")
    download = stack.client.request(unique_path("1MB"))
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
    handler = functions.get_function_configuration(FunctionName=name)["Handler"]
    names = ("DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts")
    settings = functions.get_function_event_invoke_config(FunctionName=name)
    settings = {key: settings[key] for key in names}
    functions.update_function_configuration(FunctionName=name, Handler="runtime.handlers.missing.handler")
    functions.put_function_event_invoke_config(FunctionName=name, **settings | {"MaximumRetryAttempts": 0})
    try:
        payload = json.dumps({"executionArn": download.execution_arn}).encode()
        functions.invoke(FunctionName=name, InvocationType="Event", Payload=payload)
        wait_for(dead_letters.count, 30)
        kept = operator.run("redrive", "--yes")
        assert (kept.exit_code, kept.content["left"]) == (6, 1), kept.output
    finally:
        functions.update_function_configuration(FunctionName=name, Handler=handler)
        functions.put_function_event_invoke_config(FunctionName=name, **settings)
    done = operator.run("redrive", "--yes")
    assert (done.exit_code, done.content["messages"][0]["downloadId"]) == (0, download.id), done.output
    wait_for(dead_letters.count, 10, until=is_absent)


def test_the_smoke_test_of_a_working_stack_passes(strict_operator: OperatorCommand) -> None:
    """Its REST calls are signed, and its user may invoke the API and read both tables."""
    passed = strict_operator.run("smoke", "--origin", FILES, "--path", unique_path("1MB"))
    assert passed.exit_code == 0, passed.output + passed.errors
    assert [row["result"] for row in passed.content["steps"]] == ["ok"] * 6
    failed = strict_operator.run("smoke", "--origin", FILES, "--path", unique_path("1MB", "status=404"))
    assert (failed.exit_code, failed.content["passed"]) == (4, False)


def test_the_doctor_finds_no_failure(operator: OperatorCommand, dead_letters: Queue) -> None:
    healthy = operator.run("doctor")
    assert healthy.exit_code == 0, healthy.output
    dead_letters.send("poison")
    statuses = {entry["check"]: entry["status"] for entry in operator.run("doctor").content["checks"]}
    assert statuses["dead-letter queue"] == "warning"
    assert [name for name, status in statuses.items() if status == "failed"] == []
    skipped = {name for name, status in statuses.items() if status == "skipped"}
    assert skipped <= {"access logs", "KMS key", "quota request"}


def test_a_command_without_its_permission_names_it(operator: OperatorCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integration_tests.operate.operator_command.policy", lambda *_: policy_without_permissions())
    refused = operator.run("list")
    assert (refused.exit_code, refused.content["error"]["code"]) == (3, "PERMISSION_MISSING")
    assert "`list` needs the IAM permission states:ListExecutions" in refused.errors


def policy_without_permissions() -> dict[str, object]:
    statement = {"Effect": "Allow", "Action": ["iam:GetUser"], "Resource": ["*"]}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_the_command_runs_as_a_process_and_reads_stdin(stack: Stack) -> None:
    cloud = stack.cloud
    variables = {"AWS_ENDPOINT_URL": str(cloud.endpoint), "AWS_ACCESS_KEY_ID": cloud.credentials.access_key}
    variables |= {"AWS_SECRET_ACCESS_KEY": str(cloud.credentials.secret_key), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-m", "async_download_admin.cli", "list", "--outputs", "-"],
        input=json.dumps(dict(stack.outputs)),
        capture_output=True,
        text=True,
        env=variables,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
