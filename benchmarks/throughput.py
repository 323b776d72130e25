"""How fast files are copied by the deployed stack, beside plain boto3 and beside a single worker of ours."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

from benchmarks import rivals
from benchmarks.processors import is_possible, used
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
MOST_WORK = 1.2
FASTER = 1.5  # than one worker, where the processors allow it
NEAR = 0.85  # of what plain boto3 makes possible


@dataclass(frozen=True)
class Taken:
    """Seconds that a copy took, and that its client waited for the URL, with all that is around a copy."""

    copying: float
    waiting: float


def figures(counted: Counted, rounds: int) -> tuple[list[Figure], dict[str, object]]:
    """Medians of so many rounds, each of which runs all rivals one after the other; the second is every value."""
    ours(counted, LARGE)  # as many workers as there may be at once
    ours(counted, WARMING, NO_RANGES)
    threads = min(THREADS, key=lambda number: rival(counted, "ranges", number, WARMING).copying)
    contest: dict[str, Callable[[], Taken]] = {
        "ranges, the stack": lambda: ours(counted, LARGE),
        "ranges, plain boto3": lambda: rival(counted, "ranges", threads, LARGE),
        "one worker of the stack": lambda: ours(counted, LARGE, NO_RANGES),
        "no ranges, the stack": lambda: ours(counted, ORDINARY, NO_RANGES),
        "no ranges, plain boto3": lambda: rival(counted, "stream", 10, ORDINARY, NO_RANGES),
        "limited origin, the stack": lambda: ours(counted, WARMING, LIMITED),
        "limited origin, one worker": lambda: ours(counted, WARMING, f"{LIMITED}&{NO_RANGES}"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contest}
    waited: dict[str, list[float]] = {name: [] for name in contest}
    processors: dict[str, list[float]] = {name: [] for name in contest}
    for _ in range(rounds):
        for name, run in contest.items():
            before = _used(counted)
            taken = run()
            seconds[name].append(taken.copying)
            waited[name].append(taken.waiting)
            processors[name].append(_used(counted) - before)
    sizes = (LARGE, LARGE, LARGE, ORDINARY, ORDINARY, WARMING, WARMING)
    slices, direct, single, stream, plain, many, one = (
        parse_size(size) / 1e6 / median(values) for size, values in zip(sizes, seconds.values(), strict=True)
    )
    possible = direct / single  # what S3, the origin and the processors here let anybody gain by many connections
    alone = f"one streaming worker; boto3 gets {possible:.2f} x"
    found = [
        Figure(f"{LARGE} with ranges", slices, direct, NEAR, True, "MB/s", f"boto3, {threads} threads"),
        Figure(f"{LARGE} in slices", slices, single, FASTER, True, "MB/s", alone),
        Figure(f"{WARMING} of 15 MB/s a connection", many, one, FASTER, True, "MB/s", "one streaming worker"),
        Figure(f"{ORDINARY} without ranges", stream, plain, 0.8, True, "MB/s", "boto3's upload_fileobj"),
    ]
    if is_possible():
        busy = {name: median(values) for name, values in processors.items()}
        for name, here, beside in (
            (f"{LARGE} with ranges", "ranges, the stack", "ranges, plain boto3"),
            (f"{ORDINARY} without ranges", "no ranges, the stack", "no ranges, plain boto3"),
        ):
            title = f"processors, {name}"
            found.append(Figure(title, busy[here], busy[beside], MOST_WORK, False, "s", "boto3; all processes"))
    return found, {
        "seconds": {name: [round(value, 3) for value in values] for name, values in seconds.items()},
        "seconds_until_the_url": {name: [round(value, 3) for value in values] for name, values in waited.items()},
        "processor_seconds": {name: [round(value, 2) for value in values] for name, values in processors.items()},
    }


def _used(counted: Counted) -> float:
    port = urlsplit(counted.stack.cloud.endpoint or "").port
    return used(port) if is_possible() and port else 0.0


def ours(counted: Counted, size: str, options: str = "") -> Taken:
    """Copied by the stack: from when the state machine begins with it until the object is verified and READY."""
    stack = counted.stack
    began = time.perf_counter()
    download = stack.client.request(unique_path(size, options))
    with stack.client.connect(download) as socket:
        told = socket.receive("ready", "failed", deadline=DEADLINE)
    waiting = time.perf_counter() - began
    if told["type"] != "ready":
        raise SystemExit(f"The copy of {size} failed: {told}")
    stack.operator.wait_until_ended(download, DEADLINE)
    forget(counted, stack.operator.object_key(download))
    entered = {
        event["stateEnteredEventDetails"]["name"]: event["timestamp"]
        for event in reversed(stack.operator.history(download))
        if "stateEnteredEventDetails" in event
    }
    return Taken((entered["Deliver"] - entered["Copy"]).total_seconds(), waiting)


def rival(counted: Counted, kind: str, threads: int, size: str, options: str = "") -> Taken:
    """The same file, copied by plain boto3."""
    cloud, path = counted.stack.cloud, unique_path(size, options)
    key = f"rival/{path.partition('?')[0]}"
    assert cloud.endpoint is not None
    url = f"{counted.origin.base_url}{path}"
    taken = rivals.seconds(kind, threads, url, cloud, counted.stack.operator.bucket, key)
    forget(counted, key)
    return Taken(taken, taken)


def forget(counted: Counted, key: str) -> None:
    """Give the emulator its memory back, and wait until it answers as before."""
    s3 = counted.stack.cloud.client("s3")
    s3.delete_object(Bucket=counted.stack.operator.bucket, Key=key)
    wait_for(lambda: s3.list_buckets()["Buckets"], DEADLINE)
