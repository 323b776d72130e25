"""Secrets never rest: no ticket and no signature in a log line, a history or a row."""

from __future__ import annotations

import re

import pytest

from integration_tests.support import written
from integration_tests.support.sockets import RefusedError, Socket
from integration_tests.support.stack import Requested, Stack, unique

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


def test_no_secret_is_written_down(stack: Stack) -> None:
    downloads = journeys(stack)
    sources = {
        "logs": list(written.log_lines(stack)),
        "rows": list(written.rows(stack)),
        "histories": list(written.histories(stack, downloads)),
    }
    for source, lines in sources.items():
        text = "\n".join(line for _, line in lines)
        for download in downloads:
            assert download.id in text, f"{source} should speak of every download, or the scan sees nothing"
        leaked = [where for where, line in lines if SIGNED.search(line)]
        assert leaked == [], f"{source} hold parts of a signed URL"
        assert len(stack.secrets) >= 6
        found = [where for where, line in lines if any(secret in line for secret in stack.secrets)]
        assert found == [], f"{source} hold a secret"
