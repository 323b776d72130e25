"""Measures 500 downloads with 500 WebSocket clients, and clients that poll: part of `make bench-delivery`.

Warm, on the emulator, which accepts one socket at a time and starts a process per simultaneous copy; so only a few
copies run at the same time. A client requests a small file, connects, waits for `ready` and fetches the file. All
sockets stay open until every client was notified, and are then closed. `stored -> received` begins when the item is
READY, or when the client has connected if that was later. Other clients poll their own downloads over REST every second
at the same time.
"""

from __future__ import annotations

import argparse
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
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
MAX_COPIES = 8  # at the same time
REFRESH_EVERY = 10  # clients; each tenth sends `refresh`
CLIENT_TIMEOUT = 120.0
TOTAL_TIMEOUT = 1800.0
SAMPLE_POLLS_EVERY = 60
SHARE_OF_POLLING = 0.5


@dataclass
class Client:
    """The results of one client; times are epoch seconds. With `sends_refresh` it requests the message again."""

    sends_refresh: bool = False
    download: Download | None = None
    connected_at: float = 0.0
    received_at: float = 0.0
    is_served: bool = False
    message_ids: set[str] = field(default_factory=set)
    repeats: int = 0
    error: str = ""


@dataclass
class ManyClients:
    """The clients' actions and the state that they share."""

    stack: Stack
    copy_slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(MAX_COPIES))
    all_received: threading.Event = field(default_factory=threading.Event)
    content: str = field(default_factory=lambda: Origin.content_sha256(parse_size(SIZE)))

    def wait(self, client: Client) -> None:
        """Request a file, wait on a socket, and read further messages before leaving."""
        with self.copy_slots:
            download = client.download = self.request()
            socket = Socket(download.endpoint, timeout=CLIENT_TIMEOUT)
            client.connected_at = time.time()
            self.record(client, socket.receive("ready", "failed", deadline=CLIENT_TIMEOUT))
        with socket:
            self.all_received.wait(TOTAL_TIMEOUT)
            if client.sends_refresh:
                self.record(client, socket.ask("refresh", "ready", deadline=CLIENT_TIMEOUT))
            try:
                while True:
                    self.record(client, socket.receive("ready", "failed", deadline=0.3))
            except NoMessageError:
                pass

    def poll(self, client: Client) -> None:
        """Request a file, and poll every second."""
        with self.copy_slots:
            download = client.download = self.request()
            client.connected_at = time.time()
            end = time.monotonic() + CLIENT_TIMEOUT
            while time.monotonic() < end and not client.received_at:
                time.sleep(1.0)  # the API's Retry-After
                body = self.stack.client.status(download).body
                if "url" in body:
                    self.record(client, {"url": body["url"], "messageId": "", "type": "ready"})

    def request(self) -> Download:
        """Request a file of the client's own from an origin that answers after a second."""
        return self.stack.client.request(unique_path(SIZE, f"first_byte={ORIGIN_SECONDS}"))

    def record(self, client: Client, message: Message) -> None:
        """Record a message, and fetch the file of the first one."""
        client.message_ids.add(message["messageId"])
        client.repeats += bool(client.received_at)
        if not client.received_at:
            client.received_at = time.time()
            client.is_served = (
                message["type"] == "ready" and self.stack.client.fetch(message["url"]).sha256 == self.content
            )


