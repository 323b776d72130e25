"""Metrics that alarms and the dashboard of a deployment read, and the resources that they belong to."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from runtime.errors import Fault
from runtime.metrics import STACK_VARIABLE
from tests.components.support.harness import Cloud, Deployment

TOPIC = "arn:aws:sns:eu-west-1:123456789012:operators"
ALARM = "cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "cloudwatch/dashboard:Dashboard"


class Alarm(Protocol):
    """An alarm as an engine registered it."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Return its inputs."""


class Metric(NamedTuple):
    """A metric that is read."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str


def metrics_of(alarm: Alarm) -> list[Metric]:
    """Return the metrics that an alarm watches."""
    inputs = alarm.inputs
    queries = [query["metric"] | {"statistic": query["metric"]["stat"]} for query in queries_of(alarm)]
    return [
        Metric(item["namespace"], item["metricName"], item["dimensions"], item["statistic"])
        for item in (queries or [inputs])
    ]


def queries_of(alarm: Alarm) -> list[dict[str, Any]]:
    """Return the queries of an alarm that read a metric."""
    return [query for query in alarm.inputs.get("metricQueries", []) if "metric" in query]


def expression_of(alarm: Alarm) -> dict[str, Any] | None:
    """Return the query that computes the value of an alarm on several metrics."""
    expressions = [query for query in alarm.inputs.get("metricQueries", []) if "expression" in query]
    return expressions[0] if expressions else None


def metrics_on(dashboard: Mapping[str, Any]) -> Iterator[Metric]:
    """Yield the metrics of all graphs of a dashboard."""
    for widget in dashboard["widgets"]:
        for namespace, name, *rest in widget["properties"].get("metrics", ()):
            *texts, options = rest
            dimensions = {texts[at]: texts[at + 1] for at in range(0, len(texts), 2)}
            yield Metric(namespace, name, dimensions, options["stat"])


def dimension_values(deployment: Deployment) -> dict[str, set[str]]:
    """Return dimension -> values, from the names, ids and ARNs of the registered resources."""

    def inputs(kind: str, key: str = "name") -> set[str]:
        return {str(item.inputs[key]) for item in deployment.resources_of(kind)}

    machine = "sfn/stateMachine:StateMachine"
    stages = [deployment.resource("apigateway/stage:Stage"), deployment.resource("apigatewayv2/stage:Stage")]
    return {
        "FunctionName": inputs("lambda/function:Function"),
        "QueueName": inputs("sqs/queue:Queue"),
        "StateMachineArn": {Cloud().arn(f"aws:{machine}", name) for name in inputs(machine)},
        "ApiName": inputs("apigateway/restApi:RestApi"),
        "ApiId": {stages[1].inputs["apiId"]},
        "Stage": {stages[0].inputs["stageName"], stages[1].inputs["name"]},
        "TableName": inputs("dynamodb/table:Table"),
        "RuleName": inputs("cloudwatch/eventRule:EventRule"),
        "Stack": {
            item.inputs["environment"]["variables"].get(STACK_VARIABLE, "")
            for item in deployment.resources_of("lambda/function:Function")
        },
        "Fault": set(Fault),
    }


def watched(deployment: Deployment, name: str) -> set[str]:
    """Return the values of the dimension by which alarms watch a metric."""
    metrics = itertools.chain.from_iterable(map(metrics_of, deployment.resources_of(ALARM)))
    return {value for metric in metrics if metric.name == name for value in metric.dimensions.values()}
