"""The server closes sockets that were told the end and are idle; nobody who is still at it is cut off."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from integration_tests.support.clouds import RETRY_WAITS, Target
from integration_tests.support.journeys.basic import NORMAL_CLOSURE
from integration_tests.support.settings import IDLE
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for

UNHURRIED = "first_byte=1"


@pytest.fixture
def idle(strict_stack: Stack) -> float:
    """Seconds until an idle socket is closed, which our emulator makes shorter."""
    return IDLE * float(RETRY_WAITS) if strict_stack.cloud.target is Target.EMULATOR else float(IDLE)


def wait_until_nothing_is_left(stack: Stack, download: Download) -> None:
    """Neither table knows a connection, and nobody is waiting to close one."""
    wait_for(lambda: stack.operator.connection_ids(download), 10, until=is_absent)
    states = stack.cloud.client("stepfunctions")
    for arn in stack.operator.idle_closer_executions(download):
        described = wait_for(
            lambda arn=arn: states.describe_execution(executionArn=arn),  # type: ignore[misc]
            IDLE + 10,
            until=lambda seen: seen["status"] != "RUNNING",
        )
        assert described["status"] == "SUCCEEDED"


@pytest.mark.parametrize(("options", "kind"), [(UNHURRIED, "ready"), (f"{UNHURRIED}&status=404", "failed")])
def test_an_idle_socket_is_closed_after_a_while(strict_stack: Stack, idle: float, options: str, kind: str) -> None:
    download = strict_stack.client.request(unique_path("1MB", options))
    with strict_stack.client.connect(download) as socket:
        socket.receive(kind)
        (connection_id,) = strict_stack.operator.connection_ids(download)
        began = time.monotonic()
        assert socket.wait_closed(idle + 20) == NORMAL_CLOSURE
        assert time.monotonic() - began >= idle * 0.9
        wait_for(lambda: strict_stack.operator.connection_item(connection_id), 10, until=is_absent)
    wait_until_nothing_is_left(strict_stack, download)


def test_one_who_connects_after_the_end_is_closed_as_well(strict_stack: Stack, idle: float) -> None:
    download = strict_stack.client.request(unique_path("1MB"))
    assert strict_stack.operator.wait_until_ended(download) == "SUCCEEDED"
    with strict_stack.client.connect(download) as socket:
        socket.receive("ready")
        assert socket.wait_closed(idle + 20) == NORMAL_CLOSURE
    wait_until_nothing_is_left(strict_stack, download)
    with strict_stack.client.connect(download) as socket:  # closing took nothing away
        assert strict_stack.client.fetch(socket.receive("ready")["url"]).size == 1_000_000


def test_one_who_refreshes_is_not_cut_off(strict_stack: Stack, idle: float) -> None:
    download = strict_stack.client.request(unique_path("1MB", UNHURRIED))
    with strict_stack.client.connect(download) as socket:
        first = socket.receive("ready")
        end = time.monotonic() + 2.5 * idle
        asked = 0
        while time.monotonic() < end:
            assert socket.ask("refresh", "ready")["messageId"] == first["messageId"]
            asked += 1
            with pytest.raises(AssertionError, match="None of"):
                socket.receive("ready", deadline=idle / 8)
        assert asked >= 3
        assert socket.wait_closed(2 * idle + 20) == NORMAL_CLOSURE
    wait_until_nothing_is_left(strict_stack, download)


def test_one_who_waits_for_the_end_is_not_idle(strict_stack: Stack, idle: float) -> None:
    download = strict_stack.client.request(unique_path("1MB", f"first_byte={idle * 1.5}"))
    with strict_stack.client.connect(download) as socket:
        assert strict_stack.client.fetch(socket.receive("ready", deadline=idle + 20)["url"]).size == 1_000_000


def test_an_execution_that_cannot_close_is_in_the_dead_letter_queue(strict_stack: Stack) -> None:
    """Its input says no time, so each call of `close` fails."""
    states, queues = strict_stack.cloud.client("stepfunctions"), strict_stack.cloud.client("sqs")
    url = strict_stack.outputs["deadLetterQueueUrl"]
    machine = strict_stack.outputs["idleCloserMachineArn"]
    text = json.dumps({"executionArn": "arn:of:nobody", "connectionIds": ["nobody"], "since": "never"})
    arn = states.start_execution(stateMachineArn=machine, input=text)["executionArn"]

    def dead_letter() -> dict[str, Any] | None:
        messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ())
        found = [message for message in messages if json.loads(message["Body"])["detail"]["executionArn"] == arn]
        return found[0] if found else None

    message = wait_for(dead_letter, IDLE + 40)
    assert message is not None
    queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert json.loads(message["Body"])["detail"]["status"] == "FAILED"


def test_sockets_that_were_lost_make_room_at_the_limit(strict_stack: Stack) -> None:
    download = strict_stack.client.request(unique_path("1MB", UNHURRIED))
    strict_stack.operator.put_connection(download, "lost")
    with strict_stack.client.connect(download) as socket:
        (connection_id,) = strict_stack.operator.connection_ids(download)
        assert connection_id != "lost"
        assert strict_stack.operator.connection_item("lost") is None
        assert socket.receive("ready")["size"] == 1_000_000
