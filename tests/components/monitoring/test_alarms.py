"""Alarms watch metrics that AWS publishes, of the resources of the stack, and each has a row in the documentation."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from fnmatch import fnmatchcase
from typing import Any

import pulumi
import pytest
from async_download.monitoring.alarms import ALARMS, FAILED_PERCENT, MIN_EXECUTIONS
from async_download.settings.alarms import COUNTED, Alarms
from botocore.session import get_session
from botocore.validate import validate_parameters

from local_provider.parameters import to_parameters
from local_provider.resource_types import RESOURCE_TYPES
from runtime.errors import Fault
from runtime.metrics import NAMESPACE
from tests.components.support.cloudformation import Document, findings
from tests.components.support.declarations import NUMBERS
from tests.components.support.harness import Deployment, RegisteredResource, deploy
from tests.components.support.monitored import (
    ALARM,
    TOPIC,
    dimension_values,
    expression_of,
    metrics_of,
    queries_of,
    watched,
)
from tests.components.support.published_metrics import PUBLISHED
from tests.components.support.variants import EXISTING_API, NON_DEFAULT
from tools.readme_tables import TOP

ON: dict[str, Any] = {"observability.alarms.topic_arn": TOPIC}
STACKS: dict[str, dict[str, Any]] = {
    "default": ON,
    "with a web page and reuse": ON | {"api.web_page": True, "auth.type": "none", "copying.reuse_seconds": 600},
    "in an existing API": ON | EXISTING_API | {"auth.type": "none", "observability.alarms.topic_arn": TOPIC},
    "with every setting": NON_DEFAULT,
}
THRESHOLDS = [field.name for field in fields(Alarms) if field.name != "topic_arn"]
MAX_METRICS = 10  # of an alarm
MAX_SECONDS = 86_400  # that an alarm may look back, with periods below an hour
PAGE = (TOP / "docs" / "operations.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r'^\| <a id="(alarm-[a-z0-9-]+)"></a>`\1` \|(.+)\|$', PAGE, re.MULTILINE))

every_stack = pytest.mark.parametrize("args", STACKS.values(), ids=STACKS)


def alarms_of(args: dict[str, Any]) -> list[RegisteredResource]:
    return deploy(args).resources_of(ALARM)


def by_name(deployment: Deployment) -> dict[str, RegisteredResource]:
    return {item.name.removeprefix("files-alarm-"): item for item in deployment.resources_of(ALARM)}


def test_there_are_no_alarms_without_a_topic(deployment: Deployment) -> None:
    assert deployment.resources_of(ALARM) == []
    assert alarms_of({"observability.alarms.dead_letters": 5}) == []


@every_stack
def test_every_metric_is_one_that_aws_publishes_with_these_dimensions(args: dict[str, Any]) -> None:
    metrics = [metric for alarm in alarms_of(args) for metric in metrics_of(alarm)]
    assert len(metrics) > 40
    for metric in metrics:
        assert frozenset(metric.dimensions) in PUBLISHED[metric.namespace][metric.name], metric


@pytest.mark.parametrize(
    ("namespace", "name", "dimensions"),
    [
        ("AWS/DynamoDB", "ThrottledRequests", {"TableName"}),
        ("AWS/ApiGateway", "5XXError", {"ApiId", "Stage"}),
        ("AWS/ApiGateway", "ExecutionError", {"ApiName", "Stage"}),
    ],
)
def test_a_metric_with_dimensions_that_it_has_not_would_be_found(
    namespace: str, name: str, dimensions: set[str]
) -> None:
    assert frozenset(dimensions) not in PUBLISHED[namespace][name]


@every_stack
def test_every_dimension_is_the_name_of_a_resource_of_the_stack(args: dict[str, Any]) -> None:
    deployment = deploy(args)
    values = dimension_values(deployment)
    for alarm in deployment.resources_of(ALARM):
        for metric in metrics_of(alarm):
            for dimension, value in metric.dimensions.items():
                assert value in values[dimension], f"{alarm.name}: {dimension} {value}"


@every_stack
def test_every_function_table_rule_and_machine_is_watched(args: dict[str, Any]) -> None:
    deployment = deploy(args)
    values = dimension_values(deployment)
    assert watched(deployment, "Errors") == watched(deployment, "Throttles") == values["FunctionName"]
    asynchronous = deployment.resources_of("lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
    assert watched(deployment, "AsyncEventsDropped") == {item.inputs["functionName"] for item in asynchronous}
    assert watched(deployment, "ReadThrottleEvents") == watched(deployment, "WriteThrottleEvents")
    assert watched(deployment, "WriteThrottleEvents") == values["TableName"]
    assert watched(deployment, "FailedInvocations") == values["RuleName"]
    assert watched(deployment, "ExecutionsTimedOut") == values["StateMachineArn"]
    assert watched(deployment, "ExecutionsFailed") == values["StateMachineArn"]
    targets = deployment.resources_of("cloudwatch/eventTarget:EventTarget")
    with_queue = {item.inputs["rule"] for item in targets if "deadLetterConfig" in item.inputs}
    assert watched(deployment, "InvocationsFailedToBeSentToDlq") == with_queue


@every_stack
def test_cloudwatch_accepts_every_alarm(args: dict[str, Any]) -> None:
    """By botocore's model, and by the limits that the documentation of PutMetricAlarm has beside it."""
    kind = RESOURCE_TYPES[f"aws:{ALARM}"]
    assert kind.prepare is not None
    shape = get_session().get_service_model("cloudwatch").operation_model("PutMetricAlarm").input_shape
    for alarm in alarms_of(args):
        inputs = whole(alarm.inputs)
        parameters = to_parameters(kind, kind.create, shape, {**inputs, **kind.prepare(inputs)})
        validate_parameters(parameters, shape)
        assert ("Metrics" in parameters) != ("MetricName" in parameters), alarm.name
        assert len(queries_of(alarm)) <= MAX_METRICS, alarm.name
        ids = [query["Id"] for query in parameters.get("Metrics", [])]
        assert len(ids) == len(set(ids)), alarm.name
        period = inputs.get("period") or queries_of(alarm)[0]["metric"]["period"]
        assert period % 60 == 0
        assert period * inputs["evaluationPeriods"] <= MAX_SECONDS
        assert 1 <= inputs["datapointsToAlarm"] <= inputs["evaluationPeriods"]
        assert inputs["treatMissingData"] in ("breaching", "notBreaching", "ignore", "missing")


