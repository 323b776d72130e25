"""docs/mutation.md has a row for every right that the stack gives a function, and says what the hunt last found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from async_download.specs import FUNCTIONS, hyphenated

from integration_tests.mutation.hunt import ALL, title
from integration_tests.mutation.mutants import WHOLE, Mutant, lost, mutants, mutated, unenforced
from integration_tests.mutation.page import PAGE, read, rewritten
from tests.components.harness import deploy
from tests.components.test_settings import SECRET, origin
from tests.components.variants import NETWORK

TEXT = PAGE.read_text()
FOUND = read(TEXT)
TWO_SECRETS = origin(secret_headers={"X-Key": SECRET, "X-Other-Key": f"{SECRET[:-6]}d4E5f6"})
POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "One", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "a"},
        {"Sid": "Two", "Effect": "Allow", "Action": ["s3:PutObject", "logs:PutLogEvents"], "Resource": ["a", "b"]},
    ],
}


def rights() -> Iterator[tuple[Mutant, set[str]]]:
    """Every mutant of every policy of a function, and of the signer's, and what it is refused."""
    deployed = deploy(TWO_SECRETS | NETWORK | {"copying.reuse_seconds": 600})
    for key in (*FUNCTIONS, "signer"):
        document = {"Statement": deployed.statements(hyphenated(key))}
        for mutant in mutants(key, document):
            yield mutant, lost(document, mutant)


def test_every_right_has_its_row() -> None:
    """A right that is new is tried by: make test-mutation WRITE=1."""
    assert {*FOUND.killed, *FOUND.unenforced, *FOUND.survived} == {mutant for mutant, _ in rights()}


def test_what_the_emulator_enforces_is_missed_by_a_journey_that_exists() -> None:
    enforced = {mutant for mutant, actions in rights() if unenforced(actions) is None}
    assert FOUND.share >= 0.95
    assert {*FOUND.killed, *FOUND.survived} == enforced
    assert set(FOUND.killed.values()) <= {title(journey) for journey in ALL}


def test_what_it_does_not_enforce_has_its_reason() -> None:
    assert FOUND.unenforced == {mutant: reason for mutant, actions in rights() if (reason := unenforced(actions))}


def test_the_page_is_as_it_was_written() -> None:
    assert rewritten(TEXT, FOUND) == TEXT


def test_a_mutant_lacks_one_thing() -> None:
    found = list(mutants("copy", POLICY))
    assert [(each.statement, each.without) for each in found] == [
        ("One", WHOLE),
        ("Two", WHOLE),
        ("Two", "s3:PutObject"),
        ("Two", "logs:PutLogEvents"),
        ("Two", "resource 1 of 2"),
        ("Two", "resource 2 of 2"),
    ]
    left = [mutated(POLICY, mutant)["Statement"] for mutant in found]
    one, two = POLICY["Statement"]
    assert left[:2] == [[two], [one]]
    assert left[2] == [one, two | {"Action": ["logs:PutLogEvents"]}]
    assert left[5] == [one, two | {"Resource": ["a"]}]


def test_what_a_mutant_is_refused_and_whether_the_emulator_refuses_it() -> None:
    whole, action, other, resource = [lost(POLICY, Mutant("copy", "Two", each)) for each in TWO]
    assert whole == resource == {"s3:PutObject", "logs:PutLogEvents"}
    assert (action, other) == ({"s3:PutObject"}, {"logs:PutLogEvents"})
    assert unenforced(whole) is None
    assert unenforced(other)


TWO = (WHOLE, "s3:PutObject", "logs:PutLogEvents", "resource 2 of 2")


@pytest.mark.parametrize("without", ["s3:DeleteObject", "resource 3 of 2"])
def test_a_mutant_that_lacks_nothing_is_refused(without: str) -> None:
    with pytest.raises(AssertionError, match="not in the policy"):
        mutated(POLICY, Mutant("copy", "Two", without))
