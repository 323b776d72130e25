"""The bus of `observability.event_bus`: its ARN, its region, and the permissions that exist only with it."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from tests.components.support.harness import Cloud, Deployment, deploy

ARN = "arn:aws:events:eu-west-1:123456789012:event-bus/downloads"
ELSEWHERE = "arn:aws:events:us-east-1:123456789012:event-bus/downloads"


def bus_of(deployed: Deployment) -> str | None:
    """Return the bus in the environment of `fail`, which its policy has to allow alone."""
    variables = deployed.resource("lambda/function:Function", "fail").inputs["environment"]["variables"]
    allowed = [entry["Resource"] for entry in deployed.statements("fail") if entry["Action"] == "events:PutEvents"]
    assert allowed == ([variables["EVENT_BUS_ARN"]] if "EVENT_BUS_ARN" in variables else [])
    bus: str | None = variables.get("EVENT_BUS_ARN")
    return bus


@pytest.mark.parametrize(
    ("bus", "arn"),
    [
        ("downloads", ARN),
        ("default", ARN.replace("downloads", "default")),
        (ARN, ARN),
        ("arn:aws:events:eu-west-1:999999999999:event-bus/of.another-account_1",) * 2,
    ],
)
def test_bus_is_named_or_given_by_its_arn(bus: str, arn: str) -> None:
    assert bus_of(deploy({"observability.event_bus": bus})) == arn


def test_bus_is_in_the_partition_of_the_stack() -> None:
    deployed = deploy({"observability.event_bus": "downloads"}, cloud=Cloud(partition="aws-cn", region="cn-north-1"))
    assert bus_of(deployed) == "arn:aws-cn:events:cn-north-1:123456789012:event-bus/downloads"


def test_bus_that_the_program_creates_is_used() -> None:
    assert bus_of(deploy(lambda: {"observability.event_bus": pulumi.Output.from_input(ARN)})) == ARN


def test_wrong_bus_that_the_program_computes_is_refused_when_it_is_known() -> None:
    with pytest.raises(ValueError, match=r"observability\.event_bus .*the name of an EventBridge bus"):
        deploy(lambda: {"observability.event_bus": pulumi.Output.from_input("a b")})


@pytest.mark.parametrize("computed", [False, True])
def test_bus_in_another_region_is_refused_with_the_region_of_the_stack(computed: bool) -> None:
    """PutEvents reaches buses of the region that it is sent to."""

    def settings() -> dict[str, Any]:
        return {"observability.event_bus": pulumi.Output.from_input(ELSEWHERE) if computed else ELSEWHERE}

    with pytest.raises(ValueError, match=r"observability\.event_bus .*a bus in eu-west-1, the region of the stack"):
        deploy(settings)


def test_without_a_bus_nothing_may_send_events_and_deliver_starts_no_function() -> None:
    deployed = deploy()
    assert bus_of(deployed) is None
    assert (
        "FAIL_FUNCTION"
        not in deployed.resource("lambda/function:Function", "deliver").inputs["environment"]["variables"]
    )
    assert not any(entry["Action"] == "lambda:InvokeFunction" for entry in deployed.statements("deliver"))


def test_deliver_may_start_fail_which_sends_the_event() -> None:
    deployed = deploy({"observability.event_bus": "downloads"})
    variables = deployed.resource("lambda/function:Function", "deliver").inputs["environment"]["variables"]
    assert variables["FAIL_FUNCTION"] == deployed.resource("lambda/function:Function", "fail").inputs["name"]
    assert "EVENT_BUS_ARN" not in variables


def test_functions_that_send_events_run_outside_of_the_vpc() -> None:
    """The copying functions alone run in it, so no endpoint for EventBridge is needed there."""
    network = {"vpc.subnet_ids": ["subnet-01234567"], "vpc.security_group_ids": ["sg-01234567"]}
    deployed = deploy({"observability.event_bus": "downloads"} | network)
    inside = {item.name for item in deployed.resources_of("lambda/function:Function") if "vpcConfig" in item.inputs}
    assert inside == {"files-copy", "files-copy-slice"}
