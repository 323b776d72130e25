"""docs/mutation.md has a row for every permission of every function, as the last mutation run wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from async_download.functions import FUNCTIONS
from async_download.names import hyphenated

from integration_tests.mutation.mutants import WHOLE, Mutant, denied_actions, mutants, mutated, unenforced
from integration_tests.mutation.results_page import PAGE, read, rewritten
from integration_tests.support.journeys import JOURNEYS
from tests.components.support.harness import deploy
from tests.components.support.variants import NETWORK
from tests.components.test_settings import SECRET, origin

TEXT = PAGE.read_text(encoding="utf-8")
RESULTS = read(TEXT)
TWO_SECRETS = origin(secret_headers={"X-Key": SECRET, "X-Other-Key": f"{SECRET[:-6]}d4E5f6"})
POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "One", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "a"},
        {"Sid": "Two", "Effect": "Allow", "Action": ["s3:PutObject", "logs:PutLogEvents"], "Resource": ["a", "b"]},
    ],
}


def permissions() -> Iterator[tuple[Mutant, set[str]]]:
    """Yield every mutant of the policies of all functions and of the signer, with the actions that it is denied."""
    deployed = deploy(TWO_SECRETS | NETWORK | {"copying.reuse_seconds": 600, "observability.event_bus": "downloads"})
    for key in (*FUNCTIONS, "signer"):
        document = {"Statement": deployed.statements(hyphenated(key))}
        for mutant in mutants(key, document):
            yield mutant, denied_actions(document, mutant)


def test_every_permission_has_its_row() -> None:
    """After a change of a policy: make test-mutation WRITE=1."""
    assert {*RESULTS.killed, *RESULTS.unenforced, *RESULTS.survived} == {mutant for mutant, _ in permissions()}


def test_an_enforced_permission_is_missed_by_a_journey_that_declares_its_function() -> None:
    enforced = {mutant for mutant, actions in permissions() if unenforced(actions) is None}
    assert RESULTS.share >= 0.95
    assert {*RESULTS.killed, *RESULTS.survived} == enforced
    for mutant, journey_id in RESULTS.killed.items():
        assert mutant.role in JOURNEYS[journey_id].functions, journey_id


def test_a_permission_that_is_not_enforced_has_its_reason() -> None:
    assert RESULTS.unenforced == {
        mutant: reason for mutant, actions in permissions() if (reason := unenforced(actions))
    }


def test_the_page_is_unchanged_when_it_is_written_again() -> None:
    assert rewritten(TEXT, RESULTS) == TEXT


def test_a_mutant_lacks_one_permission() -> None:
    listed = list(mutants("copy", POLICY))
    assert [(mutant.statement, mutant.without) for mutant in listed] == [
        ("One", WHOLE),
        ("Two", WHOLE),
        ("Two", "s3:PutObject"),
        ("Two", "logs:PutLogEvents"),
        ("Two", "resource 1 of 2"),
        ("Two", "resource 2 of 2"),
    ]
    statements = [mutated(POLICY, mutant)["Statement"] for mutant in listed]
    first, second = POLICY["Statement"]
    assert statements[:2] == [[second], [first]]
    assert statements[2] == [first, second | {"Action": ["logs:PutLogEvents"]}]
    assert statements[5] == [first, second | {"Resource": ["a"]}]


def test_a_mutant_is_denied_actions_of_which_the_emulator_enforces_some() -> None:
    whole, action, other, resource = [denied_actions(POLICY, Mutant("copy", "Two", without)) for without in TWO]
    assert whole == resource == {"s3:PutObject", "logs:PutLogEvents"}
    assert (action, other) == ({"s3:PutObject"}, {"logs:PutLogEvents"})
    assert unenforced(whole) is None
    assert unenforced(other)


TWO = (WHOLE, "s3:PutObject", "logs:PutLogEvents", "resource 2 of 2")


@pytest.mark.parametrize("without", ["s3:DeleteObject", "resource 3 of 2"])
def test_a_mutant_without_an_effect_is_an_error(without: str) -> None:
    with pytest.raises(AssertionError, match="not in the policy"):
        mutated(POLICY, Mutant("copy", "Two", without))
