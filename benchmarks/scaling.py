"""What limits a stack as it grows: the tables of docs/scaling.md, computed from the counts of one download.

`python -m benchmarks.scaling` writes them. A test compares the counts with those of real downloads on the emulator.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import prices, quotas
from benchmarks.costs import CONCURRENCY, SLICE_GB, WORKER_BYTES_A_SECOND, derived_bill
from benchmarks.prices import Bill
from benchmarks.quotas import Quota
from runtime.logic.copying import plan, progress_budget
from tools.page_blocks import write_blocks

PAGE = Path(__file__).parent.parent / "docs" / "scaling.md"
MIB = 1024**2
DAY_SECONDS = 86_400
MONTH_DAYS = 30
SLICE_THRESHOLD = 256 * 10**6  # `copying.sliceThresholdMb`
IDLE_SECONDS = 120  # `websocket.idleTimeoutSeconds`
STORED_DAYS = 7  # `retention.objectExpirationDays`
SHORT_CALL_SECONDS = 0.1  # of a function that does not copy: an assumption, twice a warm call
LOG_BYTES, SLICE_LOG_BYTES = 9_000, 1_000
RUNNING_ID_BYTES = 34  # in the item of a caller
SIZES = {"10 MB": 10 * 10**6, "1 GB": 10**9, "100 GB": 100 * 10**9}
RATES = (10, 100, 1_000)
PETABYTE_A_DAY = 10**15 / DAY_SECONDS  # bytes a second


def whole_file_bill(size: int) -> Bill:
    """Return the costs of a copy by one worker without faults, of a file with a known length."""
    parts = max(1, math.ceil(size / plan.MIN_PART))
    uploads = {"POST uploads": 1, "PUT partNumber": parts, "POST uploadId": 1, "HEAD": 1}
    updates = 5 if parts > 1 else 4  # the upload is recorded
    return Bill(
        transitions=5,
        invocations=6,
        gb_seconds=size / WORKER_BYTES_A_SECOND * SLICE_GB,
        s3=uploads if parts > 1 else {"PUT": 1, "HEAD": 1},
        dynamodb={"PutItem": 1, "TransactWriteItems": 1, "DeleteItem": 1, "UpdateItem": updates, "GetItem": 7},
    )


def bill_of(size: int) -> Bill:
    """Return the costs of a download of a file."""
    return derived_bill(size) if size > SLICE_THRESHOLD else whole_file_bill(size)


@dataclass(frozen=True)
class Load:
    """Downloads of one size at a steady rate."""

    downloads_a_second: float
    size: int

    @property
    def bill(self) -> Bill:
        """The counts of one download."""
        return bill_of(self.size)

    @property
    def is_sliced(self) -> bool:
        """Return whether its files are copied in slices."""
        return self.size > SLICE_THRESHOLD

    @property
    def copy_seconds(self) -> float:
        """Seconds of one copy."""
        return self.size / (WORKER_BYTES_A_SECOND * (CONCURRENCY if self.is_sliced else 1))

    @property
    def messages(self) -> int:
        """Messages that are pushed to one client."""
        return 1 + (int(self.copy_seconds / progress_budget.SEND_SECONDS) if self.is_sliced else 0)

    @property
    def monthly_costs(self) -> dict[str, float]:
        """Dollars a month: copy and delivery, storage, and data transfer at the price for the first 10 TB."""
        downloads = self.downloads_a_second * DAY_SECONDS * MONTH_DAYS
        connected = (self.copy_seconds + IDLE_SECONDS) / 60
        logs = (LOG_BYTES + SLICE_LOG_BYTES * self.bill.children) / 1e9
        single = (
            self.bill.dollars
            + prices.REST_REQUEST
            + self.messages * prices.MESSAGE
            + connected * prices.CONNECTION_MINUTE
            + logs * prices.LOG_GB
        )
        gigabytes = self.size / 1e9
        stored = self.downloads_a_second * DAY_SECONDS * STORED_DAYS * gigabytes
        return {
            "copy and delivery": downloads * single,
            "storage": stored * prices.STORED_GB_MONTH,
            "data transfer": downloads * gigabytes * prices.TRANSFER_GB,
        }


def _writes(load: Load) -> float:
    """Write units of the Downloads table: a transaction costs two for each item."""
    counts = load.bill.dynamodb
    return counts["PutItem"] + counts["UpdateItem"] + 2 * counts["TransactWriteItems"]


def _object_writes(load: Load) -> float:
    return sum(count for name, count in load.bill.s3.items() if name.startswith(("PUT", "POST")))


def _object_reads(load: Load) -> float:
    """Reads of the copy, of its list of parts, and by the client."""
    return sum(count for name, count in load.bill.s3.items() if name.startswith(("GET", "HEAD"))) + 1


def _executions(load: Load) -> float:
    """Seconds in which functions run: copying, and all other calls."""
    other = load.bill.invocations - (load.bill.children or 1)
    return load.size / WORKER_BYTES_A_SECOND + other * SHORT_CALL_SECONDS


USE: Mapping[Quota, Callable[[Load], float]] = {
    quotas.STAGE_RATE: lambda _: 2,  # the WebSocket API counts opening and closing
    quotas.GATEWAY_RATE: lambda load: 4 + load.messages,  # request, open, close, closing by the server, messages
    quotas.CONNECTIONS: lambda _: 1,
    quotas.CONCURRENCY: _executions,
    quotas.START_EXECUTION: lambda _: 2,  # the copy, and the idle closer
    quotas.TRANSITIONS: lambda load: load.bill.transitions,
    quotas.OPEN_EXECUTIONS: lambda load: load.copy_seconds + IDLE_SECONDS,
    quotas.OPEN_MAP_RUNS: lambda load: load.copy_seconds if load.is_sliced else 0,
    quotas.TABLE_WRITES: _writes,
    quotas.TABLE_READS: lambda load: load.bill.dynamodb["GetItem"],
    quotas.OBJECT_WRITES: _object_writes,
    quotas.OBJECT_READS: _object_reads,
    quotas.PUT_EVENTS: lambda _: 1,
}
"""Quota -> its use by one download a second."""


def exceeded(load: Load) -> list[tuple[Quota, float]]:
    """Return the quotas that a load exceeds with their factors, the first one to be reached first."""
    factors = [(quota, load.downloads_a_second * use(load) / quota.limit) for quota, use in USE.items()]
    return sorted((pair for pair in factors if pair[1] > 1), key=lambda pair: -pair[1])


def caller_rate(running: int) -> float:
    """Return the downloads a second of one caller that its item allows, with so many of them running."""
    units = math.ceil((running * RUNNING_ID_BYTES + 200) / 1024)
    return quotas.ITEM_WRITES / (2 * units)


def quota_table() -> str:
    """Return a row for each quota: its default, and the rate of downloads that reaches it."""
    small, large = SIZES["10 MB"], SIZES["1 GB"]
    rows = ["| Quota | Default | Reached at, 10 MB | Reached at, 1 GB | Raised by |", "|---|---|---|---|---|"]
    for quota, use in USE.items():
        reached = [quota.limit / used if (used := use(Load(1, size))) else None for size in (small, large)]
        shown = [f"{_rounded(rate)}/s" if rate is not None else "not used" for rate in reached]
        code = f" ({quota.code})" if quota.code else ""
        name = f"[{quota.name}]({quota.source})"
        rows.append(f"| {name} | {quota.limit:,} | {' | '.join(shown)} | {quota.remedy}{code} |")
    return "\n".join(rows)


def scenario_table() -> str:
    """Return a row for each load: what it exceeds, and its costs."""
    loads = [(f"{rate:,}/s, {name}", Load(rate, SIZES[name])) for rate in RATES for name in ("10 MB", "1 GB")]
    loads += [(f"1 PB a day in files of {name}", Load(PETABYTE_A_DAY / size, size)) for name, size in SIZES.items()]
    head = "| Load | TB a day | Exceeded quotas, and by which factor | Copy and delivery | Storage | Data transfer |"
    rows = [head, "|---|---|---|---|---|---|"]
    for name, load in loads:
        limits = [f"{quota.name.partition(',')[0]}: {_rounded(factor)}" for quota, factor in exceeded(load)]
        terabytes = load.downloads_a_second * load.size * DAY_SECONDS / 1e12
        costs = [f"${_rounded(dollars)}" for dollars in load.monthly_costs.values()]
        rows.append(f"| {name} | {_rounded(terabytes)} | {'<br>'.join(limits) or 'none'} | {' | '.join(costs)} |")
    return "\n".join(rows)


def _rounded(value: float) -> str:
    """Return a number with two significant digits, or none behind the point from 100 on."""
    digits = max(0, 1 - math.floor(math.log10(value)))
    return f"{round(value, 1 - math.floor(math.log10(value))):,.{digits}f}"


def blocks() -> dict[str, str]:
    """Return the tables of the page by name."""
    return {"quotas": quota_table(), "scenarios": scenario_table()}


if __name__ == "__main__":
    write_blocks(PAGE, blocks())
