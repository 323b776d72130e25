"""The processes that the server of the stand-in forks for Pulumi's engine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from integration_tests.support import plugin_server
from integration_tests.support.pulumi_cli import TOP, plugin_server_address
from integration_tests.support.waiting import wait_for


def plugin(address: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-S", plugin_server.__file__, address, "127.0.0.1:9"]
    return subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(TOP)})


def is_closed(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


def test_each_start_is_a_process_of_its_own_that_ends_when_it_is_killed() -> None:
    with plugin(plugin_server_address()) as first, plugin(plugin_server_address()) as second:
        assert first.stdout is not None
        assert second.stdout is not None
        ports = int(first.stdout.readline()), int(second.stdout.readline())
        assert ports[0] != ports[1]
        first.kill()
        wait_for(lambda: is_closed(ports[0]), 30)
        assert not is_closed(ports[1])
        second.kill()
        wait_for(lambda: is_closed(ports[1]), 30)


def test_a_plugin_without_a_server_loads_the_stand_in_itself() -> None:
    with plugin("/nowhere") as alone:
        assert alone.stdout is not None
        port = int(alone.stdout.readline())
        assert not is_closed(port)
        alone.kill()
