"""What answers a browser's OPTIONS: the gateway itself, without a function."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from async_download.scope import Scope

SUCCESS = "200"
TEMPLATE = '{"statusCode": 200}'


def preflight(
    scope: Scope, api: pulumi.Output[str], part: str, resource: pulumi.Output[str], headers: Mapping[str, str]
) -> list[pulumi.Resource]:
    """An OPTIONS method of one path, open to everyone since browsers send no credentials with it."""
    method = aws.apigateway.Method(
        scope.logical(part),
        rest_api=api,
        resource_id=resource,
        http_method="OPTIONS",
        authorization="NONE",
        api_key_required=False,
        operation_name="preflight",
        opts=scope.named(),
    )
    integration = aws.apigateway.Integration(
        scope.logical(f"{part}-integration"),
        rest_api=api,
        resource_id=resource,
        http_method=method.http_method,
        type="MOCK",
        request_templates={"application/json": TEMPLATE},
        passthrough_behavior="WHEN_NO_MATCH",
        opts=scope.named(method),
    )
    names = [f"method.response.header.{name}" for name in headers]
    declared = aws.apigateway.MethodResponse(
        scope.logical(f"{part}-response"),
        rest_api=api,
        resource_id=resource,
        http_method=method.http_method,
        status_code=SUCCESS,
        response_parameters=dict.fromkeys(names, True),
        opts=scope.named(method),
    )
    answer = aws.apigateway.IntegrationResponse(
        scope.logical(f"{part}-answer"),
        rest_api=api,
        resource_id=resource,
        http_method=method.http_method,
        status_code=declared.status_code,
        response_parameters={name: f"'{value}'" for name, value in zip(names, headers.values(), strict=True)},
        opts=scope.named(integration, declared),
    )
    return [method, integration, declared, answer]
