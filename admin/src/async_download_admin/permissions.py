"""The calls of AWS of each command, and the IAM policy that allows them.

`docs/admin.md` has the same table, and tests compare both with the calls that are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from async_download_admin.outputs import StackOutputs

_SPECIAL_ACTIONS = {  # calls whose IAM action is not `service:Operation`
    ("apigateway", "GetAccount"): "apigateway:GET",
    ("apigateway", "GetStage"): "apigateway:GET",
    ("apigatewayv2", "GetStage"): "apigateway:GET",
    ("lambda", "Invoke"): "lambda:InvokeFunction",
    ("s3", "GetBucketCors"): "s3:GetBucketCORS",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "HeadObject"): "s3:GetObject",
}
_DECRYPTED = {
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:UpdateItem",
    "s3:GetObject",
    "sqs:ReceiveMessage",
}
_PREFIXES = {"service-quotas": "servicequotas", "stepfunctions": "states"}

COMMANDS: Mapping[str, Mapping[str, str]] = {
    "show": {
        "dynamodb:BatchGetItem": "connections table",
        "dynamodb:GetItem": "downloads table",
        "logs:FilterLogEvents": "log groups",
        "s3:GetObject": "objects",
        "s3:ListBucket": "bucket",
        "states:DescribeExecution": "executions",
        "states:GetExecutionHistory": "executions",
    },
    "list": {
        "dynamodb:BatchGetItem": "downloads table",
        "logs:FilterLogEvents": "log groups",
        "states:ListExecutions": "state machines",
    },
    "redrive": {
        "lambda:InvokeFunction": "`fail`, `deliver` and `close`",
        "sqs:ChangeMessageVisibility": "dead-letter queue",
        "sqs:DeleteMessage": "dead-letter queue",
        "sqs:ReceiveMessage": "dead-letter queue",
    },
    "revoke": {"dynamodb:UpdateItem": "downloads table"},
    "cancel": {
        "dynamodb:GetItem": "downloads table",
        "dynamodb:UpdateItem": "downloads table",
        "lambda:InvokeFunction": "`fail`",
        "states:StopExecution": "executions",
    },
    "drain": {
        "lambda:DeleteFunctionConcurrency": "`request_download`",
        "lambda:GetFunctionConcurrency": "`request_download`",
        "lambda:GetFunctionConfiguration": "`request_download`",
        "lambda:ListTags": "`request_download`",
        "lambda:PutFunctionConcurrency": "`request_download`",
        "lambda:TagResource": "`request_download`",
        "lambda:UntagResource": "`request_download`",
        "states:ListExecutions": "state machines",
    },
    "smoke": {
        "dynamodb:BatchGetItem": "connections table",
        "dynamodb:GetItem": "downloads table",
        "execute-api:Invoke": "REST API",
    },
    "doctor": {
        "apigateway:GET": "API Gateway",
        "dynamodb:DescribeTimeToLive": "tables",
        "kms:DescribeKey": "key",
        "kms:GetKeyPolicy": "key",
        "lambda:GetAccountSettings": "*",
        "lambda:GetFunctionConcurrency": "functions",
        "lambda:GetFunctionConfiguration": "functions",
        "logs:DescribeLogGroups": "*",
        "s3:GetBucketCORS": "bucket",
        "s3:GetBucketPolicy": "bucket",
        "s3:GetEncryptionConfiguration": "bucket",
        "s3:GetLifecycleConfiguration": "bucket",
        "s3:ListBucket": "bucket",
        "servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota": "*",
        "sqs:GetQueueAttributes": "dead-letter queue",
        "states:DescribeStateMachine": "state machines",
    },
}
"""Command -> IAM action -> kind of resource. `sts:GetCallerIdentity`, which all call, needs no permission."""


def action_of(service: str, operation: str) -> str:
    """Return the IAM action of a call."""
    return _SPECIAL_ACTIONS.get((service, operation)) or f"{_PREFIXES.get(service, service)}:{operation}"


def policy(commands: Iterable[str], outputs: StackOutputs) -> dict[str, Any]:
    """Return the IAM policy that allows these commands on a stack."""
    actions: dict[str, set[str]] = {}
    for command in commands:
        for action, kind in COMMANDS[command].items():
            actions.setdefault(kind, set()).add(action)
    statements = [
        {"Effect": "Allow", "Action": sorted(actions[kind]), "Resource": resources}
        for kind in sorted(actions)
        if (resources := _resources(kind, outputs))
    ]
    names = {action for kind in actions for action in actions[kind]}
    return {"Version": "2012-10-17", "Statement": [*statements, *_use_of_key(names, outputs)]}


def _use_of_key(actions: set[str], outputs: StackOutputs) -> list[dict[str, Any]]:
    """Return the statement for a customer-managed key: services decrypt items, copies and messages for the caller."""
    services = sorted({action.partition(":")[0] for action in actions & _DECRYPTED})
    if not outputs.key_arn or not services:
        return []
    hosts = [f"{service}.{outputs.region}.*" for service in services]
    condition = {"StringLike": {"kms:ViaService": hosts}}
    return [{"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": [outputs.key_arn], "Condition": condition}]


def _resources(kind: str, outputs: StackOutputs) -> list[str]:
    """Return the ARNs of a kind of resource; none if the stack has no such resource."""
    bucket = f"arn:{outputs.partition}:s3:::{outputs.bucket_name}"
    tables = [outputs.arn("dynamodb", f"table/{name}") for name in outputs.table_names]
    gateway = f"arn:{outputs.partition}:apigateway:{outputs.region}::"
    rest, socket = outputs.rest_stage, outputs.socket_stage
    functions = {key: outputs.arn("lambda", f"function:{name}") for key, name in outputs.function_names.items()}
    resources = {
        "*": ["*"],
        "API Gateway": [
            f"{gateway}/account",
            f"{gateway}/restapis/{rest.api}/stages/{rest.stage}",
            f"{gateway}/apis/{socket.api}/stages/{socket.stage}",
        ],
        "REST API": [outputs.arn("execute-api", f"{rest.api}/{rest.stage}/*")],
        "bucket": [bucket],
        "connections table": tables[1:],
        "dead-letter queue": [outputs.arn("sqs", outputs.dead_letter_queue_name)],
        "downloads table": tables[:1],
        "executions": [f"{arn.replace(':stateMachine:', ':execution:')}:*" for arn in outputs.machine_arns],
        "`fail`": [functions["fail"]],
        "`fail`, `deliver` and `close`": [functions[key] for key in ("fail", "deliver", "close")],
        "`request_download`": [functions["request_download"]],
        "functions": list(functions.values()),
        "key": [outputs.key_arn] if outputs.key_arn else [],
        "log groups": [
            outputs.arn("logs", f"log-group:{outputs.log_group(name)}{end}")
            for name in outputs.function_names
            for end in ("", ":*")
        ],
        "objects": [f"{bucket}/{outputs.prefix}*"],
        "state machines": list(outputs.machine_arns),
        "tables": tables,
    }
    return resources[kind]
