"""The costs of a download: counted on the deployed stack, or derived from the plan for files that are too large."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict

from benchmarks.delivery import transitions_of
from benchmarks.prices import Bill
from benchmarks.report import Figure
from benchmarks.stage import Counted
from integration_tests.support.records import log_lines
from integration_tests.support.stack import unique_path
from integration_tests.support.waiting import is_absent, wait_for
from localcloud.origin import parse_size
from runtime.logic.copying import plan, progress, progress_budget

SMALL, LARGE = "1MB", "1GB"
HUGE = 100 * 10**9
ROUTES_OF_A_SOCKET = 2  # $connect and $disconnect, whose invocations the emulator does not log
CONCURRENCY = 8  # `copying.concurrency`
WORKER_BYTES_A_SECOND = 50e6  # of one worker on AWS: an assumption for derived costs
SLICE_GB = 1.024
_REPORT = re.compile(r"REPORT .*Billed Duration: (?P<ms>\d+) ms\s+Memory Size: (?P<mb>\d+) MB")
SAMPLE = Bill(transitions=5, invocations=6)


def counted_bill(counted: Counted, size: str) -> Bill:
    """Count the costs of one download by a client that waits for `ready` and disconnects."""
    stack = counted.stack
    before, logged = counted.calls(), Counter(log_lines(stack))
    download = stack.client.request(unique_path(size))
    with stack.client.connect(download) as socket:
        socket.receive("ready", deadline=300)
    stack.operator.wait_until_ended(download, 300)
    wait_for(lambda: stack.operator.connection_ids(download), 10, until=is_absent)
    wait_for(lambda: stack.operator.executions("RUNNING"), 60, until=is_absent)
    calls = counted.calls() - before
    lines = [line for _, line in (Counter(log_lines(stack)) - logged).elements()]
    reports = [match for line in lines if (match := _REPORT.search(line))]
    counted.stack.cloud.client("s3").delete_object(
        Bucket=stack.operator.bucket, Key=stack.operator.object_key(download)
    )
    return Bill(
        transitions=transitions_of(stack, download),
        invocations=len(reports) + ROUTES_OF_A_SOCKET,
        children=sum('"sliceCopied"' in line for line in lines),
        gb_seconds=sum(int(match["ms"]) / 1000 * int(match["mb"]) / 1000 for match in reports),
        s3={name: count for (service, name), count in calls.items() if service == "s3"},
        dynamodb={name: count for (service, name), count in calls.items() if service == "dynamodb"},
    )


def derived_bill(size: int) -> Bill:
    """Derive the costs of a copy in slices without faults from the plan."""
    cut = plan.plan(size)
    seconds = size / (WORKER_BYTES_A_SECOND * CONCURRENCY)
    progress_messages = int(seconds / progress_budget.SEND_SECONDS)
    progress_reads = int(seconds / progress.CHECK_SECONDS) * CONCURRENCY
    batches = range(cut.max_slices, cut.slice_count + cut.max_slices, cut.max_slices)
    listed = [min(copied * cut.parts_per_slice, cut.part_count) for copied in batches]  # by Complete
    page_count = sum(-(-parts // 1000) for parts in listed)
    s3 = Counter({"POST uploads": 1, "PUT partNumber": cut.part_count, "POST uploadId": 1, "HEAD": 1})
    s3["GET uploadId"] = cut.slice_count + progress_messages + page_count
    dynamodb = Counter({"PutItem": 1, "TransactWriteItems": 1, "DeleteItem": 1})
    # the caller's item twice, the upload, the digest, READY, the connection removed
    dynamodb["UpdateItem"] = 6 + progress_messages
    # connect, replay, copy, deliver, disconnect, close; complete for each batch
    dynamodb["GetItem"] = 7 + len(batches) + cut.slice_count + progress_reads
    return Bill(
        transitions=5 + 3 * len(batches),
        invocations=6 + len(batches) + cut.slice_count,
        children=cut.slice_count,
        gb_seconds=size / WORKER_BYTES_A_SECOND * SLICE_GB,
        s3=dict(s3),
        dynamodb=dict(dynamodb),
    )


def row(name: str, bill: Bill) -> tuple[str, ...]:
    """Return the row of a table."""
    counts = (bill.transitions, bill.invocations, bill.children, bill.s3_requests, bill.dynamodb_requests)
    return (name, *(f"{count:,}" for count in counts), f"{bill.gb_seconds:,.1f}", f"${bill.dollars:.6f}")


def figures(counted: Counted) -> tuple[list[tuple[str, ...]], list[Figure], dict[str, object]]:
    """Return rows of a table, figures compared with the original sample, and all values."""
    counted_bill(counted, SMALL)  # warms the functions up
    bills = {
        SMALL: counted_bill(counted, SMALL),
        LARGE: counted_bill(counted, LARGE),
        f"{LARGE}, by the plan": derived_bill(parse_size(LARGE)),
        f"{HUGE // 10**9}GB, by the plan": derived_bill(HUGE),
    }
    small = bills[SMALL]
    compared = [
        Figure(f"transitions, {SMALL}", small.transitions, SAMPLE.transitions, 1, False, "", "sample"),
        Figure(f"invocations, {SMALL}", small.invocations, SAMPLE.invocations, 1, False, "", "sample"),
    ]
    values: dict[str, object] = {name: asdict(bill) | {"dollars": bill.dollars} for name, bill in bills.items()}
    rows = [row(name, bill) for name, bill in bills.items()]
    return rows, compared, values
