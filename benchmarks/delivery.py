"""Measures the time until a client has its URL, and counts transitions and invocations: `make bench-delivery`.

Warm, on the emulator. `request -> URL` begins before POST /downloads of a 10 MB file of an instant origin, and ends
when the message with the URL arrives. `stored -> URL` begins when the item is READY, for a client that waits.
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
SHORT_IDLE_SECONDS = 10  # closing the sockets is part of a download's costs
ROUTES_OF_A_SOCKET = 2  # $connect and $disconnect, whose invocations the emulator does not log
SAMPLE = {
    "request_to_url_s_with_an_origin_of_60_s": 121.5,
    "stored_to_url_mean_s": 30,
    "stored_to_url_max_s": 60,
    "state_transitions": 5,
    "lambda_invocations": 6,
}


def main() -> None:
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery", description=str(__doc__).splitlines()[0])
    parser.add_argument("--runs", type=int, default=40, help="downloads in each series (%(default)s)")
    runs = max(1, parser.parse_args().runs)
    with measured_stack({"websocket.idleTimeoutSeconds": 0}) as stack:
        for _ in range(WARMING):
            request_to_url(stack)
            stored_to_url(stack)
        requested = [request_to_url(stack) for _ in range(runs)]
        stored = [stored_to_url(stack) for _ in range(runs)]
    with measured_stack({"websocket.idleTimeoutSeconds": SHORT_IDLE_SECONDS}) as stack:
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
    """Return the seconds from before the request until the URL arrives."""
    began = time.perf_counter()
    download = stack.client.request(unique_path(SIZE))
    with stack.client.connect(download) as socket:
        socket.receive("ready")
        taken = time.perf_counter() - began
    settle(stack, download)
    return taken


def stored_to_url(stack: Stack) -> float:
    """Return the seconds from the item's READY until the URL arrives at a waiting client, by this machine's clock."""
    download = stack.client.request(unique_path(SIZE, "first_byte=0.3"))
    with stack.client.connect(download) as socket:
        socket.receive("ready")
        received = time.time()
    item = stack.operator.download_item(download)
    settle(stack, download)
    return received - parse_time(item["updatedAt"]).timestamp()


def cost(stack: Stack) -> tuple[int, int]:
    """Count the state transitions and invocations of one download by a client that waits and disconnects."""
    before = started(stack)
    download = stack.client.request(unique_path(SIZE, "first_byte=0.3"))
    with stack.client.connect(download) as socket:
        socket.receive("ready")
    settle(stack, download)
    wait_for(lambda: stack.operator.executions("RUNNING"), 60, until=is_absent)
    return transitions_of(stack, download), started(stack) - before + ROUTES_OF_A_SOCKET


def transitions_of(stack: Stack, download: Download) -> int:
    """Count the entered states, including those of the state machine that closes idle sockets."""
    histories = [
        stack.operator.history(download),
        *(stack.operator.execution_events(arn) for arn in stack.operator.idle_closer_executions(download)),
    ]
    return sum(event["type"].endswith("StateEntered") for history in histories for event in history)


def started(stack: Stack) -> int:
    """Count the invocations in the logs."""
    return sum(line.startswith("START RequestId") for _, line in log_lines(stack))


def settle(stack: Stack, download: Download) -> None:
    """Wait until the download has ended and its client is disconnected, so that the next one runs alone."""
    stack.operator.wait_until_ended(download, 10)
    wait_for(lambda: stack.operator.connection_ids(download), 10, until=is_absent)


def summary(values: list[float]) -> dict[str, float]:
    """Return percentiles, minimum and maximum."""
    return {
        "p50": round(report.percentile(values, 0.5), 4),
        "p99": round(report.percentile(values, 0.99), 4),
        "min": round(min(values), 4),
        "max": round(max(values), 4),
    }


def milliseconds(values: list[float], share: float) -> str:
    """Return a percentile as text."""
    return f"{report.percentile(values, share) * 1000:.0f} ms"


if __name__ == "__main__":
    main()
