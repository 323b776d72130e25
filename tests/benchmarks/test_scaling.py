"""The arithmetic of docs/scaling.md, and the page itself."""

from __future__ import annotations

import math
import re

import pytest
from async_download.settings.api import Api
from async_download.settings.copying import Copying
from async_download.settings.retention import Retention
from async_download.settings.websocket import WebSocket

from benchmarks import prices, quotas, scaling
from benchmarks.costs import CONCURRENCY
from benchmarks.scaling import PETABYTE_A_DAY, SIZES, Load, bill_of, caller_rate, exceeded
from tools.page_blocks import replace_blocks

SMALL, LARGE = SIZES["10 MB"], SIZES["1 GB"]


def test_the_page_has_the_computed_tables() -> None:
    page = scaling.PAGE.read_text(encoding="utf-8")
    assert replace_blocks(page, scaling.blocks()) == page, "run `make docs`"


def test_the_page_has_the_computed_rates_of_a_caller() -> None:
    page = scaling.PAGE.read_text(encoding="utf-8")
    assert f"{caller_rate(100):.0f} downloads a second while 100 run, {caller_rate(500):.0f} while 500 run" in page


def test_a_small_file_uses_no_slices() -> None:
    """10 MB are two parts, copied by one function: request, connect, copy, deliver, disconnect and close."""
    bill = bill_of(SMALL)
    assert (bill.transitions, bill.invocations, bill.children) == (5, 6, 0)
    assert bill.s3 == {"POST uploads": 1, "PUT partNumber": 2, "POST uploadId": 1, "HEAD": 1}


def test_a_file_of_one_part_is_stored_with_one_request() -> None:
    assert bill_of(1_000_000).s3 == {"PUT": 1, "HEAD": 1}
    assert bill_of(0).s3 == {"PUT": 1, "HEAD": 1}


def test_a_large_file_uses_slices() -> None:
    load = Load(1, LARGE)
    assert load.is_sliced
    assert load.bill.children == 15
    assert load.copy_seconds == pytest.approx(LARGE / (8 * 50e6))


@pytest.mark.parametrize(
    ("quota", "size", "use"),
    [
        (quotas.CONCURRENCY, SMALL, 10 / 50 + 5 * 0.1),  # a fifth of a second to copy, five other calls
        (quotas.CONCURRENCY, LARGE, 1000 / 50 + 7 * 0.1),
        (quotas.START_EXECUTION, SMALL, 2),
        (quotas.TRANSITIONS, LARGE, 8),
        (quotas.OPEN_EXECUTIONS, SMALL, 0.2 + 120),
        (quotas.OPEN_MAP_RUNS, SMALL, 0),
        (quotas.OPEN_MAP_RUNS, LARGE, 2.5),
        (quotas.TABLE_WRITES, SMALL, 1 + 5 + 2),
        (quotas.TABLE_READS, SMALL, 7),
        (quotas.OBJECT_WRITES, LARGE, 120 + 2),
        (quotas.GATEWAY_RATE, SMALL, 5),
    ],
)
def test_use_of_a_quota_by_one_download_a_second(quota: quotas.Quota, size: int, use: float) -> None:
    assert scaling.USE[quota](Load(1, size)) == pytest.approx(use)


def test_a_petabyte_a_day_of_large_files_exceeds_no_quota() -> None:
    """12 files of 1 GB a second need 240 concurrent executions."""
    assert exceeded(Load(PETABYTE_A_DAY / LARGE, LARGE)) == []


def test_exceeded_quotas_are_sorted_by_their_factor() -> None:
    names = [quota for quota, _ in exceeded(Load(1_000, SMALL))]
    assert names[:3] == [quotas.STAGE_RATE, quotas.START_EXECUTION, quotas.CONNECTIONS]
    factors = [factor for _, factor in exceeded(Load(1_000, LARGE))]
    assert factors == sorted(factors, reverse=True)
    assert dict(exceeded(Load(1_000, LARGE)))[quotas.CONCURRENCY] == pytest.approx(1_000 * 20.7 / 1_000)


def test_costs_of_a_month() -> None:
    costs = Load(10, SMALL).monthly_costs
    downloads = 10 * 86_400 * 30
    assert costs["data transfer"] == pytest.approx(downloads * 0.01 * 0.09)
    assert costs["storage"] == pytest.approx(10 * 86_400 * 7 * 0.01 * 0.023)
    assert costs["copy and delivery"] / downloads == pytest.approx(
        bill_of(SMALL).dollars + 3.5e-6 + 1e-6 + (120.2 / 60) * 0.25e-6 + 9e-6 * prices.LOG_GB
    )


def test_defaults_of_the_component_are_those_of_the_page() -> None:
    assert Api().throttle_rate == quotas.STAGE_RATE.limit
    assert Copying().slice_threshold_mb * 10**6 == scaling.SLICE_THRESHOLD
    assert Copying().concurrency == CONCURRENCY
    assert WebSocket().idle_timeout_seconds == scaling.IDLE_SECONDS
    assert Retention().object_expiration_days == scaling.STORED_DAYS


def test_every_quota_names_its_source() -> None:
    for quota in scaling.USE:
        assert quota.source.startswith("https://docs.aws.amazon.com/") or quota.source == "settings.md"
        assert not quota.code or re.fullmatch(r"L-[0-9A-F]{8}", quota.code)
        assert math.isfinite(quota.limit)
