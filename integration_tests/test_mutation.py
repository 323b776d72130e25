"""A right that is taken away is missed, and comes back: two of the many that `make test-mutation` takes, one by one."""

from __future__ import annotations

import pytest

from integration_tests.mutation.mutants import WHOLE, Mutant, mutated
from integration_tests.support.clouds import Target
from integration_tests.support.journeys import Journey, ask, fetch
from integration_tests.support.policies import SIGNER, policy_of, replaced
from integration_tests.support.stack import Stack


@pytest.mark.parametrize(
    ("mutant", "journey"),
    [
        (Mutant("request_download", "Downloads", "dynamodb:PutItem"), ask),
        (Mutant(SIGNER, "Objects", WHOLE), fetch),  # which leaves its role without any policy
    ],
    ids=["an action", "all that a role has"],
)
def test_a_right_is_missed_while_it_is_gone_and_no_longer(stack: Stack, mutant: Mutant, journey: Journey) -> None:
    if stack.cloud.target is not Target.EMULATOR:
        pytest.skip("Elsewhere IAM is not enforced, or takes seconds to take hold: use --target emulator.")
    policy = policy_of(stack, mutant.role)
    with replaced(stack, policy, mutated(policy.document, mutant)), pytest.raises(AssertionError):
        journey(stack, 1.5)
    assert policy_of(stack, mutant.role) == policy
    journey(stack, 10)
