"""Start commands as processes, and send requests to their ports."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from typing import Any

import pytest

from integration_tests.support.pulumi_cli import TOP


def python(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start Python in a process group of its own."""
    command = [sys.executable, "-u", *arguments]
    return subprocess.Popen(command, cwd=TOP, text=True, start_new_session=True, **options)


def until(process: subprocess.Popen[str], words: str) -> str:
    """Return the output up to the line with these words."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    pytest.fail(f"{words!r} was never printed, but:\n{''.join(lines)}")


def answers(endpoint: str) -> bool:
    """Tell whether a process listens at an endpoint."""
    host, _, port = endpoint.removeprefix("http://").partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def get(url: str) -> tuple[int, bytes]:
    """Return status and body."""
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("GET", f"/{path}")
    with connection.getresponse() as answer:
        return answer.status, answer.read()
