"""Logs, traces, and the dead-letter queue."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download import keys
from async_download.resources import DEAD_LETTER_QUEUE, Resources
from async_download.roles import create_role
from async_download.scope import Scope
from async_download.statements import allow, document, trust_service

QUEUE_SECONDS = 14 * 86_400
API_GATEWAY_LOG_ACTIONS = (  # of AWS's managed policy AmazonAPIGatewayPushToCloudWatchLogs
    "CreateLogGroup",
    "CreateLogStream",
    "DescribeLogGroups",
    "DescribeLogStreams",
    "FilterLogEvents",
    "GetLogEvents",
    "PutLogEvents",
)
REST_FIELDS = {  # neither the query string nor a header: both can carry a ticket
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "error": "$context.error.responseType",
}
SOCKET_FIELDS = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "event": "$context.eventType",
    "route": "$context.routeKey",
    "status": "$context.status",
    "connectionId": "$context.connectionId",
    "error": "$context.integration.status",
}


def log_group(scope: Scope, part: str, folder: str) -> aws.cloudwatch.LogGroup:
    """Create the log group of a part, in `folder` unless `observability.log_group_prefix` is set."""
    return aws.cloudwatch.LogGroup(
        scope.logical(f"{part}-logs"),
        name=f"{scope.settings.observability.log_folder(folder)}/{scope.physical(part)}",
        retention_in_days=scope.settings.observability.log_retention_days,
        kms_key_id=scope.settings.encryption.kms_key_arn,
        tags=scope.tags,
        opts=scope.options(delete_before_replace=True),
    )


def tracing_mode(scope: Scope) -> str:
    """Return the tracing mode of functions."""
    return "Active" if scope.settings.observability.tracing else "PassThrough"


class AccessLogs:
    """Access logs of both APIs, with `observability.access_logs`."""

    def __init__(self, scope: Scope, resources: pulumi.Output[Resources]) -> None:
        self._scope = scope
        self.ready: list[pulumi.Resource] = (
            [_account(scope, resources)] if scope.settings.observability.manage_api_gateway_account else []
        )
        """Resources that a stage with access logs depends on."""

    def of(self, part: str, fields: dict[str, str]) -> aws.apigateway.StageAccessLogSettingsArgsDict | None:
        """Return the access log settings of a stage, or None without access logs."""
        if not self._scope.settings.observability.access_logs:
            return None
        group = log_group(self._scope, part, "/aws/apigateway")
        return {"destination_arn": group.arn, "format": json.dumps(fields)}


def create_dead_letter_queue(scope: Scope) -> aws.sqs.Queue:
    """Create the queue that keeps events and asynchronous calls that failed for good, for two weeks."""
    return aws.sqs.Queue(
        scope.logical(DEAD_LETTER_QUEUE),
        name=scope.physical(DEAD_LETTER_QUEUE),
        message_retention_seconds=QUEUE_SECONDS,
        sqs_managed_sse_enabled=True if scope.settings.encryption.kms_key_arn is None else None,
        kms_master_key_id=scope.settings.encryption.kms_key_arn,
        tags=scope.tags,
        opts=scope.options(delete_before_replace=True),
    )


def key_policy(scope: Scope, resources: pulumi.Output[Resources]) -> pulumi.Output[list[dict[str, Any]]]:
    """Return the statements that the policy of the stack's key must hold; none without a key."""
    key, settings = scope.settings.encryption.kms_key_arn, scope.settings
    if key is None:
        return pulumi.Output.from_input([])
    return pulumi.Output.all(resources=resources, key=key).apply(
        lambda values: keys.policy_statements(
            key=values["key"],
            queue=values["resources"].dead_letter_queue.arn,
            log_folders=list(dict.fromkeys(map(settings.observability.log_folder, keys.LOG_FOLDERS))),
            name_prefix=settings.name_prefix,
        )
    )


def _account(scope: Scope, resources: pulumi.Output[Resources]) -> aws.apigateway.Account:
    """Create the one role of account and region that API Gateway logs with; it stays when the stack is destroyed."""
    description = "API Gateway writes the access logs of this account."
    trust = json.dumps(trust_service("apigateway.amazonaws.com"))
    role = create_role(scope, "api-gateway", description, resources, trust, _kept(scope))
    policy = aws.iam.RolePolicy(
        scope.logical("api-gateway-policy"),
        name="logs",
        role=role.name,
        policy=json.dumps(document([allow("Logs", [f"logs:{action}" for action in API_GATEWAY_LOG_ACTIONS], "*")])),
        opts=_kept(scope),
    )
    return aws.apigateway.Account(
        scope.logical("api-gateway-account"), cloudwatch_role_arn=role.arn, opts=_kept(scope, policy)
    )


def _kept(scope: Scope, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
    options = scope.options(*depends_on)
    options.retain_on_delete = True
    return options
