"""The dashboard of a stack: its alarms, downloads, functions, queue, APIs and tables on one page."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download import names
from async_download.monitoring import metrics
from async_download.monitoring.alarms import enabled_alarms
from async_download.monitoring.metrics import WORKFLOW_FUNCTIONS, Metric
from async_download.names import FunctionName, hyphenated
from async_download.resources import CONNECTIONS_TABLE, COPIES_TABLE, DOWNLOADS_TABLE, Resources
from async_download.scope import Scope

PART = "dashboard"
COLUMNS = 24  # of CloudWatch's grid
ALARM_ROWS = 4
ROWS = 5
PERIOD_SECONDS = 300

Document = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of a graph."""

    metric: Metric
    label: str
    right: bool = False
    """Whether its values are on the right axis."""


@dataclass(frozen=True)
class Graph:
    """A graph of some metrics over time."""

    title: str
    lines: tuple[Line, ...]
    left: str = "Count"
    """Label of the left axis."""
    right: str = ""
    stacked: bool = False


def create_dashboard(scope: Scope, resources: pulumi.Output[Resources]) -> None:
    """Create the dashboard, with `observability.dashboard`."""
    if not scope.settings.observability.dashboard:
        return
    aws.cloudwatch.Dashboard(
        scope.logical(PART),
        dashboard_name=names.physical(scope.settings.name_prefix, PART, names.MONITORING_LIMIT),
        dashboard_body=resources.apply(lambda resources: json.dumps(body(resources))),
        opts=scope.options(delete_before_replace=True),
    )


def body(resources: Resources) -> Document:
    """Return the definition of the dashboard."""
    return {"start": "-PT12H", "periodOverride": "auto", "widgets": list(_widgets(resources))}


def graphs(resources: Resources) -> list[tuple[Graph, ...]]:
    """Return the graphs in rows."""
    counted = resources.settings.observability.metrics
    return [
        *([(_downloads(resources), _failures(resources), _seconds(resources), _bytes(resources))] if counted else []),
        (_executions(resources), _execution_time(resources)),
        tuple(_of_functions(resources)),
        (_queue(resources), _rest_api(resources), _websocket_api(resources), _tables(resources)),
    ]


def _widgets(resources: Resources) -> Iterator[Document]:
    y = 0
    alarms = [resources.alarm(alarm.part).arn for alarm in enabled_alarms(resources.settings.observability.alarms)]
    if alarms:
        yield _widget("alarm", 0, 0, COLUMNS, ALARM_ROWS, {"title": "Alarms", "alarms": alarms})
        y += ALARM_ROWS
    for row in graphs(resources):
        width = COLUMNS // len(row)
        for number, graph in enumerate(row):
            yield _widget("metric", number * width, y, width, ROWS, _properties(graph, resources.region))
        y += ROWS


def _widget(kind: str, x: int, y: int, width: int, height: int, properties: Document) -> Document:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties}


def _properties(graph: Graph, region: str) -> Document:
    axes = {"left": {"label": graph.left, "min": 0, "showUnits": False}}
    if graph.right:
        axes["right"] = {"label": graph.right, "min": 0, "showUnits": False}
    return {
        "title": graph.title,
        "region": region,
        "view": "timeSeries",
        "stacked": graph.stacked,
        "period": PERIOD_SECONDS,
        "yAxis": axes,
        "metrics": [_line(line) for line in graph.lines],
    }


def _line(line: Line) -> list[object]:
    metric, options = line.metric, {"label": line.label, "stat": line.metric.statistic}
    dimensions = [text for dimension in metric.dimensions.items() for text in dimension]
    return [metric.namespace, metric.name, *dimensions, options | ({"yAxis": "right"} if line.right else {})]


def _lines(measured: Iterable[Metric], labels: Sequence[str]) -> tuple[Line, ...]:
    return tuple(Line(metric, label) for metric, label in zip(measured, labels, strict=True))


def _downloads(resources: Resources) -> Graph:
    labels = ("requested", "ready", "failed", "cancelled")
    measured = [metrics.of_downloads(resources, f"Downloads{label.capitalize()}") for label in labels]
    return Graph("Downloads", _lines(measured, labels))


