"""State machines."""

from collections.abc import Mapping
from typing import Any, ClassVar

from local_provider.aws import Aws
from local_provider.resources.base import Inputs, Made, Resource, State, given
from local_provider.resources.tags import pairs, retag
from local_provider.values import Plain

__all__ = ["RESOURCES"]


class StateMachine(Resource):
    """A state machine."""

    type = "aws:sfn/stateMachine:StateMachine"
    implements = frozenset({"name", "type", "definition", "roleArn", "tags"})
    inert: ClassVar[Mapping[str, str]] = {
        "loggingConfiguration": "the emulator writes no execution logs",
        "tracingConfiguration": "the emulator has no X-Ray",
    }
    replaces = frozenset({"name", "type"})
    named_by = "name"
    name_limit = 80
    gone = frozenset({"StateMachineDoesNotExist"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        client = aws.client("stepfunctions")
        made = client.create_state_machine(
            name=inputs["name"],
            type=inputs.get("type", "STANDARD"),
            **_configuration(inputs),
            **given(tags=pairs(inputs, "key", "value")),
        )
        return Made(made["stateMachineArn"], _outputs(client, made["stateMachineArn"]))

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Set what it does, its role, logging and tags."""
        client = aws.client("stepfunctions")
        client.update_state_machine(stateMachineArn=resource_id, **_configuration(new))
        retag(
            old,
            new,
            lambda _: client.tag_resource(resourceArn=resource_id, tags=pairs(new, "key", "value")),
            lambda names: client.untag_resource(resourceArn=resource_id, tagKeys=names),
        )
        return _outputs(client, resource_id)

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """Its definition, role and tags."""
        client = aws.client("stepfunctions")
        found = client.describe_state_machine(stateMachineArn=resource_id)
        seen = {"definition": found["definition"], "roleArn": found["roleArn"], **_outputs(client, resource_id)}
        if "tags" in state:
            tags = client.list_tags_for_resource(resourceArn=resource_id)["tags"]
            seen["tags"] = {tag["key"]: tag["value"] for tag in tags}
        return seen

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Stop what still runs (AWS would wait for it), then remove it."""
        client = aws.client("stepfunctions")
        running = client.get_paginator("list_executions").paginate(stateMachineArn=resource_id, statusFilter="RUNNING")
        for execution in [one for page in running for one in page["executions"]]:
            client.stop_execution(executionArn=execution["executionArn"])
        client.delete_state_machine(stateMachineArn=resource_id)


def _configuration(inputs: Inputs) -> dict[str, Any]:
    logging = inputs.get("loggingConfiguration")
    tracing = inputs.get("tracingConfiguration")
    return {
        "definition": inputs["definition"],
        "roleArn": inputs["roleArn"],
        **given(
            loggingConfiguration=None if logging is None else _logging(logging),
            tracingConfiguration=None if tracing is None else {"enabled": bool(tracing.get("enabled"))},
        ),
    }


def _logging(logging: Inputs) -> dict[str, Any]:
    destination = logging.get("logDestination")
    return {
        "level": logging.get("level", "OFF"),
        "includeExecutionData": bool(logging.get("includeExecutionData")),
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}] if destination else [],
    }


def _outputs(client: Any, arn: str) -> dict[str, Plain]:
    found = client.describe_state_machine(stateMachineArn=arn)
    return {"arn": arn, "status": found["status"], "creationDate": found["creationDate"].isoformat()}


RESOURCES = (StateMachine(),)
