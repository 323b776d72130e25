"""docs/cost.md has what alarms and dashboard cost a month."""

from __future__ import annotations

from typing import Any

from benchmarks.prices import ALARM_METRIC, DASHBOARD
from tests.components.support.harness import deploy
from tests.components.support.monitored import ALARM, TOPIC, metrics_of, metrics_on
from tests.components.support.monitored import DASHBOARD as DASHBOARD_TYPE
from tools.readme_tables import TOP

PAGE = (TOP / "docs" / "cost.md").read_text(encoding="utf-8")
ON: dict[str, Any] = {"observability.alarms.topic_arn": TOPIC, "observability.dashboard": True}
MORE: dict[str, Any] = ON | {"api.web_page": True, "auth.type": "none", "copying.reuse_seconds": 600}
FREE_DASHBOARD_METRICS = 50


def watched(args: dict[str, Any]) -> int:
    return sum(len(metrics_of(alarm)) for alarm in deploy(args).resources_of(ALARM))


def test_the_cost_of_a_month_is_that_of_the_metrics() -> None:
    counts = [watched(args) for args in (ON, MORE)]
    cells = [f"{count} metrics, ${count * ALARM_METRIC:.2f}" for count in counts]
    assert f"${ALARM_METRIC:.2f} for each watched metric | {' | '.join(cells)} |" in PAGE
    assert f"| `observability.dashboard` | ${DASHBOARD:.2f} | ${DASHBOARD:.2f} |" in PAGE
    both = [f"${count * ALARM_METRIC + DASHBOARD:.2f}" for count in counts]
    assert f"| both | {' | '.join(both)} |" in PAGE


def test_the_cost_without_alarms_on_functions_is_that_of_the_rest() -> None:
    names = ("observability.alarms.function_errors", "observability.alarms.function_throttles")
    count = watched(ON | dict.fromkeys(names, 0))
    assert f"leave {count} metrics, ${count * ALARM_METRIC:.2f}" in PAGE


def test_operations_name_the_same_cost() -> None:
    operations = (TOP / "docs" / "operations.md").read_text(encoding="utf-8")
    assert f"[cost](cost.md#alarms-and-the-dashboard) ${watched(ON) * ALARM_METRIC:.2f} a month" in operations


def test_the_dashboard_is_larger_than_a_free_one() -> None:
    dashboard = deploy(ON).resource(DASHBOARD_TYPE).json("dashboardBody")
    assert len(list(metrics_on(dashboard))) > FREE_DASHBOARD_METRICS
