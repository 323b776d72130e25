"""However a connection ends, its rows are gone."""

from __future__ import annotations

import signal
import subprocess
import sys

from integration_tests.support.pulumi_cli import TOP
from integration_tests.support.stack import Requested, Stack, unique
from integration_tests.support.waiting import gone, wait_for

UNHURRIED = "first_byte=1"


def connection_of(stack: Stack, download: Requested) -> str:
    """The id of the one connection, once both of its rows are there."""
    (connection_id,) = wait_for(lambda: stack.connection_ids(download), 5)
    assert stack.connection_row(connection_id)
    return connection_id


def wait_until_forgotten(stack: Stack, download: Requested, connection_id: str) -> None:
    """Wait until neither table knows the connection."""
    wait_for(lambda: (stack.connection_row(connection_id), stack.connection_ids(download)), 10, until=_nothing)
    assert "connectionIds" not in (stack.download_row(download) or {})


def _nothing(seen: tuple[object, object]) -> bool:
    return gone(seen[0]) and gone(seen[1])


def test_rows_are_gone_when_the_client_closes(stack: Stack) -> None:
    download = stack.request(unique("1MB", UNHURRIED))
    with stack.connect(download) as socket:
        connection_id = connection_of(stack, download)
        socket.receive("ready")
        assert stack.connection_row(connection_id)
    wait_until_forgotten(stack, download, connection_id)


def test_rows_are_gone_when_the_client_closes_before_the_end(stack: Stack) -> None:
    download = stack.request(unique("1MB", UNHURRIED))
    with stack.connect(download):
        connection_id = connection_of(stack, download)
    wait_until_forgotten(stack, download, connection_id)
    assert stack.ended(download) == "SUCCEEDED"


def test_rows_are_gone_when_the_server_closes(stack: Stack) -> None:
    download = stack.request(unique("1MB", UNHURRIED))
    with stack.connect(download) as socket:
        connection_id = connection_of(stack, download)
        socket.receive("ready")
        stack.disconnect(connection_id)
        socket.wait_closed()
        wait_until_forgotten(stack, download, connection_id)


def test_rows_are_gone_when_the_client_is_killed(stack: Stack) -> None:
    download = stack.request(unique("1MB", UNHURRIED))
    command = [sys.executable, "-m", "integration_tests.support.holder", download.endpoint]
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True) as client:
        try:
            assert client.stdout is not None
            assert client.stdout.readline() == "open\n"
            connection_id = connection_of(stack, download)
        finally:
            client.send_signal(signal.SIGKILL)
    wait_until_forgotten(stack, download, connection_id)


def test_one_of_two_clients_leaves_and_the_other_is_told(stack: Stack) -> None:
    download = stack.request(unique("1MB", UNHURRIED))
    with stack.connect(download) as staying:
        stayed = connection_of(stack, download)
        with stack.connect(download):
            wait_for(lambda: len(stack.connection_ids(download)), 5, until=lambda count: count == 2)
        wait_for(lambda: stack.connection_ids(download), 5, until=lambda ids: ids == {stayed})
        assert staying.receive("ready")["size"] == 1_000_000
