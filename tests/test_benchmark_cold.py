"""What `make bench-cold` computes, when it refuses to run, and when it fails."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from async_download.settings.copying import Copying
from async_download.specs import SPECS

from benchmarks import cold, cold_runs, report
from benchmarks.cold_calls import EVENTS, is_success
from benchmarks.cold_quota import Quota, quota, share
from benchmarks.cold_runs import Function, Run, check_out
from benchmarks.prices import GB_SECOND
from tools.readme_tables import TOP


@pytest.mark.parametrize(("memory_mb", "expected"), [(128, 0.0724), (256, 0.1447), (1769, 1), (10_240, 1)])
def test_the_share_of_a_memory_size(memory_mb: int, expected: float) -> None:
    assert share(memory_mb) == pytest.approx(expected, abs=1e-4)


def test_every_function_has_a_call() -> None:
    assert EVENTS.keys() == SPECS.keys()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"statusCode": 202}, True),
        ({"statusCode": 500}, False),
        ({"outcome": "STORED"}, True),
        ({"outcome": "FAILED"}, False),
        ({"posted": 0, "gone": 1, "failed": 0}, True),
        ({"posted": 0, "gone": 0, "failed": 1}, False),
        ({}, True),
        (None, False),
    ],
)
def test_a_call_that_fails_is_not_a_quick_one(answer: Any, expected: bool) -> None:
    assert is_success(answer) is expected


@pytest.mark.parametrize("path", [os.environ["PATH"], "/nonexistent"])
def test_a_clone_without_the_commit_or_a_machine_without_git_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str
) -> None:
    monkeypatch.setenv("PATH", path)
    with pytest.raises(SystemExit, match="git fetch --unshallow") as refused:
        check_out("0" * 40, tmp_path / "earlier")
    assert refused.value.code != 0


def test_the_first_version_of_control_groups(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    with quota(tmp_path) as limited:
        assert limited is not None
        assert limited.version == 1
        limited.limit(42, 256)
        written = {file.name: file.read_text() for file in limited.folder.iterdir()}
    assert written == {"cpu.cfs_period_us": "20000", "cpu.cfs_quota_us": "2894", "cgroup.procs": "42"}


def test_the_second_version_of_control_groups(tmp_path: Path) -> None:
    (tmp_path / "cgroup.subtree_control").write_text("cpuset cpu memory\n")
    with quota(tmp_path) as limited:
        assert limited is not None
        assert limited.version == 2
        limited.limit(42, 1769)
        written = {file.name: file.read_text() for file in limited.folder.iterdir()}
    assert written == {"cpu.max": "20000 20000", "cgroup.procs": "42"}


@pytest.mark.parametrize("controllers", [None, "memory\n"])
def test_without_control_groups_there_is_no_quota(tmp_path: Path, controllers: str | None) -> None:
    if controllers is not None:
        (tmp_path / "cgroup.subtree_control").write_text(controllers)
    with quota(tmp_path) as limited:
        assert limited is None


def test_without_a_quota_processor_time_is_divided_by_the_share(tmp_path: Path) -> None:
    call = {"wall": 9.0, "processor": 0.1}
    assert cold_runs._seconds(call, 256, None) == pytest.approx(0.1 * 1769 / 256)
    assert cold_runs._seconds(call, 256, Quota(tmp_path, 1)) == 9.0


def test_the_middle_of_several_runs_is_taken_for_each_time() -> None:
    runs = [Run(1, 30, 5), Run(3, 10, 6), Run(2, 20, 4)]
    assert cold.middle(runs) == Run(2, 20, 5)


def test_a_cold_call_pays_for_the_start_too() -> None:
    cold_dollars, warm_dollars = cold.cost(Run(0.3, 0.1, 0.02), 512)
    assert cold_dollars == pytest.approx(0.2 + 0.4 * 0.5 * GB_SECOND * 1e6)
    assert warm_dollars == pytest.approx(0.2 + 0.02 * 0.5 * GB_SECOND * 1e6)


def test_the_page_on_cost_has_every_function_with_its_memory_size() -> None:
    page = (TOP / "docs" / "cost.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", page, re.MULTILINE)
    documented = {key: int(size.replace(",", "")) for key, size in rows}
    copying = Copying().memory_mb
    assert documented == {key: copying if spec.copies else spec.memory_mb for key, spec in SPECS.items()}


@contextmanager
def serving() -> Iterator[str]:
    """No endpoint: nothing is measured."""
    yield "https://127.0.0.1:1"


@pytest.mark.parametrize(("first", "code"), [(0.33, None), (0.34, 1)])
def test_a_bound_that_is_missed_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, first: float, code: int | None
) -> None:
    """A start that takes longer does not: that is where the work went."""
    measured = {"connect": {256: (Run(9, first, 0.1), Run(1, 1, 0.1))}}
    monkeypatch.setattr("sys.argv", ["cold"])
    monkeypatch.setattr(cold, "check_out", lambda *_: tmp_path)
    monkeypatch.setattr(cold, "serving", serving)
    monkeypatch.setattr(cold, "stage", lambda *_: {"connect": Function("connect", tmp_path, {}, 256)})
    monkeypatch.setattr(cold, "measure", lambda *_: measured)
    monkeypatch.setattr("compileall.compile_dir", lambda *_, **__: True)
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    if code is None:
        cold.main()
    else:
        with pytest.raises(SystemExit) as missed:
            cold.main()
        assert missed.value.code == code
    assert (tmp_path / "cold.json").exists()
