"""Tests of the suite's helpers."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from integration_tests.support import wheels
from integration_tests.support.waiting import WaitTimeoutError, is_absent, wait_for
from tools.release.packages import PACKAGES


def test_waiting_gives_what_was_seen() -> None:
    assert wait_for(itertools.count().__next__, 5, until=lambda count: count == 3) == 3


def test_waiting_says_what_was_seen_last() -> None:
    with pytest.raises(WaitTimeoutError, match=r"Not within 0.05 s; last value: \['a row'\]"):
        wait_for(lambda: ["a row"], 0.05, until=is_absent)


def test_waiting_looks_at_least_once() -> None:
    assert wait_for(lambda: "there", 0) == "there"


def test_waiting_ends_with_the_probe() -> None:
    with pytest.raises(ZeroDivisionError):
        wait_for(lambda: 1 // 0, 5)


def test_wheels_of_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(pytest.UsageError, match=r"no wheel of async-download in .*make dist"):
        wheels.select_folder(tmp_path)


def test_wheels_beside_imports_from_the_sources_are_refused(tmp_path: Path) -> None:
    for package in PACKAGES:
        (tmp_path / f"{package.file_name}-0.1.0-py3-none-any.whl").touch()
    with pytest.raises(pytest.UsageError, match=r"async_download is imported from the sources.*make test-dist"):
        wheels.select_folder(tmp_path)
