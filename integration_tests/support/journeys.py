"""What a client wants, each as one short journey that raises when it does not get there.

`patience` is how many seconds it waits for what takes milliseconds; a refusal ends it at once.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from integration_tests.support.settings import GUARDED
from integration_tests.support.stack import Requested, Stack, unique
from integration_tests.support.waiting import gone, wait_for

SHORT = "first_byte=0.3"  # long enough to connect before the end
NORMAL_CLOSURE = 1000
SLICED = "70MB"  # more than a slice holds
SEEN = "300MB"  # enough to pay for news of it twice
Journey = Callable[[Stack, float], None]


def ask(stack: Stack, _patience: float) -> None:
    """Ask for a file and be accepted."""
    stack.request(unique("1"))


def ask_again(stack: Stack, _patience: float) -> None:
    """Ask again with the same Idempotency-Key and get another ticket for the same download."""
    key, path = secrets.token_hex(16), unique("1")
    first, second = stack.request(path, key=key), stack.request(path, key=key)
    assert (first.id == second.id, first.ticket == second.ticket) == (True, False)


def be_told(stack: Stack, patience: float) -> None:
    """Connect, and be told when the file is there."""
    download = stack.request(unique("1", SHORT))
    with stack.connect(download) as socket:
        assert socket.receive("ready", "failed", deadline=patience)["type"] == "ready"


def be_told_late(stack: Stack, patience: float) -> None:
    """Connect when all is over, and be told at once."""
    download = stack.request(unique("1"))
    _end(stack, download, "SUCCEEDED")
    with stack.connect(download) as socket:
        socket.receive("ready", deadline=patience)


def be_told_of_failure(stack: Stack, patience: float) -> None:
    """Connect, and be told that the origin has no such file."""
    download = stack.request(unique("1", f"{SHORT}&status=404"))
    with stack.connect(download) as socket:
        socket.receive("failed", deadline=patience)


def be_told_of_a_file_in_parts(stack: Stack, patience: float) -> None:
    """Connect, and be told when a file is there that one worker copies in parts."""
    download = stack.request(unique("20MB", SHORT))
    with stack.connect(download) as socket:
        assert socket.receive("ready", "failed", deadline=patience + 1)["type"] == "ready"


def be_told_of_a_file_that_breaks_off(stack: Stack, _patience: float) -> None:
    """Connect, and be told that the origin broke off, and nothing else."""
    download = stack.request(unique("20MB", "close_after=12000000&ranges=no"))
    with stack.connect(download) as socket:
        assert socket.receive("failed", "ready").get("error", {}).get("code") == "ORIGIN_TRUNCATED"


def be_told_of_a_large_file(stack: Stack, patience: float) -> None:
    """Connect, and be told when a file is there that is copied in slices."""
    download = stack.request(unique(SLICED))
    with stack.connect(download) as socket:
        assert socket.receive("ready", "failed", deadline=patience + 1)["type"] == "ready"


def be_told_by_a_guarded_origin(stack: Stack, patience: float) -> None:
    """Connect, and be told when the file of an origin is there that wants a secret."""
    _be_told_by_a_guarded_origin(stack, unique("1", SHORT), patience)


def be_told_of_a_large_file_by_a_guarded_origin(stack: Stack, patience: float) -> None:
    """Connect, and be told when a file of an origin is there that wants a secret and is copied in slices."""
    _be_told_by_a_guarded_origin(stack, unique(SLICED), patience + 1)


def _be_told_by_a_guarded_origin(stack: Stack, path: str, patience: float) -> None:
    answer = stack.rest.call("POST", "/downloads", {"origin": GUARDED, "path": path})
    with stack.connect(stack.requested(answer)) as socket:
        assert socket.receive("ready", "failed", deadline=patience)["type"] == "ready"


def see_progress(stack: Stack, _patience: float) -> None:
    """Connect, and hear how far the copy is before it is done."""
    with stack.connect(stack.request(unique("9MB", "rate=3000000"))) as socket:
        assert socket.receive("progress", "ready")["type"] == "progress"


def see_progress_of_a_large_file(stack: Stack, _patience: float) -> None:
    """Connect, and hear how far the copy in slices is before it is done."""
    with stack.connect(stack.request(unique(SEEN, "rate=4000000"))) as socket:
        assert socket.receive("progress", "ready")["type"] == "progress"


def poll(stack: Stack, _patience: float) -> None:
    """Ask over REST how it stands, and get a URL."""
    download = stack.request(unique("1"))
    _end(stack, download, "SUCCEEDED")
    answer = stack.status(download)
    assert answer.status == 200, answer
    assert answer.body["url"]


def fetch(stack: Stack, _patience: float) -> None:
    """Get the file by its URL."""
    download = stack.request(unique("1"))
    _end(stack, download, "SUCCEEDED")
    assert stack.fetch(stack.status(download).body["url"]).status == 200


def cancel(stack: Stack, patience: float) -> None:
    """Cancel over REST: the execution stops and a client that waits is told."""
    download = stack.request(unique("1", "first_byte=10"))
    with stack.connect(download) as socket:
        assert stack.cancel(download).status == 202
        _end(stack, download, "ABORTED")
        socket.receive("cancelled", deadline=patience)


def cancel_by_socket(stack: Stack, patience: float) -> None:
    """Cancel over the socket: the execution stops, and nothing is the matter."""
    download = stack.request(unique("1", "first_byte=10"))
    with stack.connect(download) as socket:
        socket.ask("cancel", "cancelled", deadline=patience)
        _end(stack, download, "ABORTED")
        socket.ask("ping", "pong", deadline=patience)
        assert "error" not in socket.kinds()


def talk(stack: Stack, patience: float) -> None:
    """Say something over the socket and be answered."""
    with stack.connect(stack.request(unique("1"))) as socket:
        socket.ask("ping", "pong", deadline=patience)


def refresh(stack: Stack, patience: float) -> None:
    """Get a fresh URL over the socket."""
    download = stack.request(unique("1"))
    _end(stack, download, "SUCCEEDED")
    with stack.connect(download) as socket:
        socket.receive("ready")
        socket.ask("refresh", "ready", deadline=patience)


def leave(stack: Stack, patience: float) -> None:
    """Close, and be forgotten by both tables."""
    download = stack.request(unique("1", "first_byte=15"))  # nobody else forgets it before that
    with stack.connect(download):
        (connection_id,) = wait_for(lambda: stack.connection_ids(download), patience)
    wait_for(lambda: stack.connection_row(connection_id), patience, until=gone)
    wait_for(lambda: stack.connection_ids(download), patience, until=gone)


def be_closed(stack: Stack, patience: float) -> None:
    """Be told the end, say nothing more, and be closed and forgotten; who is still at it is left alone."""
    download = stack.request(unique("1"))
    with stack.connect(download) as idle, stack.connect(download) as busy:
        for socket in (idle, busy):
            socket.receive("ready")
        first, second = wait_for(lambda: _in_order(stack, download), patience, until=lambda ids: len(ids) == 2)
        since = time.time()
        busy.ask("refresh", "ready", deadline=patience)
        before = stack.closings(download)
        assert stack.close_idle(download, first, second, since=since) == {"closed": 1, "gone": 0, "inUse": 1}
        assert idle.wait_closed(patience) == NORMAL_CLOSURE
        assert stack.connection_ids(download) == {second}
        assert len(stack.closings(download)) == len(before) + 1
        busy.ask("ping", "pong", deadline=patience)


def be_closed_later(stack: Stack, patience: float) -> None:
    """Be told that the file is there, and have it arranged that an idle socket is closed."""
    download = stack.request(unique("1", SHORT))
    with stack.connect(download) as socket:
        socket.receive("ready")
        wait_for(lambda: stack.closings(download), patience)


def be_closed_after_failure(stack: Stack, patience: float) -> None:
    """Be told that there is no file, and have it arranged that an idle socket is closed."""
    download = stack.request(unique("1", f"{SHORT}&status=404"))
    with stack.connect(download) as socket:
        socket.receive("failed")
        wait_for(lambda: stack.closings(download), patience)


def take_the_place_of_the_lost(stack: Stack, _patience: float) -> None:
    """Connect where the limit is reached, by sockets that have gone without a word."""
    download = stack.request(unique("1", SHORT))
    for number in range(int(stack.told("connect")["MAX_CONNECTIONS"])):
        stack.put_connection(download, f"lost{number}")
    with stack.connect(download) as socket:
        socket.receive("ready")


def _in_order(stack: Stack, download: Requested) -> list[str]:
    """The ids of its sockets, the oldest first."""
    rows = [stack.connection_row(connection_id) for connection_id in stack.connection_ids(download)]
    known = sorted((row["connectedAt"], row["connectionId"]) for row in rows if row)
    return [str(connection_id) for _, connection_id in known]


def _end(stack: Stack, download: Requested, expected: str) -> None:
    assert stack.ended(download) == expected
