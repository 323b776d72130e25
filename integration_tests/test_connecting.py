"""Connecting, early and late, once and again: whoever holds the ticket is told, by whichever form it comes."""

from __future__ import annotations

import time

import pytest

from integration_tests.support.sockets import HandshakeRefusedError, Socket
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.waiting import is_absent, wait_for

UNHURRIED = "first_byte=1"


def test_the_row_holds_the_execution_and_its_connections(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", UNHURRIED))
    with stack.client.connect(download) as socket:
        row = wait_for(
            lambda: stack.operator.download_item(download), 5, until=lambda seen: seen and seen.get("connectionIds")
        )
        assert row is not None
        assert row["executionArn"] == download.execution_arn
        (connection_id,) = row["connectionIds"]
        connection = stack.operator.connection_item(connection_id)
        assert connection is not None
        assert connection["executionArn"] == download.execution_arn
        assert connection["expiresAt"] > time.time()
        assert row["expiresAt"] > time.time()
        socket.receive("ready")


@pytest.mark.parametrize("name", ["X-Download-Ticket", "x-download-ticket", "X-DOWNLOAD-TICKET"])
def test_the_ticket_may_come_as_a_header_in_any_case(stack: Stack, name: str) -> None:
    download = stack.client.request(unique_path("9"))
    with Socket(download.socket_url, {name: download.ticket}) as socket:
        assert socket.receive("ready")["size"] == 9


@pytest.mark.parametrize("name", ["X-StateMachine-ExecutionArn", "x-statemachine-executionarn"])
def test_the_header_of_the_sample_is_accepted_beside_the_ticket(stack: Stack, name: str) -> None:
    download = stack.client.request(unique_path("9"))
    headers = {name: download.execution_arn}
    with Socket(download.socket_url, headers | download.ticket_header) as socket:
        assert socket.receive("ready")["downloadId"] == download.id
    with Socket(download.endpoint, headers) as socket:
        assert socket.receive("ready")["downloadId"] == download.id


def test_one_who_connects_late_is_told_at_once(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB"))
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
    with stack.client.connect(download) as socket:
        ready = socket.receive("ready", deadline=5)
        assert stack.client.fetch(ready["url"]).size == 1_000_000


def test_one_who_drops_and_reconnects_is_told_again(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB"))
    with stack.client.connect(download) as socket:
        first = socket.receive("ready")
    wait_for(lambda: stack.operator.connection_ids(download), 5, until=is_absent)
    with stack.client.connect(download) as socket:
        again = socket.receive("ready")
    assert again["messageId"] == first["messageId"]
    assert stack.client.fetch(again["url"]).sha256 == stack.client.fetch(first["url"]).sha256


def test_one_who_dropped_before_the_end_is_told_when_back(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", UNHURRIED))
    stack.client.connect(download).close()
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
    with stack.client.connect(download) as socket:
        assert socket.receive("ready")["size"] == 1_000_000


def test_two_clients_of_one_download_are_both_told(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", UNHURRIED))
    with stack.client.connect(download) as one, stack.client.connect(download) as other:
        wait_for(lambda: len(stack.operator.connection_ids(download)), 5, until=lambda count: count == 2)
        first, second = one.receive("ready"), other.receive("ready")
    assert first["messageId"] == second["messageId"]
    assert stack.client.fetch(first["url"]).size == stack.client.fetch(second["url"]).size == 1_000_000


def test_no_more_connections_than_the_setting_allows(strict_stack: Stack) -> None:
    download = strict_stack.client.request(unique_path("1MB", UNHURRIED))
    with strict_stack.client.connect(download) as socket:
        with pytest.raises(HandshakeRefusedError):
            strict_stack.client.connect(download)
        assert socket.receive("ready")["size"] == 1_000_000
