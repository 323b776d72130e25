"""The embedded engine, with a provider that creates nothing."""

from __future__ import annotations

import contextvars
import sys
from collections.abc import Callable

import pulumi.runtime.settings as sdk
import pytest

from local_provider.engine import Deployment
from local_provider.errors import DeployError, DestroyError

from .conftest import PaperProvider

Deploy = Callable[..., Deployment]

CHAIN = """
    first = aws.sqs.Queue("first", name="q1")
    second = aws.sqs.Queue("second", name=first.arn)
    third = aws.sqs.Queue("third", name=second.arn)
    pulumi.export("third", third.id)
"""


def test_a_program_is_run_as_it_is(deploy: Deploy) -> None:
    deployment = deploy(
        """
        config = pulumi.Config()
        queue = aws.sqs.Queue("queue", name=config.require("name"), delay_seconds=config.require_int("delay"))
        pulumi.export("arn", queue.arn)
        pulumi.export("id", queue.id)
        pulumi.export("where", [pulumi.get_project(), pulumi.get_stack(), __name__])
        pulumi.export("secret", pulumi.Output.secret("shown"))
        """,
        name="q",
        delay="5",
    )
    assert deployment.outputs == {
        "arn": "arn:queue",
        "id": "id-queue",
        "where": ["project", "stack", "__main__"],
        "secret": "shown",
    }


def test_registrations_are_remembered(deploy: Deploy) -> None:
    deployment = deploy("""
        class Pair(pulumi.ComponentResource):
            def __init__(self, name):
                super().__init__("test:index:Pair", name)
                queue = aws.sqs.Queue("queue", name="q", opts=pulumi.ResourceOptions(parent=self))
                self.register_outputs({"arn": queue.arn})
        Pair("pair")
    """)
    pair, queue = deployment.resources
    assert (pair.type, pair.name, pair.id) == ("test:index:Pair", "pair", "")
    assert pair.outputs == {"arn": "arn:queue"}
    assert (queue.type, queue.name, queue.id) == ("aws:sqs/queue:Queue", "queue", "id-queue")
    assert queue.urn == "urn:pulumi:stack::project::test:index:Pair$aws:sqs/queue:Queue::queue"
    assert queue.inputs == {"name": "q"}
    assert queue.outputs == {"name": "q", "arn": "arn:queue"}


def test_destroying_goes_backwards_and_can_be_repeated(deploy: Deploy, provider: PaperProvider) -> None:
    deployment = deploy(CHAIN)
    deployment.destroy()
    deployment.destroy()
    assert provider.created == ["first", "second", "third"]
    assert provider.removed == ["third", "second", "first"]


def test_what_cannot_be_removed_is_named_and_the_rest_is_removed(deploy: Deploy, provider: PaperProvider) -> None:
    deployment = deploy(CHAIN)
    provider.keeps = "second"
    with pytest.raises(DestroyError, match="aws:sqs/queue:Queue second was not removed: still in use"):
        deployment.destroy()
    assert provider.removed == ["third", "first"]
    provider.keeps = ""
    deployment.destroy()
    assert provider.removed == ["third", "first", "second"]


def test_a_failing_create_names_the_resource_and_removes_what_was_made(deploy: Deploy, provider: PaperProvider) -> None:
    provider.breaks_at = "second"
    with pytest.raises(DeployError) as failed:
        deploy(CHAIN)
    assert str(failed.value) == "aws:sqs/queue:Queue second: the cloud refused"
    assert (provider.created, provider.removed) == (["first"], ["first"])


def test_what_a_failed_deployment_leaves_behind_is_told(deploy: Deploy, provider: PaperProvider) -> None:
    provider.breaks_at, provider.keeps = "second", "first"
    with pytest.raises(DeployError, match=r"(?s)second: the cloud refused.*first was not removed: still in use"):
        deploy(CHAIN)


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ('aws.ec2.Vpc("vpc")', "aws:ec2/vpc:Vpc vpc: The resource type aws:ec2/vpc:Vpc is not implemented"),
        ('aws.sqs.Queue("q", fifo_queue=True)', "aws:sqs/queue:Queue q: input fifoQueue is not implemented"),
        ('aws.sqs.Queue("q", name=5)', "aws:sqs/queue:Queue q: input name must be string, not integer"),
        ("aws.get_arn(arn='a')", "aws:index/getArn:getArn: The function aws:index/getArn:getArn is not implemented"),
        ('aws.sqs.Queue.get("q", "id")', "aws:sqs/queue:Queue q: the embedded engine does not read existing"),
        ('[aws.sqs.Queue("q"), aws.sqs.Queue("q")]', "aws:sqs/queue:Queue q: a resource of this type and name exists"),
        ('aws.Provider("p", profile="x")', "pulumi:providers:aws p: input profile is not a setting"),
        (
            'raise ValueError("max_connections is 0, allowed are 1 to 100")',
            "max_connections is 0, allowed are 1 to 100",
        ),
    ],
)
def test_a_refusal_is_one_sentence(deploy: Deploy, program: str, sentence: str) -> None:
    with pytest.raises(DeployError) as refused:
        deploy(program)
    assert str(refused.value).startswith(sentence)


def test_a_provider_of_the_programs_own_is_used(deploy: Deploy) -> None:
    deployment = deploy("""
        provider = aws.Provider("there", region="eu-west-1")
        aws.sqs.Queue("queue", name="q", opts=pulumi.ResourceOptions(provider=provider))
    """)
    assert [resource.type for resource in deployment.resources] == ["pulumi:providers:aws", "aws:sqs/queue:Queue"]


def test_a_look_up_asks_the_provider_that_it_names(deploy: Deploy) -> None:
    deployment = deploy("""
        there = pulumi.InvokeOptions(provider=aws.Provider("there", region="eu-west-1"))
        pulumi.export("regions", [aws.get_region().region, aws.get_region(opts=there).region])
    """)
    assert deployment.outputs == {"regions": ["us-east-1", "eu-west-1"]}


def test_a_program_may_go_on_after_a_look_up_that_failed(deploy: Deploy) -> None:
    deployment = deploy("""
        try:
            aws.s3.get_bucket(bucket="b")
        except Exception as error:
            pulumi.export("failure", str(error))
    """)
    assert deployment.outputs["failure"].startswith("invoke of aws:s3/getBucket:getBucket failed: Could not connect")


def test_what_is_to_stay_stays(deploy: Deploy, provider: PaperProvider) -> None:
    deploy('aws.sqs.Queue("queue", opts=pulumi.ResourceOptions(retain_on_delete=True))').destroy()
    assert provider.removed == []


def test_the_process_is_as_it_was_before(deploy: Deploy) -> None:
    """Several stacks, and tests with mocks of their own, share a process."""

    def state() -> tuple[object, ...]:
        settings = sdk.SETTINGS
        fresh = contextvars.Context().run(lambda: (settings.monitor, settings.project, settings.stack, settings.engine))
        return settings.monitor, settings.project, sdk.get_root_resource(), fresh, sys.modules["__main__"], [*sys.path]

    before = state()
    deploy(CHAIN)
    with pytest.raises(DeployError):
        deploy("raise ValueError")
    deploy(CHAIN)
    assert state() == before


def test_a_program_may_import_what_lies_beside_it(deploy: Deploy, tmp_path: object) -> None:
    from pathlib import Path

    Path(str(tmp_path), "beside_the_program.py").write_text("NAME = 'beside'\n", encoding="utf-8")
    assert deploy("import beside_the_program\npulumi.export('name', beside_the_program.NAME)").outputs == {
        "name": "beside"
    }
