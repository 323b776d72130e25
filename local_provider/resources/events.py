"""Rules of EventBridge and whom they tell."""

from collections.abc import Mapping
from typing import ClassVar

from local_provider.aws import Aws
from local_provider.resources.base import Gone, Inputs, Made, Setting, State, as_inputs, given, renamed
from local_provider.resources.tags import pairs, retag
from local_provider.values import Plain

__all__ = ["RESOURCES"]


class EventRule(Setting):
    """A rule on the default event bus."""

    type = "aws:cloudwatch/eventRule:EventRule"
    implements = frozenset({"name", "description", "eventPattern", "scheduleExpression", "state", "tags"})
    replaces = frozenset({"name"})
    named_by = "name"

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set it."""
        arn = aws.client("events").put_rule(
            Name=inputs["name"],
            **given(
                Description=inputs.get("description"),
                EventPattern=inputs.get("eventPattern"),
                ScheduleExpression=inputs.get("scheduleExpression"),
                State=inputs.get("state"),
                Tags=pairs(inputs),
            ),
        )["RuleArn"]
        return Made(inputs["name"], {"arn": arn})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Set it again, and its tags."""
        client = aws.client("events")
        outputs = super().update(aws, resource_id, old, {key: new[key] for key in new if key != "tags"})
        retag(
            old,
            new,
            lambda _: client.tag_resource(ResourceARN=outputs["arn"], Tags=pairs(new)),
            lambda names: client.untag_resource(ResourceARN=outputs["arn"], TagKeys=names),
        )
        return outputs

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """What it listens to and whether it does."""
        found = aws.client("events").describe_rule(Name=resource_id)
        members = {"description": "Description", "eventPattern": "EventPattern", "state": "State"}
        return {"arn": found["Arn"], **{key: found.get(member) for key, member in members.items() if key in state}}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it."""
        aws.client("events").delete_rule(Name=resource_id)


class EventTarget(Setting):
    """Whom a rule tells."""

    type = "aws:cloudwatch/eventTarget:EventTarget"
    implements = frozenset({"rule", "targetId", "arn"})
    inert: ClassVar[Mapping[str, str]] = {
        "deadLetterConfig.arn": "the emulator does not keep events that a target refused",
        "retryPolicy.maximumEventAgeInSeconds": "the emulator tells a target once",
        "retryPolicy.maximumRetryAttempts": "the emulator tells a target once",
    }
    replaces = frozenset({"rule", "targetId"})
    _NESTED = ("deadLetterConfig", "retryPolicy")
    named_by = "targetId"

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set it."""
        target = {
            "Id": inputs["targetId"],
            "Arn": inputs["arn"],
            **given(
                DeadLetterConfig=renamed(inputs.get("deadLetterConfig")),
                RetryPolicy=renamed(inputs.get("retryPolicy")),
            ),
        }
        answer = aws.client("events").put_targets(Rule=inputs["rule"], Targets=[target])
        if answer["FailedEntryCount"]:
            raise ValueError(answer["FailedEntries"][0]["ErrorMessage"])
        return Made(f"{inputs['rule']}-{inputs['targetId']}", {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """Whom the rule tells, and how often it tries."""
        targets = aws.client("events").list_targets_by_rule(Rule=state["rule"])["Targets"]
        found = {target["Id"]: target for target in targets}.get(state["targetId"])
        if found is None:
            raise Gone(resource_id)
        seen = {name: as_inputs(found.get(name[0].upper() + name[1:])) for name in self._NESTED if name in state}
        return {"arn": found["Arn"], **seen}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it."""
        aws.client("events").remove_targets(Rule=state["rule"], Ids=[state["targetId"]])


RESOURCES = (EventRule(), EventTarget())