def _failures(resources: Resources) -> Graph:
    labels = {"internal": "this stack", "service": "AWS", "origin": "origin", "client": "caller"}
    measured = [metrics.of_downloads(resources, "DownloadsFailed", fault=fault) for fault in labels]
    return Graph("Failed downloads by fault", _lines(measured, list(labels.values())), stacked=True)


def _seconds(resources: Resources) -> Graph:
    measured = {
        "first byte, 90 %": ("SecondsToFirstByte", "p90"),
        "READY, half": ("SecondsToReady", "p50"),
        "READY, 90 %": ("SecondsToReady", "p90"),
        "push, 90 %": ("SecondsToPush", "p90"),
    }
    lines = [metrics.of_downloads(resources, name, statistic) for name, statistic in measured.values()]
    return Graph("Time to READY and push", _lines(lines, list(measured)), "Seconds")


def _bytes(resources: Resources) -> Graph:
    return Graph("Copied bytes", _lines([metrics.of_downloads(resources, "CopiedBytes")], ["bytes"]), "Bytes")


def _executions(resources: Resources) -> Graph:
    labels = {
        "Started": "started",
        "Succeeded": "succeeded",
        "Failed": "failed",
        "TimedOut": "timed out",
        "Aborted": "stopped",
    }
    measured = [metrics.of_executions(resources.transfer_machine, f"Executions{name}") for name in labels]
    return Graph("Executions", _lines(measured, list(labels.values())))


def _execution_time(resources: Resources) -> Graph:
    statistics = ("p50", "p90", "Maximum")
    machine = resources.transfer_machine
    measured = [metrics.of_executions(machine, "ExecutionTime", statistic) for statistic in statistics]
    return Graph("Duration of executions", _lines(measured, ("half", "90 %", "slowest")), "Milliseconds")


def _of_functions(resources: Resources) -> Iterator[Graph]:
    functions: list[FunctionName] = [*metrics.api_functions(resources.settings), *WORKFLOW_FUNCTIONS]
    labels = [hyphenated(function) for function in functions]
    for title, name, statistic, unit in (
        ("Functions: concurrency", "ConcurrentExecutions", "Maximum", "Count"),
        ("Functions: throttled calls", "Throttles", "Sum", "Count"),
        ("Functions: errors", "Errors", "Sum", "Count"),
        ("Functions: duration, 90 %", "Duration", "p90", "Milliseconds"),
    ):
        yield Graph(title, _lines(metrics.of_functions(resources, functions, name, statistic), labels), unit)


def _queue(resources: Resources) -> Graph:
    lines = (
        Line(metrics.of_queue(resources, "ApproximateNumberOfMessagesVisible"), "messages"),
        Line(metrics.of_queue(resources, "ApproximateAgeOfOldestMessage"), "age of the oldest", right=True),
    )
    return Graph("Dead-letter queue", lines, right="Seconds")


def _rest_api(resources: Resources) -> Graph:
    labels = {"Count": "requests", "4XXError": "4xx", "5XXError": "5xx"}
    measured = [metrics.of_rest_stage(resources, name) for name in labels]
    latency = Line(metrics.of_rest_stage(resources, "Latency", "p90"), "latency, 90 %", right=True)
    return Graph("REST API", (*_lines(measured, list(labels.values())), latency), right="Milliseconds")


def _websocket_api(resources: Resources) -> Graph:
    labels = {
        "ConnectCount": "connections",
        "MessageCount": "messages",
        "ExecutionError": "calls that failed",
        "IntegrationError": "refused or failed",
    }
    measured = [metrics.of_socket_stage(resources, name) for name in labels]
    return Graph("WebSocket API", _lines(measured, list(labels.values())))


def _tables(resources: Resources) -> Graph:
    tables = (DOWNLOADS_TABLE, CONNECTIONS_TABLE, COPIES_TABLE)
    lines: list[Line] = []
    for name, verb in (("ReadThrottleEvents", "reads"), ("WriteThrottleEvents", "writes")):
        measured = metrics.of_tables(resources, name)
        lines += _lines(measured, [f"{table}: {verb}" for table in tables[: len(measured)]])
    return Graph("Tables: throttled requests", tuple(lines))
