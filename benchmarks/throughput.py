"""Measures how fast the deployed stack copies files, compared with plain boto3 and with one worker of the stack."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

from benchmarks import rivals
from benchmarks.processes import processor_seconds, reports_processor_time
from benchmarks.report import Figure
from benchmarks.stage import Counted
from integration_tests.support.stack import unique_path
from integration_tests.support.waiting import wait_for
from localcloud.origin import parse_size

LARGE, ORDINARY, WARMING = "1GB", "200MB", "300MB"
NO_RANGES = "ranges=no"
LIMITED = "rate=15000000"  # bytes a second that the origin gives to each connection
THREADS = (4, 8, 16)
DEADLINE = 300.0
MAX_PROCESSOR_RATIO = 1.2
MIN_SPEED_UP = 1.5  # compared with one worker, if the processors allow it
MIN_SHARE_OF_BOTO3 = 0.85


@dataclass(frozen=True)
class Taken:
    """The seconds of a copy, and those from its request until the client has the URL."""

    copying: float
    waiting: float


def figures(counted: Counted, rounds: int) -> tuple[list[Figure], dict[str, object]]:
    """Return figures with the medians of some rounds, each of which runs all candidates in turn, and all values."""
    ours(counted, LARGE)  # starts all workers
    ours(counted, WARMING, NO_RANGES)
    threads = min(THREADS, key=lambda number: rival(counted, "ranges", number, WARMING).copying)
    candidates: dict[str, Callable[[], Taken]] = {
        "ranges, the stack": lambda: ours(counted, LARGE),
        "ranges, plain boto3": lambda: rival(counted, "ranges", threads, LARGE),
        "one worker of the stack": lambda: ours(counted, LARGE, NO_RANGES),
        "no ranges, the stack": lambda: ours(counted, ORDINARY, NO_RANGES),
        "no ranges, plain boto3": lambda: rival(counted, "stream", 10, ORDINARY, NO_RANGES),
        "limited origin, the stack": lambda: ours(counted, WARMING, LIMITED),
        "limited origin, one worker": lambda: ours(counted, WARMING, f"{LIMITED}&{NO_RANGES}"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    waited: dict[str, list[float]] = {name: [] for name in candidates}
    processors: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, run in candidates.items():
            before = _used(counted)
            taken = run()
            seconds[name].append(taken.copying)
            waited[name].append(taken.waiting)
            processors[name].append(_used(counted) - before)
    sizes = (LARGE, LARGE, LARGE, ORDINARY, ORDINARY, WARMING, WARMING)
    slices, direct, single, stream, plain, limited_slices, limited_single = (
        parse_size(size) / 1e6 / median(values) for size, values in zip(sizes, seconds.values(), strict=True)
    )
    boto3_speed_up = direct / single  # the gain of several connections that this machine allows
    one_worker = "one streaming worker"
    with_boto3 = f"{one_worker}; boto3 gets {boto3_speed_up:.2f} x"
    threads_of_boto3 = f"boto3, {threads} threads"
    title = f"{WARMING} of 15 MB/s a connection"
    compared = [
        Figure(f"{LARGE} with ranges", slices, direct, MIN_SHARE_OF_BOTO3, True, "MB/s", threads_of_boto3),
        Figure(f"{LARGE} in slices", slices, single, MIN_SPEED_UP, True, "MB/s", with_boto3),
        Figure(title, limited_slices, limited_single, MIN_SPEED_UP, True, "MB/s", one_worker),
        Figure(f"{ORDINARY} without ranges", stream, plain, 0.8, True, "MB/s", "boto3's upload_fileobj"),
    ]
    if reports_processor_time():
        medians = {name: median(values) for name, values in processors.items()}
        for name, stack_run, boto3_run in (
            (f"{LARGE} with ranges", "ranges, the stack", "ranges, plain boto3"),
            (f"{ORDINARY} without ranges", "no ranges, the stack", "no ranges, plain boto3"),
        ):
            title, here, there = f"processors, {name}", medians[stack_run], medians[boto3_run]
            compared.append(Figure(title, here, there, MAX_PROCESSOR_RATIO, False, "s", "boto3; all processes"))
    return compared, {
        "seconds": {name: [round(value, 3) for value in values] for name, values in seconds.items()},
        "seconds_until_the_url": {name: [round(value, 3) for value in values] for name, values in waited.items()},
        "processor_seconds": {name: [round(value, 2) for value in values] for name, values in processors.items()},
    }


def _used(counted: Counted) -> float:
    port = urlsplit(counted.stack.cloud.endpoint or "").port
    return processor_seconds(port) if reports_processor_time() and port else 0.0


def ours(counted: Counted, size: str, options: str = "") -> Taken:
    """Copy a file by the stack, timed from the state Copy until the object is verified and READY."""
    stack = counted.stack
    began = time.perf_counter()
    download = stack.client.request(unique_path(size, options))
    with stack.client.connect(download) as socket:
        message = socket.receive("ready", "failed", deadline=DEADLINE)
    waiting = time.perf_counter() - began
    if message["type"] != "ready":
        raise SystemExit(f"The copy of {size} failed: {message}")
    stack.operator.wait_until_ended(download, DEADLINE)
    forget(counted, stack.operator.object_key(download))
    entered = {
        event["stateEnteredEventDetails"]["name"]: event["timestamp"]
        for event in reversed(stack.operator.history(download))
        if "stateEnteredEventDetails" in event
    }
    return Taken((entered["Deliver"] - entered["Copy"]).total_seconds(), waiting)


def rival(counted: Counted, kind: str, threads: int, size: str, options: str = "") -> Taken:
    """Copy a file by plain boto3."""
    cloud, path = counted.stack.cloud, unique_path(size, options)
    key = f"rival/{path.partition('?')[0]}"
    assert cloud.endpoint is not None
    url = f"{counted.origin.base_url}{path}"
    taken = rivals.seconds(kind, threads, url, cloud, counted.stack.operator.bucket, key)
    forget(counted, key)
    return Taken(taken, taken)


def forget(counted: Counted, key: str) -> None:
    """Delete the object from the emulator's memory, and wait until the emulator answers again."""
    s3 = counted.stack.cloud.client("s3")
    s3.delete_object(Bucket=counted.stack.operator.bucket, Key=key)
    wait_for(lambda: s3.list_buckets()["Buckets"], DEADLINE)
