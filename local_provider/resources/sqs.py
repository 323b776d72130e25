"""Queues."""

import json
from collections.abc import Mapping
from typing import ClassVar

from local_provider.aws import Aws
from local_provider.resources.base import Gone, Inputs, Made, Resource, Setting, State, given, same_document
from local_provider.resources.tags import retag
from local_provider.values import Plain

__all__ = ["RESOURCES"]

_ATTRIBUTES = {
    "delaySeconds": "DelaySeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
_GONE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})


class Queue(Resource):
    """A standard queue."""

    type = "aws:sqs/queue:Queue"
    implements = frozenset(
        {"name", "delaySeconds", "kmsMasterKeyId", "messageRetentionSeconds", "visibilityTimeoutSeconds", "tags"}
    )
    inert: ClassVar[Mapping[str, str]] = {"sqsManagedSseEnabled": "the emulator keeps everything in memory, in clear"}
    replaces = frozenset({"name"})
    named_by = "name"
    name_limit = 80
    gone = _GONE

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        client = aws.client("sqs")
        url = client.create_queue(
            QueueName=inputs["name"], Attributes=_attributes(inputs), **given(tags=inputs.get("tags"))
        )["QueueUrl"]
        return Made(url, _outputs(aws, url))

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Set its attributes and tags."""
        client = aws.client("sqs")
        client.set_queue_attributes(QueueUrl=resource_id, Attributes=_attributes(new))
        retag(
            old,
            new,
            lambda tags: client.tag_queue(QueueUrl=resource_id, Tags=tags),
            lambda names: client.untag_queue(QueueUrl=resource_id, TagKeys=names),
        )
        return _outputs(aws, resource_id)

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """Its ARN, how long it keeps messages, and its tags."""
        client = aws.client("sqs")
        found = client.get_queue_attributes(QueueUrl=resource_id, AttributeNames=["All"])["Attributes"]
        seen: dict[str, Plain] = {"arn": found["QueueArn"], "url": resource_id}
        if "messageRetentionSeconds" in state:
            seen["messageRetentionSeconds"] = int(found["MessageRetentionPeriod"])
        if "kmsMasterKeyId" in state:
            seen["kmsMasterKeyId"] = found.get("KmsMasterKeyId")
        if "tags" in state:
            seen["tags"] = client.list_queue_tags(QueueUrl=resource_id).get("Tags", {})
        return seen

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it with its messages."""
        aws.client("sqs").delete_queue(QueueUrl=resource_id)


class QueuePolicy(Setting):
    """Who may do what with a queue."""

    type = "aws:sqs/queuePolicy:QueuePolicy"
    implements = frozenset({"queueUrl", "policy"})
    replaces = frozenset({"queueUrl"})
    gone = _GONE

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set it."""
        policy = inputs["policy"]
        text = policy if isinstance(policy, str) else json.dumps(policy)
        aws.client("sqs").set_queue_attributes(QueueUrl=inputs["queueUrl"], Attributes={"Policy": text})
        return Made(inputs["queueUrl"], {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """The policy, in the program's own spelling while it says the same."""
        found = aws.client("sqs").get_queue_attributes(QueueUrl=resource_id, AttributeNames=["Policy"])
        policy = found.get("Attributes", {}).get("Policy")
        if not policy:
            raise Gone(resource_id)
        return {"policy": same_document(state.get("policy"), policy)}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Take it away."""
        aws.client("sqs").set_queue_attributes(QueueUrl=resource_id, Attributes={"Policy": ""})


def _attributes(inputs: Inputs) -> dict[str, str]:
    found = {member: inputs.get(key) for key, member in _ATTRIBUTES.items()}
    return {member: _text(value) for member, value in found.items() if value is not None}


def _text(value: Plain) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _outputs(aws: Aws, url: str) -> dict[str, Plain]:
    found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return {"arn": found["QueueArn"], "url": url}


RESOURCES = (Queue(), QueuePolicy())
