"""Faults of a stack on the emulator reach what its alarms watch, by the dimensions that the alarms name.

The emulator sends metrics of Lambda. What SQS and Step Functions would send is read from their resources. That AWS has
the metrics shows tests/components/monitoring.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from integration_tests.support.alarm_topic import AlarmTopic, alarm_topic
from integration_tests.support.clouds import Cloud, emulated
from integration_tests.support.records import log_lines
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import wait_for
from local_provider.monitor import Registration
from localcloud.emulator import Emulator
from localcloud.origin import Origin
from localcloud.program import deploy
from localcloud.stack import LOCAL_CONFIG
from runtime.metrics import NAMESPACE
from tests.components.support.monitored import ALARM, DASHBOARD, Metric, metrics_of, metrics_on
from tests.runtime.support import emf

SECONDS = 60.0  # a busy machine needs seconds to start each function
FILES = "files"


class Monitored(NamedTuple):
    """A deployed stack with alarms and a dashboard."""

    cloud: Cloud
    stack: Stack
    resources: list[Registration]
    topic: AlarmTopic

    def resource(self, name: str) -> Registration:
        """Return a resource by its name without that of the component."""
        return next(resource for resource in self.resources if resource.name == f"files-{name}")

    def alarm(self, name: str) -> Registration:
        """Return an alarm by its name."""
        return self.resource(f"alarm-{name}")

    def metric(self, alarm: str, part: str = "") -> Metric:
        """Return the metric of an alarm whose dimension ends with a part of the stack."""
        return next(
            metric
            for metric in metrics_of(self.alarm(alarm))
            if any(value.endswith(part) for value in metric.dimensions.values())
        )

    def value_of(self, metric: Metric) -> float:
        """Return the statistic of a metric since the stack was deployed, 0 without data."""
        dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions.items()]
        stat = {
            "Metric": {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions},
            "Period": 3600,
            "Stat": metric.statistic,
        }
        now = datetime.now(UTC)
        answer = self.cloud.client("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "m1", "MetricStat": stat}],
            StartTime=now - timedelta(hours=2),
            EndTime=now + timedelta(hours=1),
        )
        return float(sum(answer["MetricDataResults"][0]["Values"]))


@pytest.fixture(scope="module")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitored]:
    """A stack with alarms and a dashboard on an emulator of its own."""
    log: Path = tmp_path_factory.mktemp("cloud") / "emulator.log"
    with Origin() as origin, Emulator(log_path=log, env={"SFN_WAIT_SCALE": "0.1"}) as emulator:
        cloud = emulated(emulator)
        with alarm_topic(cloud) as topic:
            config: dict[str, object] = {
                **LOCAL_CONFIG,
                "origins": {FILES: {"baseUrl": origin.base_url, "allowHttp": True}},
                "observability.alarms.topicArn": topic.arn,
                "observability.dashboard": True,
            }
            deployment = deploy(emulator, stack="monitored", config=config)
            yield Monitored(cloud, Stack(cloud, deployment.outputs, origin=FILES), deployment.resources, topic)
            deployment.destroy()
            client = cloud.client("cloudwatch")
            assert client.describe_alarms()["MetricAlarms"] == []
            assert client.list_dashboards()["DashboardEntries"] == []


def exists(cloud: Cloud, dimension: str, value: str, metric: Metric) -> bool:
    """Return whether the resource of a dimension exists, by an API of AWS."""
    match dimension:
        case "FunctionName":
            return bool(cloud.client("lambda").get_function_configuration(FunctionName=value)["FunctionName"] == value)
        case "QueueName":
            return bool(cloud.client("sqs").get_queue_url(QueueName=value)["QueueUrl"])
        case "StateMachineArn":
            machine = cloud.client("stepfunctions").describe_state_machine(stateMachineArn=value)
            return bool(machine["stateMachineArn"] == value)
        case "TableName":
            return bool(cloud.client("dynamodb").describe_table(TableName=value)["Table"]["TableName"] == value)
        case "RuleName":
            return bool(cloud.client("events").describe_rule(Name=value)["Name"] == value)
        case "ApiName":
            return value in [api["name"] for api in cloud.client("apigateway").get_rest_apis()["items"]]
        case "ApiId":
            return bool(cloud.client("apigatewayv2").get_api(ApiId=value)["ApiId"] == value)
        case "Stage" if "ApiId" in metric.dimensions:
            stage = cloud.client("apigatewayv2").get_stage(ApiId=metric.dimensions["ApiId"], StageName=value)
            return bool(stage["StageName"] == value)
        case "Stage":
            apis = {api["name"]: api["id"] for api in cloud.client("apigateway").get_rest_apis()["items"]}
            api = apis[metric.dimensions["ApiName"]]
            return bool(cloud.client("apigateway").get_stage(restApiId=api, stageName=value)["stageName"] == value)
    raise AssertionError(f"{dimension} is not known to this test")


def test_every_dimension_of_alarms_and_dashboard_is_a_resource_that_exists(monitored: Monitored) -> None:
    alarms = [resource for resource in monitored.resources if resource.type == f"aws:{ALARM}"]
    (dashboard,) = [resource for resource in monitored.resources if resource.type == f"aws:{DASHBOARD}"]
    metrics = [metric for alarm in alarms for metric in metrics_of(alarm)]
    metrics += metrics_on(json.loads(dashboard.inputs["dashboardBody"]))
    metrics = [metric for metric in metrics if metric.namespace != NAMESPACE]  # those of the runtime have a test below
    pairs = {(dimension, value): metric for metric in metrics for dimension, value in metric.dimensions.items()}
    assert len(pairs) > 20
    missing = [pair for pair, metric in pairs.items() if not exists(monitored.cloud, *pair, metric)]
    assert missing == []


def test_the_alarms_that_the_dashboard_shows_exist(monitored: Monitored) -> None:
    body = json.loads(monitored.resource("dashboard").inputs["dashboardBody"])
    shown = {arn for widget in body["widgets"] for arn in widget["properties"].get("alarms", ())}
    described = monitored.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert shown == {alarm["AlarmArn"] for alarm in described}
    assert len(shown) > 10


def invoke(monitored: Monitored, function: str, **options: Any) -> dict[str, Any]:
    """Invoke a function with a payload that it cannot use."""
    name = monitored.stack.outputs["functionNames"][function]
    answer: dict[str, Any] = monitored.cloud.client("lambda").invoke(FunctionName=name, Payload=b"{}", **options)
    return answer


def test_a_task_that_fails_counts_in_its_alarm(monitored: Monitored) -> None:
    metric = monitored.metric("workflow-errors", "-close")
    before = monitored.value_of(metric)
    assert "FunctionError" in invoke(monitored, "close")
    assert monitored.value_of(metric) == before + 1


def test_a_function_of_an_api_that_crashes_counts_in_its_alarm(monitored: Monitored) -> None:
    """Its other errors are answers with 500, which count as 5XXError of the REST API."""
    metric = monitored.metric("api-errors", "-get-download")
    functions, name = monitored.cloud.client("lambda"), metric.dimensions["FunctionName"]
    handler = functions.get_function_configuration(FunctionName=name)["Handler"]
    functions.update_function_configuration(FunctionName=name, Handler="missing.handler")
    try:
        assert "FunctionError" in invoke(monitored, "get_download")
    finally:
        functions.update_function_configuration(FunctionName=name, Handler=handler)
    assert monitored.value_of(metric) == 1


def test_a_throttled_function_counts_in_its_alarm(monitored: Monitored) -> None:
    metric = monitored.metric("workflow-throttles", "-complete")
    functions, name = monitored.cloud.client("lambda"), metric.dimensions["FunctionName"]
    assert monitored.value_of(metric) == 0
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        with pytest.raises(functions.exceptions.TooManyRequestsException):
            invoke(monitored, "complete")
    finally:
        functions.delete_function_concurrency(FunctionName=name)
    assert monitored.value_of(metric) >= 1


def queue_attributes(monitored: Monitored) -> dict[str, str]:
    """Return the attributes of the queue that the alarm on dead letters names."""
    sqs, name = monitored.cloud.client("sqs"), monitored.metric("dead-letters").dimensions["QueueName"]
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    attributes: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return attributes


def publish(monitored: Monitored, metric: Metric, value: float) -> None:
    """Send a value of a metric, as SQS does on AWS."""
    dimensions = [{"Name": name, "Value": text} for name, text in metric.dimensions.items()]
    datum = {"MetricName": metric.name, "Dimensions": dimensions, "Value": value}
    monitored.cloud.client("cloudwatch").put_metric_data(Namespace=metric.namespace, MetricData=[datum])


def test_a_dead_letter_raises_its_alarm_and_the_topic_gets_alarm_and_ok(monitored: Monitored) -> None:
    metric, name = monitored.metric("dead-letters"), monitored.alarm("dead-letters").inputs["name"]
    key = "ApproximateNumberOfMessages"  # the attribute that SQS sends as the metric
    assert queue_attributes(monitored)[key] == "0"
    assert invoke(monitored, "deliver", InvocationType="Event")["StatusCode"] == 202
    attributes = wait_for(lambda: queue_attributes(monitored), SECONDS, until=lambda read: read[key] == "1")
    assert monitored.topic.states_of(name) == []
    publish(monitored, metric, float(attributes[key]))
    monitored.topic.wait_for_states(name, ["ALARM"], SECONDS)
    monitored.cloud.client("sqs").purge_queue(QueueUrl=monitored.stack.outputs["deadLetterQueueUrl"])
    client = monitored.cloud.client("cloudwatch")
    client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="The queue is empty.")
    monitored.topic.wait_for_states(name, ["ALARM", "OK"], SECONDS)


def test_failed_and_succeeded_downloads_are_executions_of_the_machine_that_alarms_name(monitored: Monitored) -> None:
    failed = monitored.stack.client.request(unique_path("1", "status=404"))
    succeeded = monitored.stack.client.request(unique_path("1"))
    assert monitored.stack.operator.wait_until_ended(failed) == "FAILED"
    assert monitored.stack.operator.wait_until_ended(succeeded) == "SUCCEEDED"
    machine = monitored.metric("failed-executions").dimensions["StateMachineArn"]
    assert machine == monitored.metric("timed-out-executions").dimensions["StateMachineArn"]
    client = monitored.cloud.client("stepfunctions")
    for download, status in ((failed, "FAILED"), (succeeded, "SUCCEEDED")):
        executions = client.list_executions(stateMachineArn=machine, statusFilter=status)["executions"]
        assert download.execution_arn in [execution["executionArn"] for execution in executions]


def counted(monitored: Monitored, metric: Metric, download: Download) -> float:
    """Return the sum of a metric in the log lines about a download, as CloudWatch Logs reads them."""
    total = 0.0
    for text in (text for _, text in log_lines(monitored.stack) if download.id in text and "_aws" in text):
        line = json.loads(text)
        emf.check(line)
        for directive in line["_aws"]["CloudWatchMetrics"]:
            names = [entry["Name"] for entry in directive["Metrics"]]
            groups = [{name: line[name] for name in group} for group in directive["Dimensions"]]
            if directive["Namespace"] == metric.namespace and metric.name in names and metric.dimensions in groups:
                total += line[metric.name]
    return total


def test_a_failure_of_ours_counts_in_its_alarm_and_that_of_a_caller_does_not(monitored: Monitored) -> None:
    """A download that an operator stops is a failure of the stack; a 404 of the origin is one of the caller."""
    metrics = metrics_of(monitored.alarm("failed-downloads"))
    assert {metric.dimensions["Fault"] for metric in metrics} == {"internal", "service"}
    stopped = monitored.stack.client.request(unique_path("1", "first_byte=60"))
    wait_for(lambda: monitored.stack.client.status(stopped).body["status"] == "COPYING", SECONDS)
    monitored.cloud.client("stepfunctions").stop_execution(executionArn=stopped.execution_arn)
    wait_for(lambda: [counted(monitored, metric, stopped) for metric in metrics], SECONDS, until=lambda sums: any(sums))
    assert sum(counted(monitored, metric, stopped) for metric in metrics) == 1

    absent = monitored.stack.client.request(unique_path("1", "status=404"))
    assert monitored.stack.operator.wait_until_ended(absent) == "FAILED"
    of_caller = Metric(NAMESPACE, "DownloadsFailed", {**metrics[0].dimensions, "Fault": "client"}, "Sum")
    wait_for(lambda: counted(monitored, of_caller, absent), SECONDS, until=lambda count: count == 1)
    assert [counted(monitored, metric, absent) for metric in metrics] == [0, 0]
