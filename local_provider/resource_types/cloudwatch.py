"""CloudWatch: alarms and dashboards."""

from collections.abc import Mapping
from typing import Any

from local_provider.resource_type import Properties, put
from local_provider.values import Plain


def _alarm_metrics(inputs: Properties) -> Properties:
    """Return dimensions and metric queries in CloudWatch's form."""
    prepared: dict[str, Plain] = {}
    if "dimensions" in inputs:
        prepared["dimensions"] = _dimensions(inputs["dimensions"])
    if "metricQueries" in inputs:
        prepared["metricQueries"] = [_query(query) for query in inputs["metricQueries"]]
    return prepared


def _dimensions(dimensions: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in sorted((dimensions or {}).items())]


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a query with `metricStat` in place of `metric`, and `returnData`, which CloudWatch has true by default."""
    converted = {"returnData": False, **{name: value for name, value in query.items() if name != "metric"}}
    if metric := query.get("metric"):
        place = {"namespace": metric.get("namespace"), "metricName": metric["metricName"]}
        place["dimensions"] = _dimensions(metric.get("dimensions"))
        converted["metricStat"] = {"metric": place, "period": metric["period"], "stat": metric["stat"]}
    return converted


RESOURCE_TYPES = (
    put(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        """name! alarmActions alarmDescription comparisonOperator datapointsToAlarm dimensions evaluationPeriods
            metricName namespace okActions period statistic tags threshold treatMissingData""",
        read="DescribeAlarms",
        delete="DeleteAlarms",
        inert={"metricQueries": "the emulator computes no expressions"},
        names={"AlarmNames": "name", "Dimensions": "dimensions", "Metrics": "metricQueries"},
        outputs={"arn": "{AlarmArn}"},
        name_limit=255,
        described_by="MetricAlarms[0]",
        details={"dimensions": ("", "Dimensions[].{key: Name, value: Value}")},
        prepare=_alarm_metrics,
    ),
    put(
        "aws:cloudwatch/dashboard:Dashboard",
        "dashboardName! dashboardBody",
        read="GetDashboard",
        delete="DeleteDashboards",
        names={"DashboardNames": "dashboardName"},
        outputs={"dashboardArn": "{DashboardArn}"},
        named_by="dashboardName",
        name_limit=255,
    ),
)
