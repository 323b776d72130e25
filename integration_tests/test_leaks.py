"""Secrets never rest: no ticket and no signature in a log line, a history or a row."""

from __future__ import annotations

import re

import pytest

from integration_tests.support import written
from integration_tests.support.sockets import RefusedError, Socket
from integration_tests.support.stack import Requested, Stack, unique

PIECE = 16  # characters of a secret; of 24 in a row one such piece is always whole
SIGNED = re.compile(r"X-Amz-(Signature|Credential|Security-Token)|AWSSecretKey", re.IGNORECASE)


def journeys(stack: Stack) -> list[Requested]:
    """One download that is told, asked for and refreshed; one that fails; one that is cancelled; and a stranger."""
    cancelled = stack.request(unique("1MB", "first_byte=10"))
    with stack.connect(cancelled) as socket:
        socket.ask("cancel", "cancelled")
    told, failed = stack.request(unique("1MB")), stack.request(unique("1MB", "status=404"))
    with stack.connect(told) as one, stack.connect(failed) as two:
        stack.fetch(one.receive("ready")["url"])
        stack.fetch(one.ask("refresh", "ready")["url"])
        stack.fetch(stack.status(told).body["url"])
        two.receive("failed")
    with pytest.raises(RefusedError):
        Socket(f"{told.socket_url}?ticket={failed.id}.{told.ticket.partition('.')[2]}")
    downloads = [told, failed, cancelled]
    assert [stack.ended(each) for each in downloads] == ["SUCCEEDED", "FAILED", "ABORTED"]
    return downloads


def pieces_of(secret: str) -> list[str]:
    """Overlapping pieces."""
    return [secret[at : at + PIECE] for at in range(0, len(secret) - PIECE + 1, PIECE // 2)]


def test_no_secret_is_written_down(stack: Stack) -> None:
    downloads = journeys(stack)
    assert len(stack.secrets) >= 6
    pieces = {piece for secret in stack.secrets for piece in pieces_of(secret)}
    sources = {
        "logs": list(written.log_lines(stack)),
        "rows": list(written.rows(stack)),
        "histories": list(written.histories(stack, downloads)),
    }
    if stack.cloud.log_path is not None:
        sources["emulator's log"] = list(written.emulator_log(stack.cloud.log_path))
    for source, lines in sources.items():
        text = "\n".join(line for _, line in lines)
        for download in downloads:
            assert download.id in text, f"{source} should speak of every download, or the scan sees nothing"
        leaked = [where for where, line in lines if SIGNED.search(line)]
        assert leaked == [], f"{source} hold parts of a signed URL"
        found = [where for where, line in lines if any(piece in line for piece in pieces)]
        assert found == [], f"{source} hold a secret, or much of one"
