"""Figures, bills and counters of the benchmarks, and the figures in docs/cost.md."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from async_download import settings, worst_case
from async_download.functions.definition import SMALL_MB
from async_download.settings.checks import camel

from benchmarks import prices, processes
from benchmarks.costs import WORKER_BYTES_A_SECOND, derived_bill
from benchmarks.prices import Bill
from benchmarks.report import Figure
from benchmarks.request_counter import record_requests
from localcloud.config import nested
from runtime import metrics
from runtime.errors import FAULTS, Fault, OriginPreparingError, TimedOutError
from runtime.logic.copying import plan
from runtime.logic.copying.await_origin import delay
from runtime.logic.ending.fail import failure_of
from tests.runtime.support.log_stories import copy_in_slices, copy_small_file, lines_of, replay, request_twice
from tools.readme_tables import TOP


@pytest.mark.parametrize(
    ("here", "bound", "more_is_better", "is_met"),
    [(9, 0.9, True, True), (8.9, 0.9, True, False), (11, 1.1, False, True), (11.1, 1.1, False, False)],
)
def test_a_figure_is_met_if_its_ratio_is_within_the_bound(
    here: float, bound: float, more_is_better: bool, is_met: bool
) -> None:
    figure = Figure("speed", here, 10, bound, more_is_better, "MB/s", "rival")
    assert figure.ratio == here / 10
    assert figure.is_met is is_met
    assert ("MISSED" in figure.row[-1]) is not is_met


def test_a_bill_adds_up_all_requests_and_seconds() -> None:
    """S3 bills a listing like a write and an abort not at all; a transaction writes two items at double the price."""
    bill = Bill(
        transitions=4,
        invocations=5,
        children=2,
        gb_seconds=10,
        s3={"PUT": 1, "PUT partNumber": 3, "GET uploadId": 1, "HEAD": 2, "DELETE uploadId": 7},
        dynamodb={"GetItem": 8, "PutItem": 1, "UpdateItem": 2, "TransactWriteItems": 1},
    )
    requests = 5 * 5e-6 + 2 * 0.4e-6
    rows = 8 * 0.125e-6 + (1 + 2 + 4) * 0.625e-6
    assert bill.dollars == pytest.approx(4 * 25e-6 + 2e-6 + 5 * 0.2e-6 + 10 * 0.0000133334 + requests + rows)
    assert (bill.s3_requests, bill.dynamodb_requests) == (14, 12)


def test_the_bill_of_a_huge_file_is_derived_from_the_plan() -> None:
    size = 100 * 10**9
    bill, cut = derived_bill(size), plan.plan(size)
    assert (bill.s3["PUT partNumber"], bill.children) == (cut.part_count, cut.slice_count)
    assert bill.transitions == 8
    assert bill.invocations == cut.slice_count + 7


def test_docs_cost_has_the_bills_of_huge_files() -> None:
    units = {"GB": 10**9, "TB": 10**12}
    page = (TOP / "docs" / "cost.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) (GB|TB) \| ([\d,]+) slices \| \$([\d.]+) \| \$([\d.]+) \|$", page, re.MULTILINE)
    assert len(rows) == 4
    for number, unit, slices, dollars, transfer_out in rows:
        size = int(number) * units[unit]
        bill = derived_bill(size)
        assert int(slices.replace(",", "")) == bill.children
        assert float(dollars) == pytest.approx(bill.dollars, rel=0.02)
        assert float(transfer_out) == pytest.approx(size / 1e9 * 0.09)


def test_docs_cost_has_the_price_of_a_status_request() -> None:
    page = (TOP / "docs" / "cost.md").read_text(encoding="utf-8")
    (dollars,) = re.findall(
        r"asks for `status`: two messages, a call of `message`, two reads \| \$([\d.]+) for a mil", page
    )
    call = prices.INVOCATION + 0.05 * SMALL_MB / 1024 * prices.GB_SECOND
    assert float(dollars) == pytest.approx(1e6 * (2 * prices.MESSAGE + call + 2 * prices.ITEM_READ), rel=0.02)


def test_docs_cost_has_the_price_of_a_day_of_waiting_for_an_origin() -> None:
    """A request is billed with the cold call of `copy` on the same page, because a day leaves no function warm."""
    page = (TOP / "docs" / "cost.md").read_text(encoding="utf-8")
    dollars, requests = re.findall(r"\| \$([\d.]+) a day for (\d+) requests", page)[0]
    (cold_calls,) = re.findall(r"^\| `copy` \|.*\| \$([\d.]+) \| \$[\d.]+ \|$", page, re.MULTILINE)
    waits, day = list[float](), 86_400.0
    with suppress(TimedOutError):
        while True:
            answer = OriginPreparingError("202", target=None, retry_after=None)
            waits.append(delay(len(waits), answer, day - sum(waits)))
    assert int(requests) == len(waits)
    request = 3 * prices.TRANSITION + float(cold_calls) / 1e6 + prices.ITEM_WRITE + prices.ITEM_READ
    assert float(dollars) == pytest.approx(len(waits) * request, rel=0.01)


PLATFORM_BYTES = 600  # start and report of a call, in Lambda's JSON, traced: an assumption
SMALL_STORY = (request_twice, copy_small_file, replay)  # and the lines of `copyEnded` and `idleClosed`


def bytes_of_lines(lines: Iterable[Mapping[str, Any]]) -> int:
    """Return the bytes that CloudWatch Logs bills for lines."""
    return sum(len(json.dumps(line)) + prices.LOG_EVENT_BYTES for line in lines)


def test_docs_cost_has_the_price_of_logs() -> None:
    page = (TOP / "docs" / "cost.md").read_text(encoding="utf-8")
    sizes = r"writes about (\d+) KB \(\$([\d.]+) for a million\), each slice (\d+) KB"
    download, dollars, part = re.findall(sizes, page)[0]
    steps = {"requested", "copyStarted", "firstByte", "copied", "ready", "pushed", "connected", "disconnected"}
    small = {line["step"]: line for story in SMALL_STORY for line in lines_of(story) if line["step"] in steps}
    assert set(small) == steps
    written = bytes_of_lines(small.values()) + 2 * bytes_of_lines([small["copyStarted"]]) + 6 * PLATFORM_BYTES
    assert int(download) == pytest.approx(written / 1000, rel=0.1)
    assert float(dollars) == pytest.approx(int(download) * prices.LOG_GB)
    slices = [bytes_of_lines([line]) for line in lines_of(copy_in_slices) if line["step"] == "sliceCopied"]
    assert int(part) == pytest.approx((max(slices) + PLATFORM_BYTES) / 1000, rel=0.2)


def test_docs_cost_has_the_price_of_metrics() -> None:
    page = (TOP / "docs" / "cost.md").read_text(encoding="utf-8")
    counts = r"(\d+) for the stack, (\d+) for the faults .* (\d+) failure codes"
    row = re.findall(rf"\$([\d.]+) a metric and month.*: {counts}.* \$([\d.]+) a month;", page)[0]
    codes = [code for code in FAULTS if failure_of({"code": code, "message": ""}).code == code]
    assert [int(count) for count in row[1:4]] == [len(metrics.UNITS), len(Fault), len(codes)]
    assert float(row[0]) == prices.METRIC_MONTH
    assert float(row[4]) == pytest.approx(sum(map(int, row[1:4])) * prices.METRIC_MONTH)


UNTRUSTED_CALLERS = {
    "limits.max_file_mb": 10_000,
    "limits.max_downloads_per_caller": 4,
    "limits.daily_mb_per_caller": 100_000,
}


def test_docs_cost_has_the_maximum_costs_of_callers() -> None:
    page = (TOP / "docs" / "cost.md").read_text(encoding="utf-8")
    columns = [resolve(args) for args in ({}, UNTRUSTED_CALLERS, {"limits.max_downloads_per_caller": 0})]
    header = ", ".join(f"`{camel(name)}` {value}" for name, value in UNTRUSTED_CALLERS.items())
    assert f"| Under the defaults | {header} | No limit per caller |" in page
    for name, ceiling in (
        ("One request", worst_case.one_request),
        ("One caller, a day", worst_case.one_caller_a_day),
        ("All callers, a day", worst_case.all_callers_a_day),
    ):
        (row,) = re.findall(rf"^\| {name} \| .* \| \$([\d.,]+) \| \$([\d.,]+) \| \$([\d.,]+) \|$", page, re.MULTILINE)
        ceilings = [ceiling(settings) for settings in columns]
        assert list(row) == [f"{dollars:,.0f}" if dollars > 10 else f"{dollars:.2f}" for dollars in ceilings]


def test_maximum_costs_use_the_prices_of_the_benchmarks() -> None:
    assert (worst_case.GB_SECOND, worst_case.PART) == (prices.GB_SECOND, prices.S3_WRITE)
    assert worst_case.WORKER_BYTES == WORKER_BYTES_A_SECOND
    assert worst_case.MAX_PARTS == plan.MAX_PARTS
    page = (TOP / "docs" / "cost.md").read_text(encoding="utf-8")
    assert f"| 1 MB | one worker | ${worst_case.SMALL_DOWNLOAD:.5f} |" in page
    assert f"${worst_case.STORED_GB * 30:.3f} a GB and month" in page


def test_lower_limits_lower_the_maximum_costs() -> None:
    defaults = resolve({})
    for change in (
        UNTRUSTED_CALLERS,
        {"copying.reserved_concurrency": 4},
        {"api.throttle_rate": 1},
        {"limits.daily_mb_per_caller": 1},
    ):
        assert worst_case.one_caller_a_day(resolve(change)) < worst_case.one_caller_a_day(defaults)
    assert worst_case.one_request(resolve({"limits.max_file_mb": 1})) < worst_case.one_request(defaults)


def resolve(args: dict[str, Any]) -> settings.Settings:
    """Return the settings of a stack with one origin."""
    origins = {"reports": {"base_url": "https://reports.example.com/exports/"}}
    return settings.resolve("files", nested({"origins": origins, **args}))


def signed(service: str, key: str = "ASIA1", method: str = "POST", query: str = "", target: str = "") -> dict[str, Any]:
    """Return an ASGI scope of a request with the signature of a function's SDK."""
    authorization = f"AWS4-HMAC-SHA256 Credential={key}/20261124/us-east-1/{service}/aws4_request, SignedHeaders=host"
    headers = [(b"authorization", authorization.encode()), (b"x-amz-target", target.encode())]
    return {"type": "http", "method": method, "path": "/b/k", "query_string": query.encode(), "headers": headers}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (signed("s3", method="PUT"), {"service": "s3", "operation": "PUT"}),
        (signed("s3", method="PUT", query="uploadId=u&partNumber=2"), {"service": "s3", "operation": "PUT partNumber"}),
        (signed("s3", method="POST", query="uploads"), {"service": "s3", "operation": "POST uploads"}),
        (signed("dynamodb", target="DynamoDB_20120810.GetItem"), {"service": "dynamodb", "operation": "GetItem"}),
        (signed("s3", key="test"), None),
        (signed("lambda"), None),
        ({"type": "http", "method": "GET", "headers": []}, None),
        ({"type": "lifespan"}, None),
    ],
)
def test_requests_of_functions_are_recorded_and_all_are_forwarded(
    scope: dict[str, Any], expected: dict[str, str] | None
) -> None:
    recorded: list[dict[str, Any]] = []
    forwarded: list[Any] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        forwarded.append(scope)

    asyncio.run(record_requests(app, recorded.append)(scope, None, None))
    assert recorded == ([expected] if expected else [])
    assert forwarded == [scope]


@pytest.mark.skipif(not processes.reports_processor_time(), reason="this machine has no /proc: run it on Linux")
def test_processor_time_includes_processes_with_the_port_in_their_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = "import time\nwhile time.process_time() < 0.15: pass\nprint(flush=True); input()"
    for variable, counts in (("GATEWAY_PORT=7", 1), ("AWS_ENDPOINT_URL=http://127.0.0.1:7", 1), ("GATEWAY_PORT=71", 0)):
        name, _, value = variable.partition("=")
        monkeypatch.setenv(name, value)
        before = processes.processor_seconds(7) - time.process_time()
        with subprocess.Popen(
            [sys.executable, "-S", "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            seconds = processes.processor_seconds(7) - time.process_time() - before
            process.communicate("\n")
        assert (seconds > 0.1) == bool(counts), seconds
        monkeypatch.delenv(name)
