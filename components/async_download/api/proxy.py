"""Lambda proxy integration of a method of the REST API."""

import pulumi
import pulumi_aws as aws

from async_download.api.rest_base import RestBase
from async_download.functions.lambda_functions import permit_invocation
from async_download.scope import Scope

INTEGRATION_MS = 29_000
"""Time-out of an integration, for the WebSocket API as well: the longest that API Gateway allows by default."""


def permission_source(
    scope: Scope, api: RestBase, base_path: pulumi.Output[str], permission_path: str
) -> pulumi.Output[str]:
    """Return the ARN of the calls that may invoke a function; `permission_path` is for instance `GET/page/*`."""
    verb, _, path = permission_path.partition("/")
    return pulumi.Output.concat(api.execution_arn, f"/{scope.settings.api.stage_name}/{verb}", base_path, f"/{path}")


def invoke_function(
    scope: Scope,
    part: str,
    api: RestBase,
    method: aws.apigateway.Method,
    function: aws.lambda_.Function,
    source: pulumi.Output[str],
) -> list[pulumi.Resource]:
    """Have a method invoke a function for calls from `source`; return the method, its integration and permission."""
    integration = aws.apigateway.Integration(
        scope.logical(f"{part}-integration"),
        rest_api=api.id,
        resource_id=method.resource_id,
        http_method=method.http_method,
        type="AWS_PROXY",
        integration_http_method="POST",
        uri=function.invoke_arn,
        timeout_milliseconds=INTEGRATION_MS,
        opts=scope.options(method, delete_before_replace=True),
    )
    return [method, integration, permit_invocation(scope, part, function, "apigateway.amazonaws.com", source)]
