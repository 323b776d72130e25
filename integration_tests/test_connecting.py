"""Sockets that are opened before and after the end of a download, once and again."""

from __future__ import annotations

import time

import pytest

from integration_tests.support.sockets import HandshakeRefusedError, Socket
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.waiting import is_absent, wait_for

SLOW_START = "first_byte=1"


def test_the_item_holds_the_execution_and_its_connections(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    with stack.client.connect(download) as socket:
        item = wait_for(
            lambda: stack.operator.download_item(download), 5, until=lambda item: item and item.get("connectionIds")
        )
        assert item["executionArn"] == download.execution_arn
        (connection_id,) = item["connectionIds"]
        connection = stack.operator.connection_item(connection_id)
        assert connection["executionArn"] == download.execution_arn
        assert connection["expiresAt"] > time.time()
        assert item["expiresAt"] > time.time()
        socket.receive("ready")


@pytest.mark.parametrize("name", ["X-Download-Ticket", "x-download-ticket", "X-DOWNLOAD-TICKET"])
def test_the_ticket_is_accepted_as_a_header_in_any_case(stack: Stack, name: str) -> None:
    download = stack.client.request(unique_path("9"))
    with Socket(download.socket_url, {name: download.ticket}) as socket:
        assert socket.receive("ready")["size"] == 9


@pytest.mark.parametrize("name", ["X-StateMachine-ExecutionArn", "x-statemachine-executionarn"])
def test_the_header_of_the_sample_is_accepted_with_the_ticket(stack: Stack, name: str) -> None:
    download = stack.client.request(unique_path("9"))
    headers = {name: download.execution_arn}
    with Socket(download.socket_url, headers | download.ticket_header) as socket:
        assert socket.receive("ready")["downloadId"] == download.id
    with Socket(download.endpoint, headers) as socket:
        assert socket.receive("ready")["downloadId"] == download.id


def test_a_late_connection_gets_ready_at_once(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB"))
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
    with stack.client.connect(download) as socket:
        ready = socket.receive("ready", deadline=5)
        assert stack.client.fetch(ready["url"]).size == 1_000_000


def test_a_reconnected_client_gets_ready_again(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB"))
    first = stack.client.receive_ready(download)
    wait_for(lambda: stack.operator.connection_ids(download), 5, until=is_absent)
    again = stack.client.receive_ready(download)
    assert again["messageId"] == first["messageId"]
    assert stack.client.fetch(again["url"]).sha256 == stack.client.fetch(first["url"]).sha256


def test_a_client_that_reconnects_after_the_end_gets_ready(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    stack.client.connect(download).close()
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
    assert stack.client.receive_ready(download)["size"] == 1_000_000


def test_two_clients_of_one_download_both_get_ready(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    with stack.client.connect(download) as first_socket, stack.client.connect(download) as second_socket:
        wait_for(lambda: len(stack.operator.connection_ids(download)), 5, until=lambda count: count == 2)
        first, second = first_socket.receive("ready"), second_socket.receive("ready")
    assert first["messageId"] == second["messageId"]
    assert stack.client.fetch(first["url"]).size == stack.client.fetch(second["url"]).size == 1_000_000


def test_a_connection_above_the_limit_is_refused(strict_stack: Stack) -> None:
    download = strict_stack.client.request(unique_path("1MB", SLOW_START))
    with strict_stack.client.connect(download) as socket:
        with pytest.raises(HandshakeRefusedError):
            strict_stack.client.connect(download)
        assert socket.receive("ready")["size"] == 1_000_000