def whole(value: Any) -> Any:
    """Return the value with whole numbers as integers: the wire format has only floats."""
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@every_stack
def test_an_expression_names_its_metrics_and_alone_returns_data(args: dict[str, Any]) -> None:
    for alarm in alarms_of(args):
        if (expression := expression_of(alarm)) is not None:
            metrics = {query["id"] for query in queries_of(alarm)}
            named = set(re.findall(r"\bm\d+\b", expression["expression"]))
            assert named == metrics or (not named and "METRICS()" in expression["expression"]), alarm.name
            assert [query["id"] for query in alarm.inputs["metricQueries"] if query.get("returnData")] == ["result"]
            assert len({query["metric"]["period"] for query in queries_of(alarm)}) == 1


@every_stack
def test_missing_data_is_no_alarm_and_an_idle_queue_keeps_the_state(args: dict[str, Any]) -> None:
    """SQS stops sending the number of messages for an idle queue, and the age for an empty one."""
    for alarm in alarms_of(args):
        keeps = metrics_of(alarm)[0].name == "ApproximateNumberOfMessagesVisible"
        assert alarm.inputs["treatMissingData"] == ("ignore" if keeps else "notBreaching"), alarm.name


@every_stack
def test_missing_data_of_several_metrics_is_filled(args: dict[str, Any]) -> None:
    """Without data an alarm on metrics of DynamoDB keeps its state, whatever it says about missing data.

    A metric that comes late is 0 until then, so that an alarm on the last period alone might never see it.
    """
    for alarm in alarms_of(args):
        expression = expression_of(alarm)
        assert expression is not None or metrics_of(alarm)[0].namespace != "AWS/DynamoDB"
        if expression is not None:
            assert "FILL(" in expression["expression"], alarm.name
            period = queries_of(alarm)[0]["metric"]["period"]
            assert alarm.inputs["datapointsToAlarm"] < alarm.inputs["evaluationPeriods"] or period == 3600, alarm.name


