"""Each permission is needed: without it a journey fails, and with it the journey succeeds. Told in docs/mutation.md."""

from __future__ import annotations

import pytest

from integration_tests.support import journeys
from integration_tests.support.clouds import Target
from integration_tests.support.journeys import Journey
from integration_tests.support.policies import SIGNER, statements_of, without
from integration_tests.support.pulumi_cli import TOP
from integration_tests.support.sockets import RefusedError
from integration_tests.support.stack import Stack

MUTATIONS: list[tuple[str, str, Journey]] = [
    ("request_download", "Downloads", journeys.ask),
    ("request_download", "Start", journeys.ask),
    ("get_download", "Downloads", journeys.poll),
    ("get_download", "Sign", journeys.poll),
    ("cancel_download", "Downloads", journeys.cancel),
    ("cancel_download", "Stop", journeys.cancel),
    ("cancel_download", "Fail", journeys.cancel),
    ("connect", "Downloads", journeys.be_told),
    ("connect", "Connections", journeys.be_told),
    ("connect", "Replay", journeys.be_told_late),
    ("connect", "Evict", journeys.take_the_place_of_the_lost),
    ("connect", "Look", journeys.take_the_place_of_the_lost),
    ("close", "Downloads", journeys.be_closed),
    ("close", "Connections", journeys.be_closed),
    ("close", "Close", journeys.be_closed),
    ("close", "CloseLater", journeys.be_closed),
    ("disconnect", "Downloads", journeys.leave),
    ("disconnect", "Connections", journeys.leave),
    ("message", "Downloads", journeys.talk),
    ("message", "Connections", journeys.talk),
    ("message", "Push", journeys.talk),
    ("message", "Sign", journeys.refresh),
    ("message", "Stop", journeys.cancel_by_socket),
    ("message", "Fail", journeys.cancel_by_socket),
    ("copy", "Downloads", journeys.be_told),
    ("copy", "Objects", journeys.be_told),
    ("copy", "Push", journeys.see_progress),
    ("copy", "Secrets", journeys.be_told_by_a_guarded_origin),
    ("copy_slice", "Downloads", journeys.be_told_of_a_large_file),
    ("copy_slice", "Objects", journeys.be_told_of_a_large_file),
    ("copy_slice", "Push", journeys.see_progress_of_a_large_file),
    ("copy_slice", "Secrets", journeys.be_told_of_a_large_file_by_a_guarded_origin),
    ("complete", "Downloads", journeys.be_told_of_a_large_file),
    ("complete", "Objects", journeys.be_told_of_a_large_file),
    ("deliver", "Downloads", journeys.be_told),
    ("deliver", "Connections", journeys.be_told),
    ("deliver", "Sign", journeys.be_told),
    ("deliver", "Push", journeys.be_told),
    ("deliver", "CloseLater", journeys.be_closed_later),
    ("fail", "Downloads", journeys.be_told_of_failure),
    ("fail", "Connections", journeys.be_told_of_failure),
    ("fail", "Push", journeys.be_told_of_failure),
    ("fail", "CloseLater", journeys.be_closed_after_failure),
    ("fail", "Objects", journeys.be_cleaned_up_after),
    (SIGNER, "Objects", journeys.fetch),
]
UNSEEN: dict[tuple[str, str], str] = {
    ("request_download", "Reconcile"): "used when an execution of this name has ended before: on AWS after a crash",
    ("get_download", "Reconcile"): "used for a row that is overdue",
    ("get_download", "Fail"): "used for an execution that ended and told nobody",
    ("copy", "MissingIs404"): "used when the reply to a completed upload was lost",
    ("complete", "MissingIs404"): "used when the reply to a completed upload was lost",
    ("fail", "MissingIs404"): "the client has been told by then: only the clean-up is tried in vain",
    ("deliver", "Undelivered"): "used by Lambda itself, whose own rights the emulator does not check",
    ("fail", "Undelivered"): "used by Lambda itself, whose own rights the emulator does not check",
}
OF_EVERY_FUNCTION = {
    "Logs": "used by Lambda itself, whose own rights the emulator does not check",
    "Tracing": "the emulator does not check `xray:*`",
}
JOURNEYS = sorted({journey for _, _, journey in MUTATIONS}, key=lambda journey: journey.__name__)
FAILURES = (AssertionError, RefusedError)


@pytest.fixture(autouse=True)
def _only_where_policies_take_hold_at_once(stack: Stack) -> None:
    if stack.cloud.target is not Target.EMULATOR:
        pytest.skip("Elsewhere IAM is not enforced, or takes seconds to take hold: use --target emulator.")


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.__name__)
def test_the_journey_succeeds_with_every_permission(stack: Stack, journey: Journey) -> None:
    journey(stack, 10)


@pytest.mark.parametrize(
    ("role", "sid", "journey"), MUTATIONS, ids=[f"{role}-{sid}-{journey.__name__}" for role, sid, journey in MUTATIONS]
)
def test_the_journey_fails_without_the_permission(stack: Stack, role: str, sid: str, journey: Journey) -> None:
    with without(stack, role, sid), pytest.raises(FAILURES):
        journey(stack, 1.5)


def test_every_statement_is_tried_or_accounted_for(stack: Stack) -> None:
    accounted = {(role, sid) for role, sid, _ in MUTATIONS} | set(UNSEEN)
    for role in (*stack.outputs["functionNames"], SIGNER):
        ours = {sid for name, sid in accounted if name == role}
        common = set() if role == SIGNER else set(OF_EVERY_FUNCTION)
        assert statements_of(stack, role) == ours | common, role


def test_the_page_says_what_is_tried() -> None:
    lines = (TOP / "docs" / "mutation.md").read_text().splitlines()
    told = {line for line in lines if line.startswith("| `")}
    tried = {f"| `{role}` | `{sid}` | {_said(journey)} |" for role, sid, journey in MUTATIONS}
    unseen = {f"| `{role}` | `{sid}` | {reason} |" for (role, sid), reason in UNSEEN.items()}
    everywhere = {f"| `every function` | `{sid}` | {reason} |" for sid, reason in OF_EVERY_FUNCTION.items()}
    assert told == tried | unseen | everywhere


def _said(journey: Journey) -> str:
    return str(journey.__doc__).removesuffix(".")
