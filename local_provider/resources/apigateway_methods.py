"""REST APIs: methods and what answers them."""

from collections.abc import Mapping
from typing import ClassVar

from local_provider.aws import Aws
from local_provider.resources.base import Inputs, Made, Resource, State, given
from local_provider.resources.patches import changes, map_changes
from local_provider.values import Plain

__all__ = ["RESOURCES"]

_WHERE = ("restApi", "resourceId", "httpMethod")


def _address(inputs: Inputs) -> dict[str, str]:
    return {
        "restApiId": inputs["restApi"],
        "resourceId": inputs["resourceId"],
        "httpMethod": inputs["httpMethod"],
    }


class Method(Resource):
    """A method of a path."""

    type = "aws:apigateway/method:Method"
    implements = frozenset(
        {
            *_WHERE,
            "authorization",
            "authorizationScopes",
            "authorizerId",
            "apiKeyRequired",
            "operationName",
            "requestModels",
            "requestParameters",
            "requestValidatorId",
        }
    )
    replaces = frozenset({*_WHERE, "authorizationScopes"})  # the emulator cannot change a list in place

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        members = (
            "authorizationScopes",
            "authorizerId",
            "apiKeyRequired",
            "operationName",
            "requestModels",
            "requestValidatorId",
        )
        aws.client("apigateway").put_method(
            **_address(inputs),
            authorizationType=inputs["authorization"],
            **given(**{key: inputs.get(key) for key in (*members, "requestParameters")}),
        )
        return Made("-".join(("agm", *(inputs[key] for key in _WHERE))), {})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:  # noqa: ARG002
        """Change it without losing its integration."""
        paths = {
            "authorization": "/authorizationType",
            "authorizerId": "/authorizerId",
            "apiKeyRequired": "/apiKeyRequired",
            "operationName": "/operationName",
            "requestValidatorId": "/requestValidatorId",
        }
        patch = changes(old, new, paths) + map_changes(old, new, "requestModels")
        patch += map_changes(old, new, "requestParameters")
        aws.client("apigateway").update_method(**_address(new), patchOperations=patch)
        return {}

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """Who may call it."""
        found = aws.client("apigateway").get_method(**_address(state))
        return {"authorization": found["authorizationType"]}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it."""
        aws.client("apigateway").delete_method(**_address(state))


class Integration(Resource):
    """What answers a method."""

    type = "aws:apigateway/integration:Integration"
    implements = frozenset({*_WHERE, "type", "integrationHttpMethod", "uri", "requestTemplates", "passthroughBehavior"})
    inert: ClassVar[Mapping[str, str]] = {"timeoutMilliseconds": "the emulator waits as long as it takes"}
    replaces = frozenset({*_WHERE, "type"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        aws.client("apigateway").put_integration(
            **_address(inputs),
            type=inputs["type"],
            **given(
                integrationHttpMethod=inputs.get("integrationHttpMethod"),
                uri=inputs.get("uri"),
                timeoutInMillis=inputs.get("timeoutMilliseconds"),
                requestTemplates=inputs.get("requestTemplates"),
                passthroughBehavior=inputs.get("passthroughBehavior"),
            ),
        )
        return Made("-".join(("agi", *(inputs[key] for key in _WHERE))), {})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:  # noqa: ARG002
        """Change it."""
        paths = {
            "integrationHttpMethod": "/httpMethod",
            "uri": "/uri",
            "timeoutMilliseconds": "/timeoutInMillis",
            "passthroughBehavior": "/passthroughBehavior",
        }
        patch = changes(old, new, paths) + map_changes(old, new, "requestTemplates")
        aws.client("apigateway").update_integration(**_address(new), patchOperations=patch)
        return {}

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """What it calls."""
        found = aws.client("apigateway").get_integration(**_address(state))
        return {"uri": found["uri"]} if "uri" in state else {}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it."""
        aws.client("apigateway").delete_integration(**_address(state))


class _Answer(Resource):
    """What a method answers with one status."""

    replaces = frozenset({*_WHERE, "statusCode"})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:  # noqa: ARG002
        """Put it again: that is the whole of it."""
        return self.create(aws, new).outputs


class MethodResponse(_Answer):
    """A status of a method, and the headers that it may have."""

    type = "aws:apigateway/methodResponse:MethodResponse"
    implements = frozenset({*_WHERE, "statusCode", "responseParameters"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Declare it."""
        aws.client("apigateway").put_method_response(
            **_answer_address(inputs), **given(responseParameters=inputs.get("responseParameters"))
        )
        return Made("-".join(("agmr", *_answer_address(inputs).values())), {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """Its headers."""
        found = aws.client("apigateway").get_method_response(**_answer_address(state))
        return {"responseParameters": found.get("responseParameters")} if "responseParameters" in state else {}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it."""
        aws.client("apigateway").delete_method_response(**_answer_address(state))


class IntegrationResponse(_Answer):
    """What a method that no function answers says with a status."""

    type = "aws:apigateway/integrationResponse:IntegrationResponse"
    implements = frozenset({*_WHERE, "statusCode", "responseParameters", "responseTemplates", "selectionPattern"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Set it."""
        members = ("responseParameters", "responseTemplates", "selectionPattern")
        aws.client("apigateway").put_integration_response(
            **_answer_address(inputs), **given(**{key: inputs.get(key) for key in members})
        )
        return Made("-".join(("agir", *_answer_address(inputs).values())), {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """Its headers."""
        found = aws.client("apigateway").get_integration_response(**_answer_address(state))
        return {"responseParameters": found.get("responseParameters")} if "responseParameters" in state else {}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it."""
        aws.client("apigateway").delete_integration_response(**_answer_address(state))


def _answer_address(inputs: Inputs) -> dict[str, str]:
    return _address(inputs) | {"statusCode": inputs["statusCode"]}


RESOURCES = (Method(), Integration(), MethodResponse(), IntegrationResponse())
