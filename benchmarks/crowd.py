"""500 downloads with 500 WebSocket clients at once, beside clients that poll: part of `make bench-delivery`.

Warm, on the emulator, which lets one socket in at a time and starts a process for each copy at the same time: so a few
are under way at once. A client asks for a small file, connects, waits for its news and fetches the file; all sockets
stay open until everybody was told, and then all are closed. `stored -> received` begins when the row is READY, or when
the client has connected if that was later. Among them others ask over REST, as often as the API proposes, for
downloads of their own: the same load, the same clock.
"""

from __future__ import annotations

import argparse
import resource
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks import report
from benchmarks.delivery import milliseconds, summary
from benchmarks.stage import measured_stack
from integration_tests.support.sockets import Message, NoMessageError, Socket
from integration_tests.support.stack import Stack, parse_time, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for
from localcloud.origin import Origin, parse_size

SIZE = "10KB"
ORIGIN_SECONDS = 1.0
UNDER_WAY = 8  # copies at the same time
EVERY = 10  # of so many clients one asks for the news again
LONGEST = 120.0  # for one client
ALL_SECONDS = 1800.0
SAMPLE_POLLS_EVERY = 60
SHARE_OF_POLLING = 0.5


@dataclass
class Client:
    """What happened to one client; times are epoch seconds. One that asks again wants the news once more."""

    asks_again: bool = False
    download: Download | None = None
    connected_at: float = 0.0
    received_at: float = 0.0
    works: bool = False
    news: set[str] = field(default_factory=set)
    repeats: int = 0
    trouble: str = ""


@dataclass
class Crowd:
    """Everybody, and what they share."""

    stack: Stack
    doorway: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(UNDER_WAY))
    told: threading.Event = field(default_factory=threading.Event)
    content: str = field(default_factory=lambda: Origin.content_sha256(parse_size(SIZE)))

    def waits(self, client: Client) -> None:
        """Connects and is told."""
        with self.doorway:
            download = client.download = self.ask()
            socket = Socket(download.endpoint, timeout=LONGEST)
            client.connected_at = time.time()
            self.note(client, socket.receive("ready", "failed", deadline=LONGEST))
        with socket:
            self.told.wait(ALL_SECONDS)
            if client.asks_again:
                self.note(client, socket.ask("refresh", "ready", deadline=LONGEST))
            try:
                while True:
                    self.note(client, socket.receive("ready", "failed", deadline=0.3))
            except NoMessageError:
                pass

    def polls(self, client: Client) -> None:
        """Asks and asks."""
        with self.doorway:
            download = client.download = self.ask()
            client.connected_at = time.time()
            end = time.monotonic() + LONGEST
            while time.monotonic() < end and not client.received_at:
                time.sleep(1.0)  # what Retry-After says
                body = self.stack.client.status(download).body
                if "url" in body:
                    self.note(client, {"url": body["url"], "messageId": "", "type": "ready"})

    def ask(self) -> Download:
        """A file of its own, from an origin that thinks for a while."""
        return self.stack.client.request(unique_path(SIZE, f"first_byte={ORIGIN_SECONDS}"))

    def note(self, client: Client, message: Message) -> None:
        """The news, the first time and again."""
        client.news.add(message["messageId"])
        client.repeats += bool(client.received_at)
        if not client.received_at:
            client.received_at = time.time()
            client.works = message["type"] == "ready" and self.stack.client.fetch(message["url"]).sha256 == self.content


