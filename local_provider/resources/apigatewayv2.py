"""WebSocket APIs."""

from collections.abc import Mapping
from typing import Any, ClassVar

from local_provider.aws import Aws
from local_provider.resources.base import Inputs, Made, Resource, State, given, renamed
from local_provider.resources.tags import retag
from local_provider.values import Plain

__all__ = ["RESOURCES"]


def _members(inputs: Inputs, *names: str) -> dict[str, Any]:
    return dict(renamed({name: inputs[name] for name in names if inputs.get(name) is not None}))


class Api(Resource):
    """A WebSocket API."""

    type = "aws:apigatewayv2/api:Api"
    _MUTABLE = ("name", "description", "routeSelectionExpression", "apiKeySelectionExpression")
    implements = frozenset({*_MUTABLE, "protocolType", "tags"})
    replaces = frozenset({"protocolType"})
    named_by = "name"
    name_limit = 128

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        made = aws.client("apigatewayv2").create_api(
            ProtocolType=inputs["protocolType"],
            **_members(inputs, *self._MUTABLE),
            **given(Tags=inputs.get("tags")),
        )
        return Made(made["ApiId"], self._outputs(aws, made))

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Set its name, description, expressions and tags."""
        client = aws.client("apigatewayv2")
        made = client.update_api(ApiId=resource_id, **{"Description": "", **_members(new, *self._MUTABLE)})
        _retag(client, f"arn:aws:apigateway:{aws.region}::/apis/{resource_id}", old, new)
        return self._outputs(aws, made)

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """Its name, description and tags."""
        client = aws.client("apigatewayv2")
        found = client.get_api(ApiId=resource_id)
        outputs = self._outputs(aws, found)
        return {**_seen(found, state, *self._MUTABLE), **_tags(client, outputs["arn"]), **outputs}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it with everything in it."""
        aws.client("apigatewayv2").delete_api(ApiId=resource_id)

    def _outputs(self, aws: Aws, found: Mapping[str, Any]) -> dict[str, Plain]:
        return {
            "arn": f"arn:aws:apigateway:{aws.region}::/apis/{found['ApiId']}",
            "apiEndpoint": found["ApiEndpoint"],
            "executionArn": aws.arn("execute-api", found["ApiId"]),
        }


