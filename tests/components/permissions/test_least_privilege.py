"""Least privilege, both ways, in every shape of the stack: what is allowed equals what is called, and on what.

What functions call is read from the runtime's source, what services call from the definition, the rule and the APIs.
The emulator enforces the rights of functions only; there the same is shown by taking rights away: docs/mutation.md.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from async_download.functions.signer import SIGNING_FUNCTIONS
from async_download.names import hyphenated

from tests.components.support import function_permissions
from tests.components.support.harness import Cloud, Deployed, deploy
from tests.components.support.service_permissions import (
    Right,
    callers,
    permitted,
    queue_senders,
    rights_given,
    rights_of_machine,
    rights_wanted,
)
from tests.components.support.variants import extremes

EXTREMES = extremes()
LOGGER = "CreateLogGroup CreateLogStream DescribeLogGroups DescribeLogStreams FilterLogEvents GetLogEvents PutLogEvents"


@pytest.fixture(params=EXTREMES)
def shape(request: pytest.FixtureRequest) -> Deployed:
    """The stack with different settings."""
    return deploy(EXTREMES[request.param])


def test_a_function_may_do_what_it_calls_and_nothing_else(shape: Deployed) -> None:
    for key in function_permissions.handlers(shape):
        same(rights_given(shape.statements(hyphenated(key))), function_permissions.wanted(shape, key), key)


def test_the_signer_may_do_what_urls_do_and_nothing_else(shape: Deployed) -> None:
    same(rights_given(shape.statements("signer")), function_permissions.wanted_of_signer(shape), "signer")


def test_a_state_machine_may_do_what_its_definition_does_and_nothing_else(shape: Deployed) -> None:
    for machine in shape.all("sfn/stateMachine:StateMachine"):
        part = machine.name.removeprefix("files-")
        same(rights_given(shape.statements(part)), rights_of_machine(machine), part)


def test_a_function_may_be_called_by_exactly_those_that_call_it(shape: Deployed) -> None:
    assert permitted(shape) == callers(shape)


def test_the_queue_takes_what_the_rules_send_there_and_nothing_else(shape: Deployed) -> None:
    takes = set()
    for policy in shape.all("sqs/queuePolicy:QueuePolicy"):
        for statement in policy.json("policy")["Statement"]:
            assert (statement["Effect"], statement["Action"]) == ("Allow", "sqs:SendMessage")
            assert statement["Principal"] == {"Service": "events.amazonaws.com"}
            rules = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
            takes |= {(statement["Resource"], rule) for rule in rules}
    assert takes == queue_senders(shape)
    assert takes


def test_who_writes_the_access_logs_of_the_account_may_do_what_aws_asks_for(shape: Deployed) -> None:
    """Its list is AWS's own managed policy, AmazonAPIGatewayPushToCloudWatchLogs."""
    for account in shape.all("apigateway/account:Account"):
        assert account.inputs["cloudwatchRoleArn"].endswith("-api-gateway")
        same(
            rights_given(shape.statements("api-gateway")),
            {(f"logs:{verb}", "*") for verb in LOGGER.split()},
            "api-gateway",
        )


def test_a_role_is_taken_by_who_uses_it_and_by_nobody_else(shape: Deployed) -> None:
    """A role that nobody uses, or that somebody else may take, is in one of the two and not in the other."""
    used = {(item.inputs["role"], "lambda.amazonaws.com") for item in shape.all("lambda/function:Function")}
    used |= {(item.inputs["roleArn"], "states.amazonaws.com") for item in shape.all("sfn/stateMachine:StateMachine")}
    used |= {
        (item.inputs["cloudwatchRoleArn"], "apigateway.amazonaws.com")
        for item in shape.all("apigateway/account:Account")
    }
    used |= {(signer, _role(shape, key)) for key in SIGNING_FUNCTIONS for signer in _signers(shape, key)}
    assert {
        taker for role in shape.all("iam/role:Role") for taker in _takers(role.json("assumeRolePolicy"), _arn(role))
    } == used


def test_every_policy_is_one_of_those_that_are_proved(shape: Deployed) -> None:
    """One that is not has to get a proof of its own here."""
    proved = {f"files-{hyphenated(key)}-policy" for key in function_permissions.handlers(shape)} | {
        "files-signer-policy"
    }
    proved |= {f"{machine.name}-policy" for machine in shape.all("sfn/stateMachine:StateMachine")}
    proved |= {"files-api-gateway-policy"} if shape.all("apigateway/account:Account") else set()
    assert {policy.name for policy in shape.all("iam/rolePolicy:RolePolicy")} == proved
    attached = {item.type for item in shape.custom if item.type.startswith("aws:iam/")}
    assert attached == {"aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"}
    assert not any({"inlinePolicies", "managedPolicyArns"} & set(role.inputs) for role in shape.all("iam/role:Role"))


def test_a_distributed_map_would_be_seen_to_need_more_rights() -> None:
    mapped = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "States": {}}
    machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:m"
    wanted = rights_wanted({"States": {"Slices": {"Type": "Map", "ItemProcessor": mapped, "End": True}}}, machine)
    assert ("states:StartExecution", machine) in wanted
    assert ("states:RedriveExecution", machine.replace("stateMachine", "execution") + "/*") in wanted


@pytest.mark.parametrize(
    "state", [{"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}, {"Type": "Map", "ItemReader": {}}]
)
def test_a_state_of_a_new_kind_is_not_passed_over(state: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="not known here"):
        rights_wanted({"States": {"New": state}}, "arn:aws:states:eu-west-1:123456789012:stateMachine:m")


def same(given: set[Right], wanted: set[Right], whose: str) -> None:
    """But for the use of a key, which follows from the other rights: test_keys.py."""
    given = {right for right in given if not right[0].startswith("kms:")}
    assert given - wanted == set(), f"{whose}: allowed, and never done"
    assert wanted - given == set(), f"{whose}: done, and not allowed"


def _arn(role: Any) -> str:
    return Cloud().arn(role.type, role.inputs["name"])


def _role(shape: Deployed, key: str) -> str:
    return str(shape.one("lambda/function:Function", hyphenated(key)).inputs["role"])


def _signers(shape: Deployed, key: str) -> set[str]:
    return {resource for _, resource in rights_given(shape.statements(hyphenated(key)), "sts")}


def _takers(trust: dict[str, Any], role: str) -> set[tuple[str, str]]:
    """(role, who may take it): a service, or another role by its own ARN or its sessions'."""
    takers = set()
    for statement in trust["Statement"]:
        assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole"), json.dumps(statement)
        if "Service" in statement["Principal"]:
            takers.add((role, statement["Principal"]["Service"]))
        for principal in statement.get("Condition", {}).get("ArnEquals", {}).get("aws:PrincipalArn", ()):
            named = principal.replace(":sts:", ":iam:").replace(":assumed-role/", ":role/").removesuffix("/*")
            takers.add((role, named))
    return takers
