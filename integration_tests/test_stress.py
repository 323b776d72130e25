"""Clients that connect just before, at and after the end of their download."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from integration_tests.support.sockets import Socket
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for

CLIENTS, THREADS = 18, 4
ORIGIN_SECONDS = 0.4
TIMEOUT = 90.0
ENDS = {"ready": "", "failed": "&status=404", "cancelled": ""}
FINAL = {"READY", "FAILED", "CANCELLED"}


def wait_for_the_end(stack: Stack, download: Download) -> None:
    """Return as soon as the item has a final status."""
    wait_for(lambda: stack.operator.download_item(download).get("status") in FINAL, TIMEOUT)


def cancel_soon(stack: Stack, download: Download, seconds: float) -> None:
    """Cancel the download after a time, while its client connects."""
    time.sleep(seconds)
    stack.client.cancel(download)


def connect(download: Download) -> Socket:
    """Connect with a long time-out: handshakes are slow while many clients connect."""
    return Socket(download.endpoint, timeout=TIMEOUT)


def run_client(stack: Stack, kind: str, number: int) -> Download:
    """Run one client. Its number decides when it connects, how many times it reconnects and its number of sockets."""
    generator = random.Random(number)
    download = stack.client.request(unique_path("1", f"first_byte={ORIGIN_SECONDS}{ENDS[kind]}"))
    with ThreadPoolExecutor(1) as background:
        if kind == "cancelled":
            background.submit(cancel_soon, stack, download, generator.uniform(0, 0.3))
        if number % 3 == 0:
            wait_for_the_end(stack, download)
        elif number % 3 == 1:
            time.sleep(generator.uniform(0, 2 * ORIGIN_SECONDS))
        for _ in range(number % 2):
            connect(download).close()
        with ExitStack() as sockets:
            opened = [sockets.enter_context(connect(download)) for _ in range(1 + number % 2)]
            messages = [socket.receive(*ENDS, deadline=TIMEOUT) for socket in opened]
    expected = {kind, "ready"} if kind == "cancelled" else {kind}  # the cancel may come too late
    assert {message["type"] for message in messages} <= expected
    assert len({message["messageId"] for message in messages}) == 1
    return download


@pytest.mark.parametrize("kind", ENDS)
def test_every_client_gets_the_end_whenever_it_connects(stack: Stack, kind: str) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        downloads = list(threads.map(lambda number: run_client(stack, kind, number), range(CLIENTS)))
    assert len({download.id for download in downloads}) == CLIENTS
    for download in downloads:
        wait_for(lambda download=download: stack.operator.connection_ids(download), TIMEOUT, until=is_absent)  # type: ignore[misc]
