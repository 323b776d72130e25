"""Updates by the embedded engine, with a provider that creates nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local_provider.engine import Deployment
from local_provider.errors import DeployError
from local_provider.monitor import Change

from .conftest import PaperProvider

Deploy = Callable[..., Deployment]

PAIR = """
    config = pulumi.Config()
    first = aws.sqs.Queue("first", name="q1", delay_seconds=config.require_int("delay"))
    second = aws.sqs.Queue("second", tags={"first": first.arn})
    pulumi.export("arn", second.arn)
"""


def changes(deployment: Deployment) -> dict[str, Change]:
    """Return the changes by the names of the resources."""
    return {urn.rpartition("::")[2]: change for urn, change in deployment.changes.items()}


def test_a_second_run_of_the_same_program_changes_nothing(deploy: Deploy, provider: PaperProvider) -> None:
    deployment = deploy(PAIR, delay="5")
    assert changes(deployment) == {"first": Change.CREATED, "second": Change.CREATED}
    resources = deployment.resources
    deploy(PAIR, update=deployment, delay="5")
    assert deployment.changes == {}
    assert deployment.resources == resources, "also the generated name of the second queue"
    assert (provider.created, provider.updated, deployment.outputs) == (["first", "second"], [], {"arn": "arn:second"})


def test_a_change_updates_a_resource_and_those_that_use_its_outputs(deploy: Deploy, provider: PaperProvider) -> None:
    deployment = deploy(PAIR, delay="5")
    deploy(PAIR, update=deployment, delay="6")
    assert changes(deployment) == {"first": Change.UPDATED, "second": Change.UPDATED}
    assert deployment.outputs == {"arn": "arn:second:updated"}
    deployment.destroy()
    assert provider.removed == ["second", "first"]


def test_a_resource_that_the_program_has_no_more_is_deleted_after_the_others(
    deploy: Deploy, provider: PaperProvider
) -> None:
    deployment = deploy(PAIR, delay="5")
    deploy('aws.sqs.Queue("third", name="q3")', update=deployment)
    assert changes(deployment) == {"third": Change.CREATED, "second": Change.DELETED, "first": Change.DELETED}
    assert provider.removed == ["second", "first"]
    deployment.destroy()
    assert provider.removed == ["second", "first", "third"]


def test_an_update_that_fails_keeps_what_there_is_for_the_next(deploy: Deploy, provider: PaperProvider) -> None:
    deployment = deploy(PAIR, delay="5")
    provider.breaks_at = "second"
    with pytest.raises(DeployError, match="aws:sqs/queue:Queue second: the cloud refused"):
        deploy(PAIR, update=deployment, delay="6")
    assert (provider.updated, provider.removed) == (["first"], [])
    provider.breaks_at = ""
    deploy(PAIR, update=deployment, delay="6")
    assert changes(deployment) == {"second": Change.UPDATED}
    deployment.destroy()
    assert provider.removed == ["second", "first"]


def test_what_cannot_be_deleted_is_named_and_tried_again(deploy: Deploy, provider: PaperProvider) -> None:
    deployment = deploy(PAIR, delay="5")
    provider.keeps = "first"
    with pytest.raises(DeployError, match="aws:sqs/queue:Queue first was not removed: still in use"):
        deploy('aws.sqs.Queue("third", name="q3")', update=deployment)
    provider.keeps = ""
    deployment.destroy()
    assert provider.removed == ["second", "third", "first"]


def test_a_replacement_is_refused_by_the_names_of_the_inputs(deploy: Deploy, provider: PaperProvider) -> None:
    deployment = deploy('aws.sqs.Queue("queue", name="q1")')
    with pytest.raises(DeployError, match="the embedded engine does not replace resources: name changed"):
        deploy('aws.sqs.Queue("queue", name="q2")', update=deployment)
    assert (provider.updated, provider.removed) == ([], [])
