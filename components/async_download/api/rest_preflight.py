"""OPTIONS methods, which the gateway answers without a function."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from async_download.scope import Scope

SUCCESS = "200"
TEMPLATE = '{"statusCode": 200}'


def preflight(
    scope: Scope, api: pulumi.Output[str], part: str, resource: pulumi.Output[str], headers: Mapping[str, str]
) -> list[pulumi.Resource]:
    """Create the OPTIONS method of one path, open to everyone since browsers send no credentials with it."""
    method = aws.apigateway.Method(
        scope.logical(part),
        rest_api=api,
        resource_id=resource,
        http_method="OPTIONS",
        authorization="NONE",
        api_key_required=False,
        operation_name="preflight",
        opts=scope.options(delete_before_replace=True),
    )
    integration = aws.apigateway.Integration(
        scope.logical(f"{part}-integration"),
        rest_api=api,
        resource_id=resource,
        http_method=method.http_method,
        type="MOCK",
        request_templates={"application/json": TEMPLATE},
        passthrough_behavior="WHEN_NO_MATCH",
        opts=scope.options(method, delete_before_replace=True),
    )
    parameters = [f"method.response.header.{name}" for name in headers]
    method_response = aws.apigateway.MethodResponse(
        scope.logical(f"{part}-response"),
        rest_api=api,
        resource_id=resource,
        http_method=method.http_method,
        status_code=SUCCESS,
        response_parameters=dict.fromkeys(parameters, True),
        opts=scope.options(method, delete_before_replace=True),
    )
    response = aws.apigateway.IntegrationResponse(
        scope.logical(f"{part}-answer"),
        rest_api=api,
        resource_id=resource,
        http_method=method.http_method,
        status_code=method_response.status_code,
        response_parameters={name: f"'{value}'" for name, value in zip(parameters, headers.values(), strict=True)},
        opts=scope.options(integration, method_response, delete_before_replace=True),
    )
    return [method, integration, method_response, response]
