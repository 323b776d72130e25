"""Two of the many permissions that `make test-mutation` removes one by one."""

from __future__ import annotations

import pytest

from integration_tests.mutation.mutants import WHOLE, Mutant, mutated
from integration_tests.support.clouds import Target
from integration_tests.support.journeys import Journey
from integration_tests.support.journeys.basic import fetch_file, request_file
from integration_tests.support.policies import SIGNER, policy_of, replaced_policy
from integration_tests.support.stack import Stack


@pytest.mark.parametrize(
    ("mutant", "journey"),
    [
        (Mutant("request_download", "Downloads", "dynamodb:PutItem"), request_file),
        (Mutant(SIGNER, "Objects", WHOLE), fetch_file),  # which leaves its role without any policy
    ],
    ids=["an action", "all that a role has"],
)
def test_a_journey_fails_without_a_permission_and_succeeds_with_it_again(
    stack: Stack, mutant: Mutant, journey: Journey
) -> None:
    if stack.cloud.target is not Target.EMULATOR:
        pytest.skip("Elsewhere IAM is not enforced, or takes seconds to take hold: use --target emulator.")
    policy = policy_of(stack, mutant.role)
    with replaced_policy(stack, policy, mutated(policy.document, mutant)), pytest.raises(AssertionError):
        journey.run(stack, 1.5)
    assert policy_of(stack, mutant.role) == policy
    journey.run(stack, 10)
