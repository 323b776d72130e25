"""REST APIs: authorizers."""

from typing import Any

from local_provider.aws import Aws
from local_provider.resources.base import Inputs, Made, Resource, State, given
from local_provider.resources.patches import changes
from local_provider.values import Plain

__all__ = ["RESOURCES"]


class Authorizer(Resource):
    """A function or user pools that decide about callers."""

    type = "aws:apigateway/authorizer:Authorizer"
    implements = frozenset(
        {
            "restApi",
            "name",
            "type",
            "authorizerUri",
            "identitySource",
            "authorizerResultTtlInSeconds",
            "providerArns",
        }
    )
    replaces = frozenset({"restApi", "type", "providerArns"})  # the emulator cannot change a list in place
    named_by = "name"
    name_limit = 128

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        made = aws.client("apigateway").create_authorizer(
            restApiId=inputs["restApi"],
            name=inputs["name"],
            type=inputs.get("type", "TOKEN"),
            **given(
                authorizerUri=inputs.get("authorizerUri"),
                identitySource=inputs.get("identitySource"),
                authorizerResultTtlInSeconds=inputs.get("authorizerResultTtlInSeconds"),
                providerARNs=inputs.get("providerArns"),
            ),
        )
        return Made(made["id"], self._outputs(aws, inputs, made["id"]))

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Set whom it asks, and by what."""
        paths = {key: f"/{key}" for key in ("name", "authorizerUri", "identitySource", "authorizerResultTtlInSeconds")}
        aws.client("apigateway").update_authorizer(
            restApiId=new["restApi"], authorizerId=resource_id, patchOperations=changes(old, new, paths)
        )
        return self._outputs(aws, new, resource_id)

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """Whom it asks, and by what."""
        found: dict[str, Any] = aws.client("apigateway").get_authorizer(
            restApiId=state["restApi"], authorizerId=resource_id
        )
        members = ("name", "type", "authorizerUri", "identitySource")
        seen = {key: found.get(key) for key in members if key in state}
        if "providerArns" in state:
            seen["providerArns"] = found.get("providerARNs")
        if "authorizerResultTtlInSeconds" in state:
            seen["authorizerResultTtlInSeconds"] = int(found["authorizerResultTtlInSeconds"])
        return seen | self._outputs(aws, state, resource_id)

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:
        """Remove it."""
        aws.client("apigateway").delete_authorizer(restApiId=state["restApi"], authorizerId=resource_id)

    def _outputs(self, aws: Aws, inputs: Inputs, authorizer: str) -> dict[str, Plain]:
        return {"arn": f"arn:aws:apigateway:{aws.region}::/restapis/{inputs['restApi']}/authorizers/{authorizer}"}


RESOURCES = (Authorizer(),)
