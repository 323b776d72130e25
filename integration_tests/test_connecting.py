"""Connecting, early and late, once and again: whoever holds the ticket is told, by whichever form it comes."""

from __future__ import annotations

import time

import pytest

from integration_tests.support.sockets import RefusedError, Socket
from integration_tests.support.stack import Stack, unique
from integration_tests.support.waiting import gone, wait_for

UNHURRIED = "first_byte=1"


def test_the_row_holds_the_execution_and_its_connections(stack: Stack) -> None:
    download = stack.request(unique("1MB", UNHURRIED))
    with stack.connect(download) as socket:
        row = wait_for(lambda: stack.download_row(download), 5, until=lambda seen: seen and seen.get("connectionIds"))
        assert row is not None
        assert row["executionArn"] == download.execution_arn
        (connection_id,) = row["connectionIds"]
        connection = stack.connection_row(connection_id)
        assert connection is not None
        assert connection["executionArn"] == download.execution_arn
        assert connection["expiresAt"] > time.time()
        assert row["expiresAt"] > time.time()
        socket.receive("ready")


@pytest.mark.parametrize("name", ["X-Download-Ticket", "x-download-ticket", "X-DOWNLOAD-TICKET"])
def test_the_ticket_may_come_as_a_header_in_any_case(stack: Stack, name: str) -> None:
    download = stack.request(unique("9"))
    with Socket(download.socket_url, {name: download.ticket}) as socket:
        assert socket.receive("ready")["size"] == 9


@pytest.mark.parametrize("name", ["X-StateMachine-ExecutionArn", "x-statemachine-executionarn"])
def test_the_header_of_the_sample_is_accepted_beside_the_ticket(stack: Stack, name: str) -> None:
    download = stack.request(unique("9"))
    headers = {name: download.execution_arn}
    with Socket(download.socket_url, headers | download.as_header) as socket:
        assert socket.receive("ready")["downloadId"] == download.id
    with Socket(download.endpoint, headers) as socket:
        assert socket.receive("ready")["downloadId"] == download.id


def test_one_who_connects_late_is_told_at_once(stack: Stack) -> None:
    download = stack.request(unique("1MB"))
    assert stack.ended(download) == "SUCCEEDED"
    with stack.connect(download) as socket:
        ready = socket.receive("ready", deadline=5)
        assert stack.fetch(ready["url"]).size == 1_000_000


def test_one_who_drops_and_reconnects_is_told_again(stack: Stack) -> None:
    download = stack.request(unique("1MB"))
    with stack.connect(download) as socket:
        first = socket.receive("ready")
    wait_for(lambda: stack.connection_ids(download), 5, until=gone)
    with stack.connect(download) as socket:
        again = socket.receive("ready")
    assert again["messageId"] == first["messageId"]
    assert stack.fetch(again["url"]).sha256 == stack.fetch(first["url"]).sha256


def test_one_who_dropped_before_the_end_is_told_when_back(stack: Stack) -> None:
    download = stack.request(unique("1MB", UNHURRIED))
    stack.connect(download).close()
    assert stack.ended(download) == "SUCCEEDED"
    with stack.connect(download) as socket:
        assert socket.receive("ready")["size"] == 1_000_000


def test_two_clients_of_one_download_are_both_told(stack: Stack) -> None:
    download = stack.request(unique("1MB", UNHURRIED))
    with stack.connect(download) as one, stack.connect(download) as other:
        wait_for(lambda: len(stack.connection_ids(download)), 5, until=lambda count: count == 2)
        first, second = one.receive("ready"), other.receive("ready")
    assert first["messageId"] == second["messageId"]
    assert stack.fetch(first["url"]).size == stack.fetch(second["url"]).size == 1_000_000


def test_no_more_connections_than_the_setting_allows(strict_stack: Stack) -> None:
    download = strict_stack.request(unique("1MB", UNHURRIED))
    with strict_stack.connect(download) as socket:
        with pytest.raises(RefusedError):
            strict_stack.connect(download)
        assert socket.receive("ready")["size"] == 1_000_000