def main() -> None:
    """Measure, print, write; fails when anybody was not told, or anything is left."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=str(__doc__).splitlines()[0])
    parser.add_argument("--clients", type=int, default=500, help="who connect (%(default)s)")
    parser.add_argument("--pollers", type=int, default=50, help="who ask over REST beside them (%(default)s)")
    given = parser.parse_args()
    _allow_files(8 * given.clients)
    with measured_stack(
        {"api.throttleRate": 10_000, "api.throttleBurst": 5_000, "websocket.idleTimeoutSeconds": 0}
    ) as stack:
        _warm(stack)
        crowd = Crowd(stack)
        clients = [Client(asks_again=number % EVERY == 0) for number in range(given.clients)]
        pollers = [Client() for _ in range(given.pollers)]
        jobs = [_thread(crowd.waits, client) for client in clients]
        spread = max(1, len(jobs) // max(1, len(pollers)))
        for number, poller in enumerate(pollers):
            jobs.insert(number * (spread + 1), _thread(crowd.polls, poller))
        for job in jobs:
            job.start()
        everybody = [*clients, *pollers]
        wait_for(lambda: sum(not (one.received_at or one.trouble) for one in everybody), ALL_SECONDS, until=is_absent)
        open_at_once = sum(bool(client.received_at) for client in clients)
        crowd.told.set()
        for job in jobs:
            job.join(LONGEST)
        rows_left = _rows_left(stack)
        pushed = [_delay(stack, client) for client in clients if client.received_at]
        polled = [_delay(stack, client) for client in pollers if client.received_at]
    compared = [
        report.Figure(
            f"stored -> received, p{share * 100:.0f}",
            report.percentile(pushed, share),
            report.percentile(polled, share),
            wanted=SHARE_OF_POLLING,
            more_is_better=False,
            unit="s",
            rival_name="asking each second",
        )
        for share in (0.5, 0.99)
    ]
    figures: dict[str, object] = {
        "clients": len(clients),
        "open_at_once": open_at_once,
        "told": sum(bool(client.received_at) for client in clients),
        "working_urls": sum(client.works for client in clients),
        "repeats": sum(client.repeats for client in clients),
        "repeats_with_another_id": sum(len(client.news) > 1 for client in clients),
        "rows_left": rows_left,
        "stored_to_received_s": summary(pushed),
        "pollers": {"clients": len(pollers), "every_s": 1, "stored_to_received_s": summary(polled)},
        "beside_polling": [figure.described() for figure in compared],
        "sample": {"polls_every_s": SAMPLE_POLLS_EVERY},
    }
    report.write("crowd", figures)
    report.show(
        f"{len(clients)} downloads with {len(clients)} WebSocket clients at once, on the emulator",
        [
            ("told, with a working URL", f"{figures['told']}, {figures['working_urls']}", ""),
            ("repeats, with another id", f"{figures['repeats']}, {figures['repeats_with_another_id']}", ""),
            ("rows left", str(rows_left), "every row of who left past 6,061"),
            ("stored -> received, p50", milliseconds(pushed, 0.5), "30 s on average"),
            ("stored -> received, p99", milliseconds(pushed, 0.99), "60 s at worst"),
        ],
    )
    report.show_figures("Pushed, beside who polls in the same crowd", compared)
    wrong = [client.trouble or "not told, or a URL that does not work" for client in everybody if not client.works]
    if wrong or rows_left or figures["repeats_with_another_id"]:
        sys.exit(f"{len(wrong)} clients were not served ({', '.join(sorted(set(wrong))[:3])}); {rows_left} rows left.")


def _warm(stack: Stack) -> None:
    """So many copies at once, and twice, that every worker is there before anything is measured."""
    for _ in range(2):
        crowd = Crowd(stack)
        crowd.told.set()
        jobs = [_thread(crowd.waits, Client()) for _ in range(UNDER_WAY)]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join(LONGEST)


def _thread(act: Callable[[Client], None], client: Client) -> threading.Thread:
    def run() -> None:
        try:
            act(client)
        except Exception as error:  # counted, and told at the end
            client.trouble = f"{type(error).__name__}: {error}"[:200]

    return threading.Thread(target=run, daemon=True)


def _delay(stack: Stack, client: Client) -> float:
    assert client.download is not None
    row = stack.operator.download_item(client.download)
    assert row is not None
    return client.received_at - max(parse_time(row["updatedAt"]).timestamp(), client.connected_at)


def _rows_left(stack: Stack) -> int:
    """Connections, and downloads that hold any, when the last `$disconnect` has had its time."""

    def left() -> int:
        connections = stack.operator.scan(stack.outputs["connectionsTableName"])
        downloads = stack.operator.scan(stack.outputs["downloadsTableName"])
        return len(connections) + sum("connectionIds" in item for item in downloads)

    try:
        return wait_for(left, LONGEST, until=is_absent)
    except AssertionError:
        return left()


def _allow_files(wanted: int) -> None:
    """Sockets are files, here and in the emulator, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


if __name__ == "__main__":
    main()
