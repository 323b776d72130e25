"""The REST API that the routes are added to: a new one, or an existing one that belongs to the stack's owner."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from async_download.scope import Scope
from async_download.settings.checks import InvalidSetting

Paths = Mapping[tuple[str, ...], aws.apigateway.Resource]
FIRST_PATH = ("downloads",)


@dataclass(frozen=True)
class RestBase:
    """A REST API, and the resource under which the routes are."""

    id: pulumi.Output[str]
    root_resource_id: pulumi.Output[str]
    execution_arn: pulumi.Output[str]


def create_api(scope: Scope, name: str) -> RestBase:
    """Create a REST API, whose root resource the routes are under."""
    api = aws.apigateway.RestApi(
        scope.logical("rest-api"),
        name=name,
        description="Ask for downloads.",
        endpoint_configuration={"types": "REGIONAL"},
        disable_execute_api_endpoint=scope.settings.api.disable_execute_api_endpoint or None,
        tags=scope.tags,
        opts=scope.options(protect=True),
    )
    return RestBase(api.id, api.root_resource_id, api.execution_arn)


def existing_api(
    rest_api_id: pulumi.Input[str], root_resource_id: pulumi.Input[str] | None, socket_api: aws.apigatewayv2.Api
) -> RestBase:
    """Return an existing API of the stack's account and region, which are those of its WebSocket API."""
    api = pulumi.Output.from_input(rest_api_id)
    execution_arn = pulumi.Output.all(socket_api.execution_arn, api).apply(
        lambda values: f"{values[0].rpartition(':')[0]}:{values[1]}"
    )
    return RestBase(api, pulumi.Output.from_input(root_resource_id or ""), execution_arn)


def base_path(paths: Paths) -> pulumi.Output[str]:
    """Return the path of the resource that the routes are under, such as `/files`; empty for the root of the API.

    Raises:
        InvalidSetting: The path has parameters, so that the URL of the routes is unknown.
    """
    return paths[FIRST_PATH].path.apply(_base_of)


def _base_of(path: str) -> str:
    base = path.removesuffix("/" + "/".join(FIRST_PATH))
    if "{" in base:
        raise InvalidSetting("api.root_resource_id", base, "a resource without parameters in its path")
    return base
