"""What the benchmarks compute from what they measured, and what they count."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from typing import Any

import pytest
from async_download import settings, worst_case
from async_download.settings.checks import camel
from async_download.specs import SMALL_MB

from benchmarks import prices, processors
from benchmarks.costs import WORKER_BYTES_A_SECOND, derived_bill
from benchmarks.counter import counted
from benchmarks.prices import Bill
from benchmarks.report import Figure
from localcloud.config import nested
from runtime.logic.copying import plan
from tools.readme_tables import TOP


@pytest.mark.parametrize(
    ("here", "wanted", "more_is_better", "met"),
    [(9, 0.9, True, True), (8.9, 0.9, True, False), (11, 1.1, False, True), (11.1, 1.1, False, False)],
)
def test_a_figure_is_met_by_its_ratio(here: float, wanted: float, more_is_better: bool, met: bool) -> None:
    figure = Figure("speed", here, 10, wanted, more_is_better, "MB/s", "rival")
    assert figure.ratio == here / 10
    assert figure.is_met is met
    assert ("MISSED" in figure.row[-1]) is not met


def test_a_bill_adds_up() -> None:
    """A listing is a write to S3, an abort is free, and a transaction writes two rows at double the price."""
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


def test_what_is_too_large_to_be_copied_here_is_derived_from_the_plan() -> None:
    size = 100 * 10**9
    bill, cut = derived_bill(size), plan.plan(size)
    assert (bill.s3["PUT partNumber"], bill.children) == (cut.part_count, cut.slice_count)
    assert bill.transitions == 8
    assert bill.invocations == cut.slice_count + 7


def test_the_page_on_cost_says_what_the_plan_says() -> None:
    units = {"GB": 10**9, "TB": 10**12}
    page = (TOP / "docs" / "cost.md").read_text()
    rows = re.findall(r"^\| (\d+) (GB|TB) \| ([\d,]+) slices \| \$([\d.]+) \| \$([\d.]+) \|$", page, re.MULTILINE)
    assert len(rows) == 4
    for number, unit, slices, dollars, leaving in rows:
        size = int(number) * units[unit]
        bill = derived_bill(size)
        assert int(slices.replace(",", "")) == bill.children
        assert float(dollars) == pytest.approx(bill.dollars, rel=0.02)
        assert float(leaving) == pytest.approx(size / 1e9 * 0.09)


def test_the_page_on_cost_says_what_asking_for_the_status_costs() -> None:
    page = (TOP / "docs" / "cost.md").read_text()
    (said,) = re.findall(
        r"asks for `status`: two messages, a call of `message`, two reads \| \$([\d.]+) for a mil", page
    )
    call = prices.INVOCATION + 0.05 * SMALL_MB / 1024 * prices.GB_SECOND
    assert float(said) == pytest.approx(1e6 * (2 * prices.MESSAGE + call + 2 * prices.ROW_READ), rel=0.02)


STRANGERS = {"limits.max_file_mb": 10_000, "limits.max_downloads_per_caller": 4, "limits.daily_mb_per_caller": 100_000}


def test_the_page_on_cost_says_what_callers_can_cost_at_most() -> None:
    page = (TOP / "docs" / "cost.md").read_text()
    columns = [resolve(args) for args in ({}, STRANGERS, {"limits.max_downloads_per_caller": 0})]
    header = ", ".join(f"`{camel(name)}` {value}" for name, value in STRANGERS.items())
    assert f"| Under the defaults | {header} | No limit per caller |" in page
    for name, ceiling in (
        ("One request", worst_case.one_request),
        ("One caller, a day", worst_case.one_caller_a_day),
        ("All callers, a day", worst_case.all_callers_a_day),
    ):
        (row,) = re.findall(rf"^\| {name} \| .* \| \$([\d.,]+) \| \$([\d.,]+) \| \$([\d.,]+) \|$", page, re.MULTILINE)
        ceilings = [ceiling(settings) for settings in columns]
        assert list(row) == [f"{dollars:,.0f}" if dollars > 10 else f"{dollars:.2f}" for dollars in ceilings]


def test_the_ceilings_have_the_prices_of_the_benchmarks() -> None:
    assert (worst_case.GB_SECOND, worst_case.PART) == (prices.GB_SECOND, prices.S3_WRITE)
    assert worst_case.WORKER_BYTES == WORKER_BYTES_A_SECOND
    assert worst_case.MAX_PARTS == plan.MOST_PARTS
    page = (TOP / "docs" / "cost.md").read_text()
    assert f"| 1 MB | one worker | ${worst_case.SMALL_DOWNLOAD:.5f} |" in page
    assert f"${worst_case.STORED_GB * 30:.3f} a GB and month" in page


def test_a_lower_limit_is_a_lower_ceiling() -> None:
    defaults = resolve({})
    for change in (
        STRANGERS,
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
    """A request as a function's SDK signs it."""
    authorization = f"AWS4-HMAC-SHA256 Credential={key}/20261124/us-east-1/{service}/aws4_request, SignedHeaders=host"
    headers = [(b"authorization", authorization.encode()), (b"x-amz-target", target.encode())]
    return {"type": "http", "method": method, "path": "/b/k", "query_string": query.encode(), "headers": headers}


@pytest.mark.parametrize(
    ("scope", "noted"),
    [
        (signed("s3", method="PUT"), {"service": "s3", "operation": "PUT"}),
        (
            signed("s3", method="PUT", query="uploadId=u&partNumber=2"),
            {"service": "s3", "operation": "PUT partNumber"},
        ),
        (signed("s3", method="POST", query="uploads"), {"service": "s3", "operation": "POST uploads"}),
        (
            signed("dynamodb", target="DynamoDB_20120810.GetItem"),
            {"service": "dynamodb", "operation": "GetItem"},
        ),
        (signed("s3", key="test"), None),
        (signed("lambda"), None),
        ({"type": "http", "method": "GET", "headers": []}, None),
        ({"type": "lifespan"}, None),
    ],
)
def test_what_functions_ask_for_is_counted_and_passed_on(scope: dict[str, Any], noted: dict[str, str] | None) -> None:
    notes: list[dict[str, Any]] = []
    passed: list[Any] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        passed.append(scope)

    asyncio.run(counted(app, notes.append)(scope, None, None))
    assert notes == ([noted] if noted else [])
    assert passed == [scope]


@pytest.mark.skipif(not processors.is_possible(), reason="this machine has no /proc: run it on Linux")
def test_the_processor_time_of_an_emulator_and_its_workers_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are known by the port in their environment; whoever names another port does not count."""
    busy = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True); input()"
    for variable, counts in (("GATEWAY_PORT=7", 1), ("AWS_ENDPOINT_URL=http://127.0.0.1:7", 1), ("GATEWAY_PORT=71", 0)):
        name, _, value = variable.partition("=")
        monkeypatch.setenv(name, value)
        before = processors.used(7) - time.process_time()
        with subprocess.Popen(
            [sys.executable, "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            seen = processors.used(7) - time.process_time() - before
            process.communicate("\n")
        assert (seen > 0.2) == bool(counts), seen
        monkeypatch.delenv(name)
