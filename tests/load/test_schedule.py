"""The schedule of injected faults and the mix of downloads, which a seed decides."""

from __future__ import annotations

from collections import Counter

import pytest

from integration_tests.load.mix import FILES, Behaviour, draw_downloads
from integration_tests.load.schedule import KINDS, RATES, Schedule


@pytest.mark.parametrize("seconds", [30.0, 600.0])
def test_each_kind_of_fault_has_an_interval(seconds: float) -> None:
    schedule = Schedule(1, seconds)
    assert {interval.kind for interval in schedule.intervals} == set(KINDS)
    for interval in schedule.intervals:
        assert 0 <= interval.begin < interval.end <= seconds
        middle = (interval.begin + interval.end) / 2
        assert schedule.rate(interval.kind, middle) == RATES[interval.kind].interval


def test_there_are_no_faults_before_and_after_a_run() -> None:
    schedule = Schedule(1, 30)
    assert all(schedule.rate(kind, second) == 0 for kind in KINDS for second in (-0.1, 30.0))
    assert all(schedule.rate(kind, 29.99) > 0 for kind in KINDS)


def test_a_seed_decides_the_schedule() -> None:
    assert Schedule(3, 60).intervals == Schedule(3, 60).intervals
    assert Schedule(3, 60).intervals != Schedule(4, 60).intervals


def test_a_seed_decides_the_downloads() -> None:
    assert list(draw_downloads(50, 10, 3)) == list(draw_downloads(50, 10, 3))
    assert list(draw_downloads(50, 10, 3)) != list(draw_downloads(50, 10, 4))


def test_downloads_are_of_all_kinds_and_spread_over_the_time() -> None:
    downloads = list(draw_downloads(400, 100, 1))
    assert Counter(download.file for download in downloads).keys() == set(FILES)
    assert {download.behaviour for download in downloads} == set(Behaviour)
    seconds = [download.second for download in downloads]
    assert seconds == sorted(seconds)
    assert [sum(begin <= second < begin + 10 for second in seconds) for begin in range(0, 100, 10)] == [40] * 10


def test_each_download_has_a_file_of_its_own() -> None:
    paths = [download.path for download in draw_downloads(200, 10, 1)]
    assert len(set(paths)) == 200