class Integration(Resource):
    """What answers a route."""

    type = "aws:apigatewayv2/integration:Integration"
    implements = frozenset({"apiId", "integrationType", "integrationUri", "description"})
    inert: ClassVar[Mapping[str, str]] = {
        "integrationMethod": "functions are always called by POST",
        "timeoutMilliseconds": "the emulator waits as long as it takes",
    }
    replaces = frozenset({"apiId", "integrationType"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        made = aws.client("apigatewayv2").create_integration(ApiId=inputs["apiId"], **self._wanted(inputs))
        return Made(made["IntegrationId"], {})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:  # noqa: ARG002
        """Change it."""
        aws.client("apigatewayv2").update_integration(
            ApiId=new["apiId"], IntegrationId=resource_id, **self._wanted(new)
        )
        return {}

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """What it calls."""
        found = aws.client("apigatewayv2").get_integration(ApiId=state["apiId"], IntegrationId=resource_id)
        return _seen(found, state, "integrationUri", "description")

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:
        """Remove it."""
        aws.client("apigatewayv2").delete_integration(ApiId=state["apiId"], IntegrationId=resource_id)

    def _wanted(self, inputs: Inputs) -> dict[str, Any]:
        wanted = _members(inputs, "integrationType", "integrationUri", "integrationMethod", "description")
        return wanted | given(TimeoutInMillis=inputs.get("timeoutMilliseconds"))


class Route(Resource):
    """Which messages go where."""

    type = "aws:apigatewayv2/route:Route"
    _MUTABLE = ("routeKey", "target", "authorizationType", "authorizerId", "operationName")
    implements = frozenset({"apiId", *_MUTABLE})
    replaces = frozenset({"apiId"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        made = aws.client("apigatewayv2").create_route(ApiId=inputs["apiId"], **_members(inputs, *self._MUTABLE))
        return Made(made["RouteId"], {})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:  # noqa: ARG002
        """Change it."""
        aws.client("apigatewayv2").update_route(
            ApiId=new["apiId"], RouteId=resource_id, **_members(new, *self._MUTABLE)
        )
        return {}

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """Its key and target."""
        found = aws.client("apigatewayv2").get_route(ApiId=state["apiId"], RouteId=resource_id)
        return _seen(found, state, "routeKey", "target", "authorizationType")

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:
        """Remove it."""
        aws.client("apigatewayv2").delete_route(ApiId=state["apiId"], RouteId=resource_id)


class Stage(Resource):
    """An API under a name."""

    type = "aws:apigatewayv2/stage:Stage"
    _MUTABLE = ("description", "autoDeploy", "defaultRouteSettings", "accessLogSettings", "stageVariables")
    implements = frozenset({"apiId", "name", "description", "autoDeploy", "tags"})
    inert: ClassVar[Mapping[str, str]] = {
        "accessLogSettings.destinationArn": "the emulator writes no access logs",
        "accessLogSettings.format": "the emulator writes no access logs",
        "defaultRouteSettings.dataTraceEnabled": "the emulator writes no execution logs",
        "defaultRouteSettings.detailedMetricsEnabled": "the emulator keeps no metrics",
        "defaultRouteSettings.loggingLevel": "the emulator writes no execution logs",
        "defaultRouteSettings.throttlingBurstLimit": "the emulator does not throttle WebSocket APIs",
        "defaultRouteSettings.throttlingRateLimit": "the emulator does not throttle WebSocket APIs",
    }
    replaces = frozenset({"apiId", "name"})
    named_by = "name"
    name_limit = 128

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        aws.client("apigatewayv2").create_stage(
            ApiId=inputs["apiId"],
            StageName=inputs["name"],
            **_members(inputs, *self._MUTABLE),
            **given(Tags=inputs.get("tags")),
        )
        return Made(inputs["name"], self._outputs(aws, inputs))

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Change its settings and tags."""
        client, outputs = aws.client("apigatewayv2"), self._outputs(aws, new)
        client.update_stage(
            ApiId=new["apiId"], StageName=resource_id, **{"Description": "", **_members(new, *self._MUTABLE)}
        )
        _retag(client, outputs["arn"], old, new)
        return outputs

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """Its description, whether it deploys itself, and its tags."""
        client = aws.client("apigatewayv2")
        found = client.get_stage(ApiId=state["apiId"], StageName=resource_id)
        return {**_seen(found, state, "description", "autoDeploy"), **_tags(client, state["arn"])}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:
        """Remove it."""
        aws.client("apigatewayv2").delete_stage(ApiId=state["apiId"], StageName=resource_id)

    def _outputs(self, aws: Aws, inputs: Inputs) -> dict[str, Plain]:
        api, stage = inputs["apiId"], inputs["name"]
        return {
            "arn": f"arn:aws:apigateway:{aws.region}::/apis/{api}/stages/{stage}",
            "executionArn": aws.arn("execute-api", f"{api}/{stage}"),
            "invokeUrl": f"ws{aws.endpoint.removeprefix('http')}/_aws/execute-api/{api}/{stage}",
        }


def _seen(found: Mapping[str, Any], state: State, *names: str) -> dict[str, Plain]:
    return {name: found.get(name[0].upper() + name[1:]) for name in names if name in state}


def _tags(client: Any, arn: str) -> dict[str, Plain]:
    return {"tags": client.get_tags(ResourceArn=arn)["Tags"]}


def _retag(client: Any, arn: str, old: State, new: Inputs) -> None:
    retag(
        old,
        new,
        lambda tags: client.tag_resource(ResourceArn=arn, Tags=tags),
        lambda names: client.untag_resource(ResourceArn=arn, TagKeys=names),
    )


RESOURCES = (Api(), Integration(), Route(), Stage())
