"""Connecting around the moment at which a download ends: before, at and after it, once and again. Nobody misses it."""

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

CLIENTS, CROWD = 18, 4
ORIGIN_SECONDS = 0.4
PATIENCE = 90.0
ENDS = {"ready": "", "failed": "&status=404", "cancelled": ""}
FINAL = {"READY", "FAILED", "CANCELLED"}


def at_the_end(stack: Stack, download: Download) -> None:
    """Return as soon as the row says that it is over."""
    wait_for(lambda: (stack.operator.download_item(download) or {}).get("status") in FINAL, PATIENCE)


def cancel_soon(stack: Stack, download: Download, seconds: float) -> None:
    """In the middle of somebody's connecting."""
    time.sleep(seconds)
    stack.client.cancel(download)


def connect(download: Download) -> Socket:
    """However long the handshake takes where many connect."""
    return Socket(download.endpoint, timeout=PATIENCE)


def live(stack: Stack, kind: str, number: int) -> Download:
    """One client: where it stands to the end, how often it drops and how many sockets it has depend on its number."""
    order = random.Random(number)
    download = stack.client.request(unique_path("1", f"first_byte={ORIGIN_SECONDS}{ENDS[kind]}"))
    with ThreadPoolExecutor(1) as beside:
        if kind == "cancelled":
            beside.submit(cancel_soon, stack, download, order.uniform(0, 0.3))
        if number % 3 == 0:
            at_the_end(stack, download)
        elif number % 3 == 1:
            time.sleep(order.uniform(0, 2 * ORIGIN_SECONDS))
        for _ in range(number % 2):
            connect(download).close()
        with ExitStack() as sockets:
            mine = [sockets.enter_context(connect(download)) for _ in range(1 + number % 2)]
            heard = [socket.receive(*ENDS, deadline=PATIENCE) for socket in mine]
    expected = {kind, "ready"} if kind == "cancelled" else {kind}  # whoever cancels may come too late
    assert {message["type"] for message in heard} <= expected
    assert len({message["messageId"] for message in heard}) == 1
    return download


@pytest.mark.parametrize("kind", ENDS)
def test_nobody_misses_the_end_whenever_he_connects(stack: Stack, kind: str) -> None:
    with ThreadPoolExecutor(CROWD) as crowd:
        downloads = list(crowd.map(lambda number: live(stack, kind, number), range(CLIENTS)))
    assert len({download.id for download in downloads}) == CLIENTS
    for download in downloads:
        wait_for(lambda download=download: stack.operator.connection_ids(download), PATIENCE, until=is_absent)  # type: ignore[misc]
