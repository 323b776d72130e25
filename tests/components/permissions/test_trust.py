"""Trust of the stack's roles and resources in services of AWS, limited to the stack's account or to named sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.components.support.harness import Cloud, Deployment, deploy
from tests.components.support.variants import main_variants

VARIANTS = main_variants()
ACCOUNT = {"StringEquals": {"aws:SourceAccount": Cloud().account}}
CONDITIONS: dict[str, Any] = {
    "states.amazonaws.com": ACCOUNT,
    "lambda.amazonaws.com": None,  # `statements.trust_service` says why
    "apigateway.amazonaws.com": None,
}


@pytest.fixture(params=VARIANTS)
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Deploy the stack with different settings."""
    return deploy(VARIANTS[request.param])


def service_trusts(deployment: Deployment) -> Iterator[tuple[str, dict[str, Any]]]:
    for role in deployment.resources_of("iam/role:Role"):
        for statement in role.json("assumeRolePolicy")["Statement"]:
            if "Service" in statement["Principal"]:
                yield statement["Principal"]["Service"], statement


@pytest.mark.security
def test_a_service_that_names_its_account_assumes_a_role_for_the_stacks_own_only(deployment: Deployment) -> None:
    trusts = list(service_trusts(deployment))
    assert {"lambda.amazonaws.com", "states.amazonaws.com"} <= {service for service, _ in trusts}
    for service, statement in trusts:
        assert statement.get("Condition") == CONDITIONS[service], service


@pytest.mark.security
def test_a_service_calls_a_resource_for_named_sources_only(deployment: Deployment) -> None:
    for permission in deployment.resources_of("lambda/permission:Permission"):
        account = permission.inputs["sourceArn"].split(":")[4]
        assert account == Cloud().account, permission.name
    for policy in deployment.resources_of("sqs/queuePolicy:QueuePolicy"):
        for statement in policy.json("policy")["Statement"]:
            sources = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
            assert sources, policy.name
            assert {arn.split(":")[4] for arn in sources} == {Cloud().account}, policy.name


def test_the_trust_names_the_account_that_the_provider_deploys_to() -> None:
    deployment = deploy(cloud=Cloud(account="999988887777"))
    conditions = [statement["Condition"] for _, statement in service_trusts(deployment) if "Condition" in statement]
    assert conditions
    assert all(item == {"StringEquals": {"aws:SourceAccount": "999988887777"}} for item in conditions)
