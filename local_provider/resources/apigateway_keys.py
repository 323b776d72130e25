"""REST APIs: keys and the plans that they are part of."""

from typing import Any

from local_provider.aws import Aws
from local_provider.resources.base import Inputs, Made, Resource, State, given
from local_provider.resources.patches import changes, retag_api, tags_of
from local_provider.values import Plain

__all__ = ["RESOURCES"]


class ApiKey(Resource):
    """A key."""

    type = "aws:apigateway/apiKey:ApiKey"
    implements = frozenset({"name", "description", "enabled", "value", "tags"})
    replaces = frozenset({"value"})
    computed = frozenset({"region", "value"})
    named_by = "name"

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it; enabled unless told otherwise."""
        client = aws.client("apigateway")
        made = client.create_api_key(
            name=inputs["name"],
            enabled=inputs.get("enabled") is not False,
            **given(description=inputs.get("description"), value=inputs.get("value"), tags=inputs.get("tags")),
        )
        outputs = self._outputs(aws, made["id"])
        retag_api(client, outputs["arn"], {}, inputs)
        return Made(made["id"], outputs)

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Set its name, description, tags, and whether it opens anything."""
        client, outputs = aws.client("apigateway"), self._outputs(aws, resource_id)
        patch = changes(old, new, {"name": "/name", "description": "/description", "enabled": "/enabled"})
        client.update_api_key(apiKey=resource_id, patchOperations=patch)
        retag_api(client, outputs["arn"], old, new)
        return outputs

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """Its value, description and tags."""
        client, outputs = aws.client("apigateway"), self._outputs(aws, resource_id)
        found = client.get_api_key(apiKey=resource_id)
        return {"description": found.get("description"), "tags": tags_of(client, outputs["arn"]), **outputs}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it."""
        aws.client("apigateway").delete_api_key(apiKey=resource_id)

    def _outputs(self, aws: Aws, key: str) -> dict[str, Plain]:
        found = aws.client("apigateway").get_api_key(apiKey=key, includeValue=True)
        return {"arn": f"arn:aws:apigateway:{aws.region}::/apikeys/{key}", "value": found["value"]}


class UsagePlan(Resource):
    """What the keys of a plan may call, and how often."""

    type = "aws:apigateway/usagePlan:UsagePlan"
    implements = frozenset(
        {
            "name",
            "description",
            "apiStages.apiId",
            "apiStages.stage",
            "throttleSettings.rateLimit",
            "throttleSettings.burstLimit",
            "quotaSettings.limit",
            "quotaSettings.period",
            "tags",
        }
    )
    named_by = "name"

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        client = aws.client("apigateway")
        made = client.create_usage_plan(
            name=inputs["name"],
            **given(
                description=inputs.get("description"),
                apiStages=[{"apiId": one["apiId"], "stage": one["stage"]} for one in inputs.get("apiStages") or []],
                throttle=inputs.get("throttleSettings"),
                quota=inputs.get("quotaSettings"),
                tags=inputs.get("tags"),
            ),
        )
        outputs = self._outputs(aws, made["id"])
        retag_api(client, outputs["arn"], {}, inputs)
        return Made(made["id"], outputs)

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Set what it allows."""
        client, outputs = aws.client("apigateway"), self._outputs(aws, resource_id)
        patch = changes(old, new, {"name": "/name", "description": "/description"})
        throttle = {"rateLimit": "/throttle/rateLimit", "burstLimit": "/throttle/burstLimit"}
        patch += changes(old.get("throttleSettings") or {}, new.get("throttleSettings") or {}, throttle)
        patch += _quota_changes(old.get("quotaSettings") or {}, new.get("quotaSettings") or {})
        patch += _moved(old.get("apiStages") or [], new.get("apiStages") or [])
        client.update_usage_plan(usagePlanId=resource_id, patchOperations=patch)
        retag_api(client, outputs["arn"], old, new)
        return outputs

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """Its description, limits and tags."""
        client, outputs = aws.client("apigateway"), self._outputs(aws, resource_id)
        found = client.get_usage_plan(usagePlanId=resource_id)
        throttle = found.get("throttle") or {}
        limits = {name: _number(throttle[name]) for name in ("rateLimit", "burstLimit") if name in throttle}
        quota = found.get("quota") or {}
        seen = {"description": found.get("description"), "throttleSettings": limits or None}
        seen["quotaSettings"] = {"limit": int(quota["limit"]), "period": quota["period"]} if quota else None
        return {**seen, "tags": tags_of(client, outputs["arn"]), **outputs}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:
        """Take its stages away, as the service wants, and remove it."""
        client = aws.client("apigateway")
        if patch := _moved(state.get("apiStages") or [], []):
            client.update_usage_plan(usagePlanId=resource_id, patchOperations=patch)
        client.delete_usage_plan(usagePlanId=resource_id)

    def _outputs(self, aws: Aws, plan: str) -> dict[str, Plain]:
        return {"arn": f"arn:aws:apigateway:{aws.region}::/usageplans/{plan}"}


class UsagePlanKey(Resource):
    """A key's place in a plan."""

    type = "aws:apigateway/usagePlanKey:UsagePlanKey"
    implements = frozenset({"keyId", "keyType", "usagePlanId"})
    replaces = implements

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Put the key into the plan."""
        made = aws.client("apigateway").create_usage_plan_key(**{key: inputs[key] for key in sorted(self.implements)})
        return Made(made["id"], {"name": made.get("name", ""), "value": made.get("value", "")})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:  # noqa: ARG002
        """Nothing: every change replaces it."""
        return {}

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """See whether the key is in the plan."""
        aws.client("apigateway").get_usage_plan_key(usagePlanId=state["usagePlanId"], keyId=state["keyId"])
        return {}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Take the key out of the plan."""
        aws.client("apigateway").delete_usage_plan_key(usagePlanId=state["usagePlanId"], keyId=state["keyId"])


def _number(value: float | str) -> Plain:
    """A patched limit comes back as text."""
    number = float(value)
    return int(number) if number.is_integer() else number


def _quota_changes(old: Inputs, new: Inputs) -> list[dict[str, str]]:
    """Return the patch for a quota, which is removed as a whole."""
    if old and not new:
        return [{"op": "remove", "path": "/quota"}]
    return changes(old, new, {"limit": "/quota/limit", "period": "/quota/period"})


def _moved(before: list[Any], after: list[Any]) -> list[dict[str, str]]:
    old, new = ({f"{one['apiId']}:{one['stage']}" for one in stages} for stages in (before, after))
    return [{"op": "remove", "path": "/apiStages", "value": stage} for stage in sorted(old - new)] + [
        {"op": "add", "path": "/apiStages", "value": stage} for stage in sorted(new - old)
    ]


RESOURCES = (ApiKey(), UsagePlan(), UsagePlanKey())
