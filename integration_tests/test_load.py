"""Many downloads at once while functions, tables, the bucket and sockets fail: a short run of `make bench-load`."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration_tests.load import schedule
from integration_tests.load.run import LoadOptions, run_load
from integration_tests.support.clouds import RETRY_WAITS, Target

OPTIONS = LoadOptions(downloads=50, seconds=20, seed=7, wait_scale=float(RETRY_WAITS))


def test_no_download_is_lost_under_load_with_faults(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if request.config.getoption("--target") != Target.EMULATOR:
        pytest.skip("Faults are injected into the emulator: use --target emulator.")
    result = run_load(OPTIONS, tmp_path)
    assert result.lost == []
    assert result.problems == []
    assert result.leftovers.kept == {}
    assert len(result.verdicts) == OPTIONS.downloads
    assert {verdict.status for verdict in result.verdicts} >= {"READY", "FAILED"}  # a cancel may be late
    assert {schedule.KILL, schedule.THROTTLE, schedule.TABLE_ERROR, schedule.STORE_ERROR} <= result.faults.keys()
