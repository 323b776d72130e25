"""The WebSocket API: clients connect with a ticket, get messages and send actions."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from async_download.api.proxy import INTEGRATION_MS
from async_download.functions.lambda_functions import permit_invocation
from async_download.names import FunctionName, hyphenated
from async_download.observability import SOCKET_FIELDS, AccessLogs
from async_download.scope import Scope

ROUTES: dict[str, FunctionName] = {
    "$connect": "connect",
    "$disconnect": "disconnect",
    "$default": "message",
    "status": "message",
    "refresh": "message",
    "cancel": "message",
    "ping": "message",
}


Functions = Mapping[FunctionName, aws.lambda_.Function]


class WebSocketApi:
    """The API, whose id others need, and its routes and stage, which need the functions."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.api = aws.apigatewayv2.Api(
            scope.logical("socket-api"),
            name=scope.physical("socket"),
            description="Notifies clients of their downloads.",
            protocol_type="WEBSOCKET",
            route_selection_expression="$request.body.action",
            tags=scope.tags,
            opts=scope.options(protect=True),
        )

    def serve(self, functions: Functions, logs: AccessLogs, *depends_on: pulumi.Resource) -> aws.apigatewayv2.Stage:
        """Create routes and stage; the stage deploys each change itself."""
        scope, settings = self._scope, self._scope.settings
        return aws.apigatewayv2.Stage(
            scope.logical("socket-stage"),
            api_id=self.api.id,
            name=settings.api.stage_name,
            description="Notifies clients of their downloads.",
            auto_deploy=True,
            default_route_settings={
                "throttling_rate_limit": settings.api.throttle_rate,
                "throttling_burst_limit": settings.api.throttle_burst,
                "data_trace_enabled": False,
                "logging_level": "OFF",
                "detailed_metrics_enabled": False,
            },
            access_log_settings=logs.of("socket", SOCKET_FIELDS),
            tags=scope.tags,
            opts=scope.options(*self._routes(functions), *logs.ready, *depends_on, delete_before_replace=True),
        )

    def _routes(self, functions: Functions) -> list[pulumi.Resource]:
        scope = self._scope
        targets = {name: self._target(name, functions) for name in dict.fromkeys(ROUTES.values())}
        routes: list[pulumi.Resource] = []
        for route_key, name in ROUTES.items():
            part = f"socket-{route_key.strip('$')}"
            route = aws.apigatewayv2.Route(
                scope.logical(part),
                api_id=self.api.id,
                route_key=route_key,
                target=targets[name],
                authorization_type="NONE",  # the ticket is checked in the function: the gateway knows no secrets
                operation_name=name,
                opts=scope.options(delete_before_replace=True),
            )
            source = pulumi.Output.concat(self.api.execution_arn, f"/{scope.settings.api.stage_name}/{route_key}")
            routes += [route, permit_invocation(scope, part, functions[name], "apigateway.amazonaws.com", source)]
        return routes

    def _target(self, name: FunctionName, functions: Functions) -> pulumi.Output[str]:
        integration = aws.apigatewayv2.Integration(
            self._scope.logical(f"socket-{hyphenated(name)}-integration"),
            api_id=self.api.id,
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=functions[name].invoke_arn,
            timeout_milliseconds=INTEGRATION_MS,
            opts=self._scope.options(),
        )
        return pulumi.Output.concat("integrations/", integration.id)
