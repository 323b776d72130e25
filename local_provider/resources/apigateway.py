"""REST APIs: the API, its paths, models, validators and the gateway's own answers."""

from collections.abc import Mapping
from typing import Any, ClassVar

from local_provider.aws import Aws
from local_provider.resources.base import Inputs, Made, Resource, Setting, State, given
from local_provider.resources.patches import changes, retag_api, tags_of
from local_provider.values import Plain

__all__ = ["RESOURCES"]


class RestApi(Resource):
    """A REST API."""

    type = "aws:apigateway/restApi:RestApi"
    implements = frozenset({"name", "description", "apiKeySource", "binaryMediaTypes", "tags"})
    inert: ClassVar[Mapping[str, str]] = {
        "endpointConfiguration.types": "the emulator serves every API on its own port"
    }
    named_by = "name"
    name_limit = 128

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        endpoint = inputs.get("endpointConfiguration")
        made = aws.client("apigateway").create_rest_api(
            name=inputs["name"],
            **given(
                description=inputs.get("description"),
                apiKeySource=inputs.get("apiKeySource"),
                binaryMediaTypes=inputs.get("binaryMediaTypes"),
                endpointConfiguration={"types": [endpoint["types"]]} if endpoint else None,
                tags=inputs.get("tags"),
            ),
        )
        return Made(made["id"], self._outputs(aws, made))

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Set its name, description and tags."""
        client = aws.client("apigateway")
        patch = changes(old, new, {"name": "/name", "description": "/description"})
        client.update_rest_api(restApiId=resource_id, patchOperations=patch)
        retag_api(client, f"arn:aws:apigateway:{aws.region}::/restapis/{resource_id}", old, new)
        return self._outputs(aws, client.get_rest_api(restApiId=resource_id))

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """Its name, description and tags."""
        client = aws.client("apigateway")
        found = client.get_rest_api(restApiId=resource_id)
        outputs = self._outputs(aws, found)
        seen = {key: found.get(key) for key in ("name", "description") if key in state}
        return {**seen, "tags": tags_of(client, outputs["arn"]), **outputs}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it with everything in it."""
        aws.client("apigateway").delete_rest_api(restApiId=resource_id)

    def _outputs(self, aws: Aws, found: Mapping[str, Any]) -> dict[str, Plain]:
        resources = aws.client("apigateway").get_resources(restApiId=found["id"], limit=500)["items"]
        return {
            "arn": f"arn:aws:apigateway:{aws.region}::/restapis/{found['id']}",
            "createdDate": found["createdDate"].isoformat(),
            "executionArn": aws.arn("execute-api", found["id"]),
            "rootResourceId": next(one["id"] for one in resources if one["path"] == "/"),
        }


class PathPart(Resource):
    """A path of a REST API."""

    type = "aws:apigateway/resource:Resource"
    implements = frozenset({"restApi", "parentId", "pathPart"})
    replaces = frozenset({"restApi", "parentId"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        made = aws.client("apigateway").create_resource(
            restApiId=inputs["restApi"], parentId=inputs["parentId"], pathPart=inputs["pathPart"]
        )
        return Made(made["id"], {"path": made["path"]})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Rename it."""
        patch = changes(old, new, {"pathPart": "/pathPart"})
        made = aws.client("apigateway").update_resource(
            restApiId=new["restApi"], resourceId=resource_id, patchOperations=patch
        )
        return {"path": made["path"]}

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """Its path."""
        found = aws.client("apigateway").get_resource(restApiId=state["restApi"], resourceId=resource_id)
        return {"path": found["path"], "pathPart": found["pathPart"]}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:
        """Remove it."""
        aws.client("apigateway").delete_resource(restApiId=state["restApi"], resourceId=resource_id)


class Model(Resource):
    """The JSON schema of a body."""

    type = "aws:apigateway/model:Model"
    implements = frozenset({"restApi", "name", "description", "contentType", "schema"})
    replaces = frozenset({"restApi", "name", "contentType"})
    named_by = "name"

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        made = aws.client("apigateway").create_model(
            restApiId=inputs["restApi"],
            name=inputs["name"],
            contentType=inputs["contentType"],
            **given(description=inputs.get("description"), schema=inputs.get("schema")),
        )
        return Made(made["id"], {})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:  # noqa: ARG002
        """Set its schema and description."""
        patch = changes(old, new, {"schema": "/schema", "description": "/description"})
        aws.client("apigateway").update_model(restApiId=new["restApi"], modelName=new["name"], patchOperations=patch)
        return {}

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """Its schema."""
        found = aws.client("apigateway").get_model(restApiId=state["restApi"], modelName=state["name"])
        return {"schema": found.get("schema")}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it."""
        aws.client("apigateway").delete_model(restApiId=state["restApi"], modelName=state["name"])


class RequestValidator(Resource):
    """What of a request is checked before a function sees it."""

    type = "aws:apigateway/requestValidator:RequestValidator"
    _FLAGS = ("validateRequestBody", "validateRequestParameters")
    implements = frozenset({"restApi", "name", *_FLAGS})
    replaces = frozenset({"restApi"})
    named_by = "name"

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        flags = {flag: bool(inputs.get(flag)) for flag in self._FLAGS}
        made = aws.client("apigateway").create_request_validator(
            restApiId=inputs["restApi"], name=inputs["name"], **flags
        )
        return Made(made["id"], {})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Set what is checked."""
        patch = changes(old, new, {key: f"/{key}" for key in ("name", *self._FLAGS)})
        aws.client("apigateway").update_request_validator(
            restApiId=new["restApi"], requestValidatorId=resource_id, patchOperations=patch
        )
        return {}

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """What is checked."""
        found = aws.client("apigateway").get_request_validator(
            restApiId=state["restApi"], requestValidatorId=resource_id
        )
        return {key: found[key] for key in self._FLAGS if key in state}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:
        """Remove it."""
        aws.client("apigateway").delete_request_validator(restApiId=state["restApi"], requestValidatorId=resource_id)


class GatewayResponse(Setting):
    """What the gateway itself answers when it refuses a call."""

    type = "aws:apigateway/response:Response"
    implements = frozenset({"restApiId", "responseType", "statusCode", "responseTemplates", "responseParameters"})
    replaces = frozenset({"restApiId", "responseType"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set it."""
        api, kind = inputs["restApiId"], inputs["responseType"]
        members = ("statusCode", "responseTemplates", "responseParameters")
        aws.client("apigateway").put_gateway_response(
            restApiId=api, responseType=kind, **given(**{key: inputs.get(key) for key in members})
        )
        return Made(f"aggr-{api}-{kind}", {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """Its status, body and headers."""
        found = aws.client("apigateway").get_gateway_response(
            restApiId=state["restApiId"], responseType=state["responseType"]
        )
        return {
            key: found.get(key) for key in ("statusCode", "responseTemplates", "responseParameters") if key in state
        }

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Back to the service's own answer."""
        aws.client("apigateway").delete_gateway_response(
            restApiId=state["restApiId"], responseType=state["responseType"]
        )


RESOURCES = (RestApi(), PathPart(), Model(), RequestValidator(), GatewayResponse())
