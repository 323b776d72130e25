"""Log groups."""

from collections.abc import Mapping
from typing import ClassVar

from local_provider.aws import Aws
from local_provider.resources.base import Inputs, Made, Resource, State, given
from local_provider.resources.tags import retag
from local_provider.values import Plain

__all__ = ["RESOURCES"]


class LogGroup(Resource):
    """A log group; its ARN comes without the `:*` that the service puts behind it."""

    type = "aws:cloudwatch/logGroup:LogGroup"
    implements = frozenset({"name", "kmsKeyId", "tags"})
    inert: ClassVar[Mapping[str, str]] = {"retentionInDays": "the emulator forgets its logs when it stops, not before"}
    replaces = frozenset({"name", "kmsKeyId"})  # the emulator cannot change a group's key
    named_by = "name"
    name_limit = 512

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        name = inputs["name"]
        aws.client("logs").create_log_group(
            logGroupName=name, **given(kmsKeyId=inputs.get("kmsKeyId"), tags=inputs.get("tags"))
        )
        self._retain(aws, name, {}, inputs)
        return Made(name, {"arn": aws.arn("logs", f"log-group:{name}")})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Set its retention and tags."""
        client, arn = aws.client("logs"), old["arn"]
        self._retain(aws, resource_id, old, new)
        retag(
            old,
            new,
            lambda tags: client.tag_resource(resourceArn=arn, tags=tags),
            lambda names: client.untag_resource(resourceArn=arn, tagKeys=names),
        )
        return {"arn": arn}

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """Its key, retention and tags."""
        client = aws.client("logs")
        groups = client.describe_log_groups(logGroupNamePrefix=resource_id)["logGroups"]
        found = {group["logGroupName"]: group for group in groups}.get(resource_id, {})
        arn = aws.arn("logs", f"log-group:{resource_id}")
        tags = client.list_tags_for_resource(resourceArn=arn)["tags"]  # fails when the group is not there
        seen = {key: found.get(key) for key in ("kmsKeyId", "retentionInDays") if key in state}
        return {"arn": arn, **seen, "tags": tags}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it."""
        aws.client("logs").delete_log_group(logGroupName=resource_id)

    def _retain(self, aws: Aws, name: str, old: State, new: Inputs) -> None:
        days = new.get("retentionInDays") or 0
        if days == (old.get("retentionInDays") or 0):
            return
        if days:
            aws.client("logs").put_retention_policy(logGroupName=name, retentionInDays=days)
        else:
            aws.client("logs").delete_retention_policy(logGroupName=name)


RESOURCES = (LogGroup(),)
