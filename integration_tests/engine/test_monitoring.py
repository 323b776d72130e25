"""Alarms and the dashboard over the life of a stage, on Pulumi's own engine."""

from __future__ import annotations

import pytest
from pulumi import automation

from integration_tests.engine.stages import client_of, journey
from integration_tests.support.changes import Change, changes_of
from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.engines import remove_config, set_config
from integration_tests.support.provider import Provider, selected_provider

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"


def test_alarms_and_dashboard_are_created_changed_and_removed(empty: automation.Stack, cloud: Cloud) -> None:
    if selected_provider() is Provider.OFFICIAL and cloud.target is not Target.AWS:
        pytest.skip("The emulator drops the expressions of alarms, so that the official provider sees a change.")
    topic = cloud.client("sns").create_topic(Name=f"operators-{empty.name}")["TopicArn"]
    set_config(empty, {"observability.alarms.topicArn": topic, "observability.dashboard": "true"})
    steps = changes_of(empty.up)
    alarms = {step.name for step in steps if step.type == ALARM}
    assert len(alarms) > 10
    assert Change("create", DASHBOARD, "files-dashboard") in steps
    journey(client_of(cloud, empty))

    assert changes_of(empty.up) == set()
    assert changes_of(empty.refresh, expect_no_changes=True) == set()
    assert changes_of(empty.preview, expect_no_changes=True) == set()

    set_config(empty, {"observability.alarms.tableThrottles": "50", "observability.alarms.deadLetters": "0"})
    assert changes_of(empty.up) == {
        Change("update", ALARM, "files-alarm-table-throttles"),
        Change("delete", ALARM, "files-alarm-dead-letters"),
        Change("update", DASHBOARD, "files-dashboard"),
    }

    remove_config(empty, "observability")
    steps = changes_of(empty.up)
    removed = {Change("delete", ALARM, name) for name in alarms - {"files-alarm-dead-letters"}}
    assert steps == removed | {Change("delete", DASHBOARD, "files-dashboard")}
    client = cloud.client("cloudwatch")
    assert client.describe_alarms(AlarmNamePrefix=f"async-download-{empty.name}-")["MetricAlarms"] == []
    cloud.client("sns").delete_topic(TopicArn=topic)