@every_stack
def test_counts_are_summed_and_levels_are_maxima(args: dict[str, Any]) -> None:
    for alarm in alarms_of(args):
        for metric in metrics_of(alarm):
            assert metric.statistic == ("Maximum" if metric.namespace == "AWS/SQS" else "Sum"), metric


def test_the_topic_gets_alarm_and_ok_and_nothing_else() -> None:
    for alarm in alarms_of(ON):
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == [TOPIC]
        assert "insufficientDataActions" not in alarm.inputs
        assert alarm.inputs["comparisonOperator"] == "GreaterThanOrEqualToThreshold"


def thresholds_of(args: dict[str, int]) -> dict[str, float]:
    alarms = by_name(deploy(ON | {f"observability.alarms.{setting}": value for setting, value in args.items()}))
    return {name: alarm.inputs["threshold"] for name, alarm in alarms.items()}


@pytest.fixture(scope="module")
def numbered_alarms() -> tuple[dict[str, float], list[dict[str, float]]]:
    """Return the thresholds of stacks whose settings together tell which setting an alarm has.

    In the first, each setting has a number of its own. In each of the others, settings with a certain bit set in
    their position, counted from 1, are 0.
    """
    positions = {setting: position for position, setting in enumerate(THRESHOLDS, 1)}
    higher = {
        setting: NUMBERS[f"observability.alarms.{setting}"][2] - position for setting, position in positions.items()
    }
    off = [
        {setting: 0 for setting, position in positions.items() if position >> bit & 1}
        for bit in range(len(THRESHOLDS).bit_length())
    ]
    return thresholds_of(higher), [thresholds_of(args) for args in off]


@pytest.mark.parametrize("setting", THRESHOLDS)
def test_a_threshold_can_be_changed_and_0_is_no_alarm(
    setting: str, numbered_alarms: tuple[dict[str, float], list[dict[str, float]]]
) -> None:
    usual, (higher, off) = thresholds_of({}), numbered_alarms
    position = THRESHOLDS.index(setting) + 1
    default, _, largest = NUMBERS[f"observability.alarms.{setting}"][:3]
    unit = 3600 if setting.endswith("hours") else 1
    own = {name for name in usual if [name not in alarms for alarms in off] == bits_of(position, len(off))}
    assert own
    assert {higher[name] for name in own} == {(largest - position) * unit}
    assert {usual[name] for name in own} == {default * unit}
    assert set(higher) == set(usual)


def bits_of(position: int, count: int) -> list[bool]:
    return [bool(position >> bit & 1) for bit in range(count)]


def test_each_alarm_belongs_to_one_setting(
    numbered_alarms: tuple[dict[str, float], list[dict[str, float]]],
) -> None:
    _, off = numbered_alarms
    positions = [bits_of(position, len(off)) for position in range(1, len(THRESHOLDS) + 1)]
    for name in thresholds_of({}):
        assert [name not in alarms for alarms in off] in positions, name


def test_a_topic_may_be_computed() -> None:
    deployment = deploy(lambda: {"observability.alarms.topic_arn": pulumi.Output.from_input(TOPIC)})
    assert {alarm.inputs["alarmActions"][0] for alarm in deployment.resources_of(ALARM)} == {TOPIC}


