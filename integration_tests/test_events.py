"""Every download that ends has its event on the bus of `observability.eventBus`."""

from __future__ import annotations

import json
import time

import pytest
from jsonschema import Draft202012Validator

from integration_tests.mutation.mutants import WHOLE, Mutant, mutated
from integration_tests.support.clouds import Target
from integration_tests.support.journeys import JOURNEYS
from integration_tests.support.policies import policy_of, replaced_policy
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.waiting import wait_for
from localcloud.paths import FOLDER

TIMEOUT = 60.0  # a busy machine needs seconds to start each function
SCHEMA = json.loads((FOLDER / "docs" / "event.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("journey", [name for name in JOURNEYS if name.startswith("receive_event_of_")])
def test_every_end_of_a_download_has_its_event(stack: Stack, journey: str) -> None:
    JOURNEYS[journey].run(stack, TIMEOUT)


def test_an_event_matches_its_schema_and_names_the_object(stack: Stack) -> None:
    path = unique_path("1", "ranges=no")
    download = stack.client.request(path)
    event = stack.end_events.wait_for_event(download, TIMEOUT)
    Draft202012Validator(SCHEMA).validate(event)
    detail = event["detail"]
    assert event["resources"] == [detail["executionArn"]] == [download.execution_arn]
    assert detail["path"] == path.partition("?")[0]
    assert 0 <= detail["seconds"] <= TIMEOUT
    head = stack.cloud.client("s3").head_object(Bucket=detail["bucket"], Key=detail["key"])
    assert head["ContentLength"] == detail["size"]


def test_a_failed_download_has_one_event_although_fail_runs_twice(stack: Stack) -> None:
    """The state machine runs `fail`, and the status event of the failed execution runs it again."""
    download = stack.client.request(unique_path("1", "status=404"))
    assert stack.operator.wait_until_ended(download) == "FAILED"
    stack.end_events.wait_for_event(download, TIMEOUT)
    end = time.monotonic() + 2
    wait_for(lambda: time.monotonic() > end or len(stack.end_events.events_of(download)) > 1, 5)
    assert len(stack.end_events.events_of(download)) == 1


def test_a_bus_that_refuses_changes_nothing_for_the_client(stack: Stack) -> None:
    """When `fail` is called again, as an operator does, it sends what was not sent."""
    if stack.cloud.target is not Target.EMULATOR:
        pytest.skip("Elsewhere IAM is not enforced, or takes seconds to take hold: use --target emulator.")
    policy = policy_of(stack, "fail")
    with replaced_policy(stack, policy, mutated(policy.document, Mutant("fail", "Events", WHOLE))):
        download = stack.client.request(unique_path("1", "first_byte=0.3"))
        stack.client.receive_ready(download, TIMEOUT)
        assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
        assert stack.end_events.events_of(download) == []
    stack.operator.settle(download)
    assert stack.end_events.wait_for_event(download, TIMEOUT)["detail"]["status"] == "READY"
