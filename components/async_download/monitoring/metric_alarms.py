"""The alarms as resources of CloudWatch."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download import names
from async_download.monitoring.alarms import Alarm, enabled_alarms
from async_download.monitoring.metrics import Metric
from async_download.resources import Resources
from async_download.scope import Scope
from async_download.settings.checks import InvalidSetting


def create_alarms(scope: Scope, resources: pulumi.Output[Resources]) -> None:
    """Create the alarms whose threshold is not 0; none without `observability.alarms.topic_arn`."""
    settings = scope.settings.observability.alarms
    if settings.topic_arn is None:
        return
    topic = pulumi.Output.all(topic=settings.topic_arn, resources=resources).apply(
        lambda values: check_topic(values["topic"], values["resources"])
    )
    for alarm in enabled_alarms(settings):
        _create(scope, resources, alarm, topic)


def check_topic(topic: str, resources: Resources) -> str:
    """Return the topic.

    Raises:
        InvalidSetting: It is in another region, whose topics alarms do not reach.
    """
    if topic.split(":")[3] != resources.region:
        allowed = f"a topic in {resources.region}, the region of the stack; its subscriptions may be anywhere"
        raise InvalidSetting("observability.alarms.topic_arn", topic, allowed)
    return topic


def _create(scope: Scope, resources: pulumi.Output[Resources], alarm: Alarm, topic: pulumi.Output[str]) -> None:
    settings, evaluation = scope.settings, alarm.evaluation
    aws.cloudwatch.MetricAlarm(
        scope.logical(alarm.part),
        name=names.physical(settings.name_prefix, alarm.part, names.MONITORING_LIMIT),
        alarm_description=alarm.description,
        alarm_actions=[topic],
        ok_actions=[topic],
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=alarm.threshold(settings.observability.alarms),
        evaluation_periods=evaluation.periods,
        datapoints_to_alarm=evaluation.datapoints,
        treat_missing_data=alarm.missing_data,
        **(_expression(resources, alarm) if alarm.expression else _single_metric(resources, alarm)),
        tags=scope.tags,
        opts=scope.options(delete_before_replace=True),
    )


def _single_metric(resources: pulumi.Output[Resources], alarm: Alarm) -> dict[str, Any]:
    metric = resources.apply(lambda resources: alarm.metrics(resources)[0])
    return {
        "namespace": metric.apply(lambda metric: metric.namespace),
        "metric_name": metric.apply(lambda metric: metric.name),
        "dimensions": metric.apply(lambda metric: dict(metric.dimensions)),
        "statistic": metric.apply(lambda metric: metric.statistic),
        "period": alarm.evaluation.seconds,
    }


def _expression(resources: pulumi.Output[Resources], alarm: Alarm) -> dict[str, Any]:
    return {"metric_queries": resources.apply(lambda resources: metric_queries(alarm, alarm.metrics(resources)))}


def metric_queries(alarm: Alarm, metrics: Sequence[Metric]) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgsDict]:
    """Return the queries `m1`, `m2` and so on for the metrics of an alarm, and the expression over them."""
    queries: list[aws.cloudwatch.MetricAlarmMetricQueryArgsDict] = [
        {
            "id": f"m{number}",
            "metric": {
                "namespace": metric.namespace,
                "metric_name": metric.name,
                "dimensions": dict(metric.dimensions),
                "period": alarm.evaluation.seconds,
                "stat": metric.statistic,
            },
        }
        for number, metric in enumerate(metrics, 1)
    ]
    return [*queries, {"id": "result", "expression": alarm.expression, "label": alarm.name, "return_data": True}]