def test_a_topic_in_another_region_is_refused() -> None:
    elsewhere = TOPIC.replace("eu-west-1", "us-east-1")
    with pytest.raises(ValueError, match=r"topicArn.*not allowed: a topic in eu-west-1, the region of the stack"):
        deploy({"observability.alarms.topic_arn": elsewhere}, fresh=True)


@pytest.mark.parametrize(
    ("failed", "succeeded", "percent"),
    [(None, None, 0), (9, None, 0), (10, None, 100), (5, 5, 50), (0, 20, 0), (3, 3, 0), (1, 99, 1)],
)
def test_failed_executions_count_from_ten_in_an_hour(failed: int | None, succeeded: int | None, percent: float) -> None:
    functions = {
        "FILL": lambda value, otherwise: otherwise if value is None else value,
        "IF": lambda condition, value, otherwise: value if condition else otherwise,
    }
    assert MIN_EXECUTIONS == 10
    assert eval(FAILED_PERCENT, functions, {"m1": failed, "m2": succeeded}) == percent  # noqa: S307 - our own


def test_every_alarm_has_a_row_in_the_documentation_and_every_row_an_alarm() -> None:
    assert list(ROWS) == [alarm.part for alarm in ALARMS]
    for alarm in ALARMS:
        meaning, action = ROWS[alarm.part].strip().split(" | ")
        assert meaning
        assert action


def test_every_description_says_what_happened_and_where_to_read_on() -> None:
    for alarm in alarms_of(ON):
        event, anchor = re.fullmatch(r"(.+\.) See docs/operations\.md#(\S+)", alarm.inputs["alarmDescription"]).groups()  # type: ignore[union-attr]
        assert len(event) > 20
        assert alarm.name == f"files-{anchor}"
        assert alarm.inputs["name"] == f"async-download-test-files-{anchor}"
        assert anchor in ROWS


def test_the_stack_and_its_faults_are_those_that_the_functions_count() -> None:
    deployment = deploy(ON)
    alarm = by_name(deployment)["failed-downloads"]
    assert {metric.dimensions["Fault"] for metric in metrics_of(alarm)} == {Fault.INTERNAL, Fault.SERVICE}
    (stack,) = dimension_values(deployment)["Stack"]
    assert {metric.dimensions["Stack"] for metric in metrics_of(alarm)} == {stack}
    assert {metric.namespace for metric in metrics_of(alarm)} == {NAMESPACE}


def test_without_metrics_no_alarm_watches_them() -> None:
    metrics = {"observability.metrics": False}
    alarms = alarms_of(ON | metrics | dict.fromkeys((f"observability.alarms.{name}" for name in COUNTED), 0))
    assert NAMESPACE not in {metric.namespace for alarm in alarms for metric in metrics_of(alarm)}
    assert len(alarms) == len(ALARMS) - len(COUNTED)


def test_the_documented_policies_let_the_alarms_of_the_stack_send() -> None:
    """The ARNs are those of the page's stack, whose alarms have the same names with another prefix."""
    statements = [json.loads(text) for text in re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]
    topic, key = statements
    assert topic["Action"] == "sns:Publish"
    assert key["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    for statement in statements:
        assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        pattern = statement["Condition"]["ArnLike"]["aws:SourceArn"]
        for alarm in alarms_of(ON):
            name = alarm.inputs["name"].replace("-test-", "-prod-")
            assert fnmatchcase(f"arn:aws:cloudwatch:eu-central-1:111122223333:alarm:{name}", pattern)
            assert not fnmatchcase(f"arn:aws:cloudwatch:eu-central-1:444455556666:alarm:{name}", pattern)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [topic]})
    assert findings({"the topic's": Document("AWS::SNS::TopicPolicy", policy)}) == []


def test_names_of_alarms_differ_and_carry_the_tags() -> None:
    alarms = alarms_of(ON | {"name_prefix": "p" * 128})
    assert len({alarm.inputs["name"] for alarm in alarms}) == len(alarms) == len(ALARMS)
    assert {alarm.inputs["tags"]["Component"] for alarm in alarms} == {"files"}
