"""The dashboard has the structure that CloudWatch documents, and shows metrics of the stack's resources."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from runtime.errors import Fault
from runtime.metrics import NAMESPACE, UNITS
from tests.components.support.harness import Cloud, Deployment, deploy
from tests.components.support.monitored import (
    ALARM,
    DASHBOARD,
    TOPIC,
    dimension_values,
    metrics_on,
)
from tests.components.support.published_metrics import PUBLISHED
from tests.components.support.variants import NON_DEFAULT

COLUMNS = 24
PAGE_ROWS = 25  # of 40 pixels: a screen
MAX_WIDGETS, MAX_METRICS, MAX_ALARMS = 500, 500, 100
TYPES = {"alarm", "custom", "explorer", "log", "metric", "text"}
POSITION = {"x": range(COLUMNS), "y": range(10**6), "width": range(1, COLUMNS + 1), "height": range(1, 1001)}
PROPERTIES = {
    "alarm": {"alarms", "sortBy", "states", "title"},
    "metric": {
        *("accountId", "annotations", "end", "labels", "legend", "liveData", "metrics", "period", "region"),
        *("setPeriodToTimeRange", "singleValueFullPrecision", "sparkline", "stacked", "start", "stat", "table"),
        *("timezone", "title", "trend", "view", "yAxis"),
    },
}
REQUIRED = {"alarm": {"alarms"}, "metric": {"metrics", "region"}}
RENDERING = {
    *("accountId", "color", "expression", "id", "label", "period", "region", "stat", "visible", "yAxis"),
}
VIEWS = {"bar", "gauge", "pie", "singleValue", "table", "timeSeries"}
AXIS = {"label", "max", "min", "showUnits"}
STATISTICS = {"Average", "Maximum", "Minimum", "SampleCount", "Sum", "p50", "p90"}
ON: dict[str, Any] = {"observability.dashboard": True}
STACKS: dict[str, dict[str, Any]] = {
    "default": ON,
    "with alarms": ON | {"observability.alarms.topic_arn": TOPIC},
    "with some alarms off": ON
    | {"observability.alarms.topic_arn": TOPIC, "observability.alarms.dead_letters": 0, "api.web_page": True}
    | {"auth.type": "none", "copying.reuse_seconds": 600},
    "with every setting": NON_DEFAULT,
}
every_stack = pytest.mark.parametrize("args", STACKS.values(), ids=STACKS)


def dashboard_of(deployment: Deployment) -> dict[str, Any]:
    return deployment.resource(DASHBOARD).json("dashboardBody")


def test_there_is_no_dashboard_by_default(deployment: Deployment) -> None:
    assert deployment.resources_of(DASHBOARD) == []


@every_stack
def test_the_body_has_the_documented_structure(args: dict[str, Any]) -> None:
    body = dashboard_of(deploy(args))
    assert set(body) <= {"end", "periodOverride", "start", "variables", "widgets"}
    assert body["periodOverride"] in ("auto", "inherit")
    assert 0 < len(body["widgets"]) <= MAX_WIDGETS
    for widget in body["widgets"]:
        kind, properties = widget["type"], widget["properties"]
        assert kind in TYPES
        assert set(widget) == {"type", "properties", *POSITION}
        assert REQUIRED[kind] <= set(properties) <= PROPERTIES[kind]
        assert properties["title"]
        for name, allowed in POSITION.items():
            assert isinstance(widget[name], int)
            assert widget[name] in allowed, widget
        if kind == "alarm":
            assert 0 < len(properties["alarms"]) <= MAX_ALARMS


@every_stack
def test_a_graph_has_the_documented_properties(args: dict[str, Any]) -> None:
    for widget in dashboard_of(deploy(args))["widgets"]:
        properties = widget["properties"]
        if widget["type"] == "metric":
            assert 0 < len(properties["metrics"]) <= MAX_METRICS
            assert properties["view"] in VIEWS
            assert properties["period"] % 60 == 0
            assert isinstance(properties["stacked"], bool)
            assert set(properties["yAxis"]) <= {"left", "right"}
            assert all(set(axis) <= AXIS for axis in properties["yAxis"].values())
            labels = [metric[-1]["label"] for metric in properties["metrics"]]
            assert len(labels) == len(set(labels)), properties["title"]
            for metric in properties["metrics"]:
                assert set(metric[-1]) <= RENDERING
                assert metric[-1]["stat"] in STATISTICS
                assert metric[-1].get("yAxis", "left") in properties["yAxis"]
                assert all(isinstance(text, str) for text in metric[:-1])
                assert len(metric) % 2 == 1, "namespace, name, pairs of a dimension, options"


@every_stack
def test_widgets_are_in_the_grid_on_one_page_and_do_not_overlap(args: dict[str, Any]) -> None:
    widgets = dashboard_of(deploy(args))["widgets"]
    cells: list[tuple[int, int]] = []
    for widget in widgets:
        columns = range(widget["x"], widget["x"] + widget["width"])
        rows = range(widget["y"], widget["y"] + widget["height"])
        assert columns.stop <= COLUMNS
        assert rows.stop <= PAGE_ROWS
        cells += itertools.product(columns, rows)
    assert len(cells) == len(set(cells))
    assert len(cells) == COLUMNS * max(widget["y"] + widget["height"] for widget in widgets), "there is no hole"


@every_stack
def test_its_metrics_are_published_ones_of_the_stacks_resources(args: dict[str, Any]) -> None:
    deployment = deploy(args)
    values = dimension_values(deployment)
    metrics = list(metrics_on(dashboard_of(deployment)))
    assert len(metrics) > 60
    for metric in metrics:
        assert frozenset(metric.dimensions) in PUBLISHED[metric.namespace][metric.name], metric
        for dimension, value in metric.dimensions.items():
            assert value in values[dimension], metric
    shown = {value for metric in metrics for value in metric.dimensions.values()}
    assert shown >= values["FunctionName"] | values["TableName"] | values["QueueName"]


@every_stack
def test_its_alarms_are_those_of_the_stack(args: dict[str, Any]) -> None:
    deployment = deploy(args)
    names = {alarm.inputs["name"] for alarm in deployment.resources_of(ALARM)}
    widgets = [widget for widget in dashboard_of(deployment)["widgets"] if widget["type"] == "alarm"]
    shown = {arn for widget in widgets for arn in widget["properties"]["alarms"]}
    place = f"arn:aws:cloudwatch:{Cloud.region}:{Cloud.account}:alarm"
    assert shown == {f"{place}:{name}" for name in names}
    assert len(widgets) == (1 if names else 0)


def test_downloads_are_shown_where_the_functions_count_them() -> None:
    for counted in (True, False):
        metrics = metrics_on(dashboard_of(deploy(ON | {"observability.metrics": counted})))
        names = {metric.name for metric in metrics if metric.namespace == NAMESPACE}
        assert names == (set(UNITS) - {"Replays", "Evictions", "PushesGivenUp"} if counted else set())


def test_failures_are_shown_by_each_fault() -> None:
    metrics = metrics_on(dashboard_of(deploy(ON)))
    assert {metric.dimensions["Fault"] for metric in metrics if "Fault" in metric.dimensions} == set(Fault)


@every_stack
def test_its_graphs_are_of_the_stacks_region(args: dict[str, Any]) -> None:
    widgets = dashboard_of(deploy(args, cloud=Cloud(region="eu-west-1")))["widgets"]
    assert {widget["properties"]["region"] for widget in widgets if widget["type"] == "metric"} == {"eu-west-1"}


def test_its_name_fits_whatever_the_prefix() -> None:
    name = deploy(ON | {"name_prefix": "p" * 128}).resource(DASHBOARD).inputs["dashboardName"]
    assert name == f"{'p' * 128}-dashboard"
