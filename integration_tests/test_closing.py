"""The idle closer closes sockets that are idle after the end of their download, and no others."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from integration_tests.support.clouds import RETRY_WAITS, Target
from integration_tests.support.journeys.basic import NORMAL_CLOSURE
from integration_tests.support.settings import IDLE_SECONDS
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for

SLOW_START = "first_byte=1"


@pytest.fixture
def idle_seconds(strict_stack: Stack) -> float:
    """Seconds until an idle socket is closed; the emulator shortens the setting."""
    return IDLE_SECONDS * float(RETRY_WAITS) if strict_stack.cloud.target is Target.EMULATOR else float(IDLE_SECONDS)


def wait_until_closed(stack: Stack, download: Download) -> None:
    """Wait until the download has no connection, and its executions of the idle closer have succeeded."""
    wait_for(lambda: stack.operator.connection_ids(download), 10, until=is_absent)
    states = stack.cloud.client("stepfunctions")
    for arn in stack.operator.idle_closer_executions(download):
        described = wait_for(
            lambda arn=arn: states.describe_execution(executionArn=arn),  # type: ignore[misc]
            IDLE_SECONDS + 10,
            until=lambda execution: execution["status"] != "RUNNING",
        )
        assert described["status"] == "SUCCEEDED"


@pytest.mark.parametrize(("options", "kind"), [(SLOW_START, "ready"), (f"{SLOW_START}&status=404", "failed")])
def test_an_idle_socket_is_closed_after_the_idle_time(
    strict_stack: Stack, idle_seconds: float, options: str, kind: str
) -> None:
    download = strict_stack.client.request(unique_path("1MB", options))
    with strict_stack.client.connect(download) as socket:
        socket.receive(kind)
        (connection_id,) = strict_stack.operator.connection_ids(download)
        began = time.monotonic()
        assert socket.wait_closed(idle_seconds + 20) == NORMAL_CLOSURE
        assert time.monotonic() - began >= idle_seconds * 0.9
        wait_for(lambda: strict_stack.operator.connection_item(connection_id), 10, until=is_absent)
    wait_until_closed(strict_stack, download)


def test_a_socket_opened_after_the_end_is_closed_when_idle(strict_stack: Stack, idle_seconds: float) -> None:
    download = strict_stack.client.request(unique_path("1MB"))
    assert strict_stack.operator.wait_until_ended(download) == "SUCCEEDED"
    with strict_stack.client.connect(download) as socket:
        socket.receive("ready")
        assert socket.wait_closed(idle_seconds + 20) == NORMAL_CLOSURE
    wait_until_closed(strict_stack, download)
    with strict_stack.client.connect(download) as socket:  # the copy is still there
        assert strict_stack.client.fetch(socket.receive("ready")["url"]).size == 1_000_000


def test_a_socket_that_refreshes_stays_open(strict_stack: Stack, idle_seconds: float) -> None:
    slow = strict_stack.client.request(unique_path("1", "first_byte=20"))
    with strict_stack.client.connect(slow) as socket:
        socket.ask("ping", "pong")  # starts a worker of `message`, which may take longer than the idle time
    strict_stack.client.cancel(slow)
    download = strict_stack.client.request(unique_path("1MB", SLOW_START))
    with strict_stack.client.connect(download) as socket:
        first = socket.receive("ready")
        end = time.monotonic() + 2.5 * idle_seconds
        refreshes = 0
        while time.monotonic() < end:
            assert socket.ask("refresh", "ready")["messageId"] == first["messageId"]
            refreshes += 1
            with pytest.raises(AssertionError, match="None of"):
                socket.receive("ready", deadline=idle_seconds / 8)
        assert refreshes >= 3
        assert socket.wait_closed(2 * idle_seconds + 20) == NORMAL_CLOSURE
    wait_until_closed(strict_stack, download)


def test_a_socket_that_waits_for_the_end_stays_open(strict_stack: Stack, idle_seconds: float) -> None:
    download = strict_stack.client.request(unique_path("1MB", f"first_byte={idle_seconds * 1.5}"))
    assert strict_stack.client.fetch_when_ready(download, idle_seconds + 20).size == 1_000_000


def test_a_failed_execution_of_the_idle_closer_is_in_the_dead_letter_queue(strict_stack: Stack) -> None:
    """Its input has an invalid time, so that each call of `close` fails."""
    states, queues = strict_stack.cloud.client("stepfunctions"), strict_stack.cloud.client("sqs")
    url = strict_stack.outputs["deadLetterQueueUrl"]
    machine = strict_stack.outputs["idleCloserMachineArn"]
    text = json.dumps({"executionArn": "arn:of:nobody", "connectionIds": ["nobody"], "since": "never"})
    arn = states.start_execution(stateMachineArn=machine, input=text)["executionArn"]

    def dead_letter() -> dict[str, Any] | None:
        messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ())
        matches = [message for message in messages if json.loads(message["Body"])["detail"]["executionArn"] == arn]
        return matches[0] if matches else None

    message = wait_for(dead_letter, IDLE_SECONDS + 40)
    assert message is not None
    queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert json.loads(message["Body"])["detail"]["status"] == "FAILED"


def test_vanished_sockets_make_room_at_the_limit(strict_stack: Stack) -> None:
    download = strict_stack.client.request(unique_path("1MB", SLOW_START))
    strict_stack.operator.put_connection(download, "lost")
    with strict_stack.client.connect(download) as socket:
        (connection_id,) = strict_stack.operator.connection_ids(download)
        assert connection_id != "lost"
        assert strict_stack.operator.connection_item("lost") == {}
        assert socket.receive("ready")["size"] == 1_000_000
