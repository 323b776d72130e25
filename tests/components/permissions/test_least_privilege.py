"""Least privilege: roles allow exactly the calls that functions and services make, with all combinations of settings.

The calls of functions are read from the runtime's source, those of services from definitions, rules and APIs. The
emulator enforces only the permissions of functions: docs/mutation.md shows the same by removing permissions.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from async_download.functions.signer import SIGNING_FUNCTIONS
from async_download.names import hyphenated

from tests.components.support import function_permissions
from tests.components.support.harness import Cloud, Deployment, deploy
from tests.components.support.service_permissions import (
    Permission,
    allowed_permissions,
    callers,
    definition_permissions,
    machine_permissions,
    permitted,
    queue_senders,
)
from tests.components.support.variants import main_variants

VARIANTS = main_variants()
LOGGER = "CreateLogGroup CreateLogStream DescribeLogGroups DescribeLogStreams FilterLogEvents GetLogEvents PutLogEvents"


@pytest.fixture(params=VARIANTS)
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Deploy the stack with different settings."""
    return deploy(VARIANTS[request.param])


def test_a_function_may_do_what_it_calls_and_nothing_else(deployment: Deployment) -> None:
    for key in function_permissions.handlers(deployment):
        same(
            allowed_permissions(deployment.statements(hyphenated(key))),
            function_permissions.required_permissions(deployment, key),
            key,
        )


def test_the_signer_may_do_what_urls_do_and_nothing_else(deployment: Deployment) -> None:
    same(
        allowed_permissions(deployment.statements("signer")),
        function_permissions.signer_permissions(deployment),
        "signer",
    )


def test_a_state_machine_may_do_what_its_definition_does_and_nothing_else(deployment: Deployment) -> None:
    for machine in deployment.resources_of("sfn/stateMachine:StateMachine"):
        part = machine.name.removeprefix("files-")
        same(allowed_permissions(deployment.statements(part)), machine_permissions(machine), part)


def test_a_function_may_be_called_by_exactly_those_that_call_it(deployment: Deployment) -> None:
    assert permitted(deployment) == callers(deployment)


def test_the_queue_takes_what_the_rules_send_there_and_nothing_else(deployment: Deployment) -> None:
    takes = set()
    for policy in deployment.resources_of("sqs/queuePolicy:QueuePolicy"):
        for statement in policy.json("policy")["Statement"]:
            assert (statement["Effect"], statement["Action"]) == ("Allow", "sqs:SendMessage")
            assert statement["Principal"] == {"Service": "events.amazonaws.com"}
            rules = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
            takes |= {(statement["Resource"], rule) for rule in rules}
    assert takes == queue_senders(deployment)
    assert takes


def test_the_role_of_access_logs_has_the_permissions_of_the_managed_policy_of_aws(deployment: Deployment) -> None:
    """The managed policy is AmazonAPIGatewayPushToCloudWatchLogs."""
    for account in deployment.resources_of("apigateway/account:Account"):
        assert account.inputs["cloudwatchRoleArn"].endswith("-api-gateway")
        same(
            allowed_permissions(deployment.statements("api-gateway")),
            {(f"logs:{verb}", "*") for verb in LOGGER.split()},
            "api-gateway",
        )


def test_a_role_is_assumable_by_its_users_only(deployment: Deployment) -> None:
    """A role without a user, or with a further trusted principal, is in only one of the two sets."""
    used = {
        (item.inputs["role"], "lambda.amazonaws.com") for item in deployment.resources_of("lambda/function:Function")
    }
    used |= {
        (item.inputs["roleArn"], "states.amazonaws.com")
        for item in deployment.resources_of("sfn/stateMachine:StateMachine")
    }
    used |= {
        (item.inputs["cloudwatchRoleArn"], "apigateway.amazonaws.com")
        for item in deployment.resources_of("apigateway/account:Account")
    }
    used |= {(signer, _role(deployment, key)) for key in SIGNING_FUNCTIONS for signer in _signers(deployment, key)}
    roles = deployment.resources_of("iam/role:Role")
    by_session = {f"{Cloud().arn(role.type, role.inputs['name'])}": _arn(role) for role in roles}
    assert {
        (role_arn, by_session.get(principal, principal))
        for role in roles
        for role_arn, principal in _takers(role.json("assumeRolePolicy"), _arn(role))
    } == used


def test_every_policy_has_a_proof(deployment: Deployment) -> None:
    """A new policy needs a test in this module."""
    proved = {f"files-{hyphenated(key)}-policy" for key in function_permissions.handlers(deployment)} | {
        "files-signer-policy"
    }
    proved |= {f"{machine.name}-policy" for machine in deployment.resources_of("sfn/stateMachine:StateMachine")}
    proved |= {"files-api-gateway-policy"} if deployment.resources_of("apigateway/account:Account") else set()
    assert {policy.name for policy in deployment.resources_of("iam/rolePolicy:RolePolicy")} == proved
    attached = {item.type for item in deployment.custom if item.type.startswith("aws:iam/")}
    assert attached == {"aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"}
    assert not any(
        {"inlinePolicies", "managedPolicyArns"} & set(role.inputs) for role in deployment.resources_of("iam/role:Role")
    )


def test_a_distributed_map_needs_more_permissions() -> None:
    mapped = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "States": {}}
    machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:m"
    required = definition_permissions(
        {"States": {"Slices": {"Type": "Map", "ItemProcessor": mapped, "End": True}}}, machine
    )
    assert ("states:StartExecution", machine) in required
    assert ("states:RedriveExecution", machine.replace("stateMachine", "execution") + "/*") in required


@pytest.mark.parametrize(
    "state", [{"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}, {"Type": "Map", "ItemReader": {}}]
)
def test_a_state_of_an_unknown_kind_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="not known here"):
        definition_permissions({"States": {"New": state}}, "arn:aws:states:eu-west-1:123456789012:stateMachine:m")


def same(allowed: set[Permission], required: set[Permission], whose: str) -> None:
    """Compare permissions apart from those to use a key, which follow from the others: test_keys.py."""
    allowed = {right for right in allowed if not right[0].startswith("kms:")}
    assert allowed - required == set(), f"{whose}: allowed but never used"
    assert required - allowed == set(), f"{whose}: used but not allowed"


def _arn(role: Any) -> str:
    return Cloud().arn(role.type, role.inputs.get("path", "/")[1:] + role.inputs["name"])


def _role(deployment: Deployment, key: str) -> str:
    return str(deployment.resource("lambda/function:Function", hyphenated(key)).inputs["role"])


def _signers(deployment: Deployment, key: str) -> set[str]:
    return {resource for _, resource in allowed_permissions(deployment.statements(hyphenated(key)), "sts")}


def _takers(trust: dict[str, Any], role: str) -> set[tuple[str, str]]:
    """Return (role, principal) pairs: a service, or another role by its ARN or that of its sessions."""
    takers = set()
    for statement in trust["Statement"]:
        assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole"), json.dumps(statement)
        if "Service" in statement["Principal"]:
            takers.add((role, statement["Principal"]["Service"]))
        for principal in statement.get("Condition", {}).get("ArnEquals", {}).get("aws:PrincipalArn", ()):
            named = principal.replace(":sts:", ":iam:").replace(":assumed-role/", ":role/").removesuffix("/*")
            takers.add((role, named))
    return takers
