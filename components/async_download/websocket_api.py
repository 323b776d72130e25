"""The WebSocket API: connect with a ticket, be told, ask."""

import pulumi
import pulumi_aws as aws

from async_download.functions import Functions, permit
from async_download.observability import SOCKET_FIELDS, AccessLogs
from async_download.scope import Scope
from async_download.specs import hyphenated

INTEGRATION_MS = 29_000
ROUTES = {
    "$connect": "connect",
    "$disconnect": "disconnect",
    "$default": "message",
    "status": "message",
    "refresh": "message",
    "cancel": "message",
    "ping": "message",
}


class WebSocketApi:
    """First an id for others to know, then routes once their functions exist."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.api = aws.apigatewayv2.Api(
            scope.logical("socket-api"),
            name=scope.physical("socket"),
            description="Be told when a download is ready.",
            protocol_type="WEBSOCKET",
            route_selection_expression="$request.body.action",
            tags=scope.tags,
            opts=scope.protected(),
        )

    def serve(self, functions: Functions, logs: AccessLogs) -> aws.apigatewayv2.Stage:
        """Routes and stage; the stage deploys each change itself."""
        scope, settings = self._scope, self._scope.settings
        return aws.apigatewayv2.Stage(
            scope.logical("socket-stage"),
            api_id=self.api.id,
            name=settings.api.stage_name,
            description="Be told when a download is ready.",
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
            opts=scope.named(*self._routes(functions), *logs.ready),
        )

    def _routes(self, functions: Functions) -> list[pulumi.Resource]:
        scope = self._scope
        targets = {key: self._target(key, functions) for key in dict.fromkeys(ROUTES.values())}
        made: list[pulumi.Resource] = []
        for route_key, key in ROUTES.items():
            part = f"socket-{route_key.strip('$')}"
            route = aws.apigatewayv2.Route(
                scope.logical(part),
                api_id=self.api.id,
                route_key=route_key,
                target=targets[key],
                authorization_type="NONE",  # the ticket is checked in the function: the gateway knows no secrets
                operation_name=key,
                opts=scope.named(),
            )
            source = pulumi.Output.concat(self.api.execution_arn, f"/{scope.settings.api.stage_name}/{route_key}")
            made += [route, permit(scope, part, functions[key], "apigateway.amazonaws.com", source)]
        return made

    def _target(self, key: str, functions: Functions) -> pulumi.Output[str]:
        integration = aws.apigatewayv2.Integration(
            self._scope.logical(f"socket-{hyphenated(key)}-integration"),
            api_id=self.api.id,
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=functions[key].invoke_arn,
            timeout_milliseconds=INTEGRATION_MS,
            opts=self._scope.child(),
        )
        return pulumi.Output.concat("integrations/", integration.id)
