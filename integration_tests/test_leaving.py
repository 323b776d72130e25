"""Both tables forget a connection, however it ends."""

from __future__ import annotations

import signal
import subprocess
import sys

from integration_tests.support.pulumi_cli import TOP
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for

SLOW_START = "first_byte=1"


def connection_of(stack: Stack, download: Download) -> str:
    """Wait for the download's only connection, and return its id."""
    (connection_id,) = wait_for(lambda: stack.operator.connection_ids(download), 5)
    assert stack.operator.connection_item(connection_id)
    return connection_id


def wait_until_forgotten(stack: Stack, download: Download, connection_id: str) -> None:
    """Wait until neither table knows the connection."""
    wait_for(lambda: stack.operator.connection_item(connection_id), 10, until=is_absent)
    wait_for(lambda: stack.operator.connection_ids(download), 10, until=is_absent)
    assert "connectionIds" not in stack.operator.download_item(download)


def test_items_are_deleted_when_the_client_closes(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    with stack.client.connect(download) as socket:
        connection_id = connection_of(stack, download)
        socket.receive("ready")
        assert stack.operator.connection_item(connection_id)
    wait_until_forgotten(stack, download, connection_id)


def test_items_are_deleted_when_the_client_closes_before_the_end(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    with stack.client.connect(download):
        connection_id = connection_of(stack, download)
    wait_until_forgotten(stack, download, connection_id)
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"


def test_items_are_deleted_when_the_server_closes(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    with stack.client.connect(download) as socket:
        connection_id = connection_of(stack, download)
        socket.receive("ready")
        stack.operator.disconnect(connection_id)
        socket.wait_closed()
        wait_until_forgotten(stack, download, connection_id)


def test_items_are_deleted_when_the_client_is_killed(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    command = [sys.executable, "-m", "integration_tests.support.idle_client", download.endpoint]
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True) as client:
        try:
            assert client.stdout is not None
            assert client.stdout.readline() == "open\n"
            connection_id = connection_of(stack, download)
        finally:
            client.send_signal(signal.SIGKILL)
    wait_until_forgotten(stack, download, connection_id)


def test_a_client_gets_ready_after_another_has_left(stack: Stack) -> None:
    download = stack.client.request(unique_path("1MB", SLOW_START))
    with stack.client.connect(download) as staying:
        stayed = connection_of(stack, download)
        with stack.client.connect(download):
            wait_for(lambda: len(stack.operator.connection_ids(download)), 5, until=lambda count: count == 2)
        wait_for(lambda: stack.operator.connection_ids(download), 5, until=lambda ids: ids == {stayed})
        assert staying.receive("ready")["size"] == 1_000_000
