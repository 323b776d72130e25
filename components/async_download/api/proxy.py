"""Lambda proxy integration of a method of the REST API."""

import pulumi
import pulumi_aws as aws

from async_download.functions.lambda_functions import permit_invocation
from async_download.scope import Scope

INTEGRATION_MS = 29_000
"""Time-out of an integration, for the WebSocket API as well: the longest that API Gateway allows by default."""


def invoke_function(
    scope: Scope,
    part: str,
    api: aws.apigateway.RestApi,
    method: aws.apigateway.Method,
    function: aws.lambda_.Function,
    permission_path: str,
) -> list[pulumi.Resource]:
    """Have a method invoke a function; return the method, its integration and the permission to invoke.

    `permission_path` is the method and the path of the calls that may invoke the function, such as `GET/page/*`.
    """
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
    source = pulumi.Output.concat(api.execution_arn, f"/{scope.settings.api.stage_name}/{permission_path}")
    return [method, integration, permit_invocation(scope, part, function, "apigateway.amazonaws.com", source)]
