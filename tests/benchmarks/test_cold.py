"""The benchmark of cold starts: its computations, and the reasons to refuse or fail."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from async_download.functions import ALL_FUNCTIONS
from async_download.settings.copying import Copying

from benchmarks import report
from benchmarks.cold import __main__ as cold
from benchmarks.cold import runs as cold_runs
from benchmarks.cold.calls import EVENTS, is_success
from benchmarks.cold.quota import Quota, processor_quota, share
from benchmarks.cold.runs import Function, Run, check_out
from benchmarks.prices import GB_SECOND
from tools.readme_tables import TOP


@pytest.mark.parametrize(("memory_mb", "expected"), [(128, 0.0724), (256, 0.1447), (1769, 1), (10_240, 1)])
def test_the_share_of_a_processor_grows_with_the_memory_size(memory_mb: int, expected: float) -> None:
    assert share(memory_mb) == pytest.approx(expected, abs=1e-4)


def test_every_function_has_a_call() -> None:
    assert EVENTS.keys() == ALL_FUNCTIONS.keys()


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
def test_failed_calls_are_recognised(answer: Any, expected: bool) -> None:
    assert is_success(answer) is expected


@pytest.mark.parametrize("path", [os.environ["PATH"], "/nonexistent"])
def test_a_clone_without_the_commit_or_a_machine_without_git_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str
) -> None:
    monkeypatch.setenv("PATH", path)
    with pytest.raises(SystemExit, match="git fetch --unshallow") as refused:
        check_out("0" * 40, tmp_path / "earlier")
    assert refused.value.code != 0


@pytest.mark.parametrize(
    ("version", "limits"),
    [(1, {"cpu.cfs_period_us": "20000", "cpu.cfs_quota_us": "2894"}), (2, {"cpu.max": "2894 20000"})],
)
def test_a_quota_in_each_version_of_control_groups(tmp_path: Path, version: int, limits: dict[str, str]) -> None:
    if version == 1:
        (tmp_path / "cpu").mkdir()
    else:
        (tmp_path / "cgroup.subtree_control").write_text("cpuset cpu memory\n", encoding="utf-8")
    with processor_quota(tmp_path) as group:
        assert group is not None
        assert group.version == version
        group.limit(42, 256)
        written = {file.name: file.read_text(encoding="utf-8") for file in group.folder.iterdir()}
    assert written == limits | {"cgroup.procs": "42"}


@pytest.mark.parametrize("controllers", [None, "memory\n"])
def test_without_control_groups_there_is_no_quota(tmp_path: Path, controllers: str | None) -> None:
    if controllers is not None:
        (tmp_path / "cgroup.subtree_control").write_text(controllers, encoding="utf-8")
    with processor_quota(tmp_path) as group:
        assert group is None


def test_without_a_quota_processor_time_is_divided_by_the_share(tmp_path: Path) -> None:
    call = {"wall": 9.0, "processor": 0.1}
    assert cold_runs._seconds(call, 256, None) == pytest.approx(0.1 * 1769 / 256)
    assert cold_runs._seconds(call, 256, Quota(tmp_path, 1)) == 9.0


def test_the_median_is_taken_for_each_time() -> None:
    runs = [Run(1, 30, 5), Run(3, 10, 6), Run(2, 20, 4)]
    assert cold.median_run(runs) == Run(2, 20, 5)


def test_a_cold_call_costs_the_start_too() -> None:
    cold_dollars, warm_dollars = cold.cost(Run(0.3, 0.1, 0.02), 512)
    assert cold_dollars == pytest.approx(0.2 + 0.4 * 0.5 * GB_SECOND * 1e6)
    assert warm_dollars == pytest.approx(0.2 + 0.02 * 0.5 * GB_SECOND * 1e6)


def test_docs_cost_has_every_function_with_its_memory_size() -> None:
    page = (TOP / "docs" / "cost.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", page, re.MULTILINE)
    documented = {key: int(size.replace(",", "")) for key, size in rows}
    copying = Copying().memory_mb
    assert documented == {key: copying if spec.copies else spec.memory_mb for key, spec in ALL_FUNCTIONS.items()}


@contextmanager
def serving() -> Iterator[str]:
    """Yield a URL without an endpoint, because nothing is measured."""
    yield "https://127.0.0.1:1"


@pytest.mark.parametrize(("first", "code"), [(0.33, None), (0.34, 1)])
def test_only_a_missed_bound_of_a_first_call_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, first: float, code: int | None
) -> None:
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
