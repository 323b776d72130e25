"""How soon a client has its URL, and what a download costs in transitions and invocations: `make bench-delivery`.

Warm, on the emulator. `request -> URL` begins before POST /downloads of a 10 MB file of an instant origin, and ends
when the message with the URL is there. `stored -> URL` begins when the row is written READY, for a client that waits.
"""

from __future__ import annotations

import argparse
import time

from benchmarks import report
from benchmarks.stage import measured_stack
from integration_tests.support.records import log_lines
from integration_tests.support.stack import Stack, parse_time, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for

SIZE = "10MB"
WARMING = 3
SOON = 10  # closing is part of what a download costs; meanwhile nothing else is measured
ROUTES_OF_A_SOCKET = 2  # $connect and $disconnect: the emulator keeps no log of what a socket wakes
SAMPLE = {
    "request_to_url_s_with_an_origin_of_60_s": 121.5,
    "stored_to_url_mean_s": 30,
    "stored_to_url_max_s": 60,
    "state_transitions": 5,
    "lambda_invocations": 6,
}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery", description=str(__doc__).splitlines()[0])
    parser.add_argument("--runs", type=int, default=40, help="downloads in each series (%(default)s)")
    runs = max(1, parser.parse_args().runs)
    with measured_stack({"websocket.idleTimeoutSeconds": 0}) as stack:
        for _ in range(WARMING):
            request_to_url(stack)
            stored_to_url(stack)
        requested = [request_to_url(stack) for _ in range(runs)]
        stored = [stored_to_url(stack) for _ in range(runs)]
    with measured_stack({"websocket.idleTimeoutSeconds": SOON}) as stack:
        transitions, invocations = cost(stack)
    figures: dict[str, object] = {
        "runs": runs,
        "file": SIZE,
        "request_to_url_s": summary(requested),
        "stored_to_url_s": summary(stored),
        "state_transitions": transitions,
        "lambda_invocations": invocations,
        "sample": SAMPLE,
    }
    report.write("delivery", figures)
    report.show(
        f"Delivery of {SIZE}, {runs} downloads, warm, on the emulator",
        [
            ("request -> URL, p50", milliseconds(requested, 0.5), "121.5 s, 60 s of it the origin"),
            ("request -> URL, p99", milliseconds(requested, 0.99), ""),
            ("stored -> URL, p50", milliseconds(stored, 0.5), "30 s on average"),
            ("stored -> URL, p99", milliseconds(stored, 0.99), "60 s at worst"),
            ("state transitions", str(transitions), str(SAMPLE["state_transitions"])),
            ("Lambda invocations", str(invocations), str(SAMPLE["lambda_invocations"])),
        ],
    )


def request_to_url(stack: Stack) -> float:
    """Seconds from before the request to the URL."""
    began = time.perf_counter()
    download = stack.client.request(unique_path(SIZE))
    with stack.client.connect(download) as socket:
        socket.receive("ready")
        taken = time.perf_counter() - began
    settle(stack, download)
    return taken


def stored_to_url(stack: Stack) -> float:
    """Seconds from the row's being READY to the URL at a client that waits; one clock, this machine's, for both."""
    download = stack.client.request(unique_path(SIZE, "first_byte=0.3"))
    with stack.client.connect(download) as socket:
        socket.receive("ready")
        received = time.time()
    row = stack.operator.download_item(download)
    assert row is not None
    settle(stack, download)
    return received - parse_time(row["updatedAt"]).timestamp()


def cost(stack: Stack) -> tuple[int, int]:
    """State transitions and Lambda invocations of one download by a client that waits, is told and leaves."""
    before = started(stack)
    download = stack.client.request(unique_path(SIZE, "first_byte=0.3"))
    with stack.client.connect(download) as socket:
        socket.receive("ready")
    settle(stack, download)
    wait_for(lambda: stack.operator.executions("RUNNING"), 60, until=is_absent)
    return transitions_of(stack, download), started(stack) - before + ROUTES_OF_A_SOCKET


def transitions_of(stack: Stack, download: Download) -> int:
    """States that were entered, those of the machine that closes sockets among them."""
    histories = [
        stack.operator.history(download),
        *(stack.operator.execution_events(arn) for arn in stack.operator.idle_closer_executions(download)),
    ]
    return sum(event["type"].endswith("StateEntered") for history in histories for event in history)


def started(stack: Stack) -> int:
    """How many invocations the logs speak of."""
    return sum(line.startswith("START RequestId") for _, line in log_lines(stack))


def settle(stack: Stack, download: Download) -> None:
    """Wait until nothing of it is going on any more, so that the next one has the machine to itself."""
    stack.operator.wait_until_ended(download, 10)
    wait_for(lambda: stack.operator.connection_ids(download), 10, until=is_absent)


def summary(values: list[float]) -> dict[str, float]:
    """Percentiles and extremes."""
    return {
        "p50": round(report.percentile(values, 0.5), 4),
        "p99": round(report.percentile(values, 0.99), 4),
        "min": round(min(values), 4),
        "max": round(max(values), 4),
    }


def milliseconds(values: list[float], share: float) -> str:
    """A percentile, to be read."""
    return f"{report.percentile(values, share) * 1000:.0f} ms"


if __name__ == "__main__":
    main()
