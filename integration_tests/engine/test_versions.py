"""A change of the code publishes versions, and the state machines name them; without a change there is no version."""

from __future__ import annotations

import json
from pathlib import Path

from pulumi import automation

from integration_tests.engine.stages import MAX_WAIT_SECONDS, client_of
from integration_tests.support.changes import changes_of
from integration_tests.support.clouds import Cloud
from integration_tests.support.journeys.basic import receive_ready
from integration_tests.support.stack import Stack
from integration_tests.upgrade.releases import other_runtime, versions

FUNCTION, MACHINE = "aws:lambda/function:Function", "aws:sfn/stateMachine:StateMachine"


def test_a_changed_runtime_publishes_versions_and_a_refresh_sees_no_drift(
    stage: automation.Stack, cloud: Cloud, tmp_path: Path
) -> None:
    client = client_of(cloud, stage)
    assert published(cloud, client) == ["1"]
    with other_runtime(tmp_path, "next"):
        previewed, changed = changes_of(stage.preview), changes_of(stage.up)
        assert previewed == changed, "a preview shows that the definitions will name other versions"
        assert {(change.operation, change.type) for change in changed} == {("update", FUNCTION), ("update", MACHINE)}
        assert changes_of(stage.up) == set()
        assert changes_of(stage.refresh) == set()
    assert published(cloud, client) == ["1", "2"]
    assert called_versions(cloud, client) == {"2"}
    receive_ready.run(client, MAX_WAIT_SECONDS)
    changes_of(stage.up)
    assert (published(cloud, client), called_versions(cloud, client)) == (["1", "2", "3"], {"3"})
    assert changes_of(stage.up) == set()
    receive_ready.run(client, MAX_WAIT_SECONDS)


def published(cloud: Cloud, client: Stack) -> list[str]:
    """Return the versions of the function `copy`."""
    return [version["Version"] for version in versions(cloud, client.operator.function_name("copy"))]


def called_versions(cloud: Cloud, client: Stack) -> set[str]:
    """Return the versions of functions that the machine names."""
    machine = cloud.client("stepfunctions").describe_state_machine(stateMachineArn=client.outputs["stateMachineArn"])
    definition = json.loads(machine["definition"])
    called = [state["Parameters"]["FunctionName"] for state in definition["States"].values() if state["Type"] == "Task"]
    return {arn.rpartition(":")[2] for arn in called}