def main() -> None:
    """Measure, print and write the results; exits with an error if a client was not served or an item is left."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_clients", description=str(__doc__).splitlines()[0])
    parser.add_argument("--clients", type=int, default=500, help="clients with a WebSocket (%(default)s)")
    parser.add_argument("--pollers", type=int, default=50, help="clients that poll over REST (%(default)s)")
    options = parser.parse_args()
    _allow_files(8 * options.clients)
    with measured_stack(
        {"api.throttleRate": 10_000, "api.throttleBurst": 5_000, "websocket.idleTimeoutSeconds": 0}
    ) as stack:
        _warm(stack)
        clients_run = ManyClients(stack)
        clients = [Client(sends_refresh=number % REFRESH_EVERY == 0) for number in range(options.clients)]
        pollers = [Client() for _ in range(options.pollers)]
        jobs = _start(clients_run, clients, pollers)
        all_clients = [*clients, *pollers]
        wait_for(lambda: sum(not (c.received_at or c.error) for c in all_clients), TOTAL_TIMEOUT, until=is_absent)
        open_at_once = sum(bool(client.received_at) for client in clients)
        clients_run.all_received.set()
        for job in jobs:
            job.join(CLIENT_TIMEOUT)
        items_left = _items_left(stack)
        pushed = [_delay(stack, client) for client in clients if client.received_at]
        polled = [_delay(stack, client) for client in pollers if client.received_at]
    compared = _compare(pushed, polled)
    figures: dict[str, object] = {
        "clients": len(clients),
        "open_at_once": open_at_once,
        "notified": sum(bool(client.received_at) for client in clients),
        "working_urls": sum(client.is_served for client in clients),
        "repeats": sum(client.repeats for client in clients),
        "repeats_with_another_id": sum(len(client.message_ids) > 1 for client in clients),
        "items_left": items_left,
        "stored_to_received_s": summary(pushed),
        "pollers": {"clients": len(pollers), "every_s": 1, "stored_to_received_s": summary(polled)},
        "beside_polling": [figure.as_dict() for figure in compared],
        "sample": {"polls_every_s": SAMPLE_POLLS_EVERY},
    }
    report.write("many_clients", figures)
    report.show(
        f"{len(clients)} downloads with {len(clients)} WebSocket clients at once, on the emulator",
        [
            ("notified, with a working URL", f"{figures['notified']}, {figures['working_urls']}", ""),
            ("repeats, with another id", f"{figures['repeats']}, {figures['repeats_with_another_id']}", ""),
            ("items left", str(items_left), "all items of disconnected clients past 6,061"),
            ("stored -> received, p50", milliseconds(pushed, 0.5), "30 s on average"),
            ("stored -> received, p99", milliseconds(pushed, 0.99), "60 s at worst"),
        ],
    )
    report.show_figures("WebSocket clients compared with clients that poll", compared)
    errors = [
        client.error or "no message, or a URL that does not work" for client in all_clients if not client.is_served
    ]
    if errors or items_left or figures["repeats_with_another_id"]:
        sys.exit(f"{len(errors)} clients failed ({', '.join(sorted(set(errors))[:3])}); {items_left} items left.")


def _start(clients_run: ManyClients, clients: Sequence[Client], pollers: Sequence[Client]) -> list[threading.Thread]:
    """Start a thread for each client; those that poll are spread evenly among the others."""
    jobs = [_thread(clients_run.wait, client) for client in clients]
    spread = max(1, len(jobs) // max(1, len(pollers)))
    for number, poller in enumerate(pollers):
        jobs.insert(number * (spread + 1), _thread(clients_run.poll, poller))
    for job in jobs:
        job.start()
    return jobs


def _compare(pushed: Sequence[float], polled: Sequence[float]) -> list[report.Figure]:
    """Compare the seconds until clients with a WebSocket have the URL with those of clients that poll."""
    return [
        report.Figure(
            f"stored -> received, p{share * 100:.0f}",
            report.percentile(pushed, share),
            report.percentile(polled, share),
            bound=SHARE_OF_POLLING,
            more_is_better=False,
            unit="s",
            rival_name="polling every second",
        )
        for share in (0.5, 0.99)
    ]


def _warm(stack: Stack) -> None:
    """Run as many copies as the measurement, twice, so that all workers are started."""
    for _ in range(2):
        clients_run = ManyClients(stack)
        clients_run.all_received.set()
        jobs = [_thread(clients_run.wait, Client()) for _ in range(MAX_COPIES)]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join(CLIENT_TIMEOUT)


def _thread(action: Callable[[Client], None], client: Client) -> threading.Thread:
    def run() -> None:
        try:
            action(client)
        except Exception as error:  # reported at the end
            client.error = f"{type(error).__name__}: {error}"[:200]

    return threading.Thread(target=run, daemon=True)


def _delay(stack: Stack, client: Client) -> float:
    assert client.download is not None
    item = stack.operator.download_item(client.download)
    return client.received_at - max(parse_time(item["updatedAt"]).timestamp(), client.connected_at)


def _items_left(stack: Stack) -> int:
    """Count connections, and downloads with connections, once the last `$disconnect` has been handled."""

    def count_items() -> int:
        connections = stack.operator.scan(stack.outputs["connectionsTableName"])
        downloads = stack.operator.scan(stack.outputs["downloadsTableName"])
        return len(connections) + sum("connectionIds" in item for item in downloads)

    try:
        return wait_for(count_items, CLIENT_TIMEOUT, until=is_absent)
    except AssertionError:
        return count_items()


def _allow_files(count: int) -> None:
    """Raise the limit of open files, which counts sockets here and in the emulator."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (count if hard == resource.RLIM_INFINITY else min(count, hard), hard)
        )


if __name__ == "__main__":
    main()
