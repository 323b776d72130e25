"""Who may do what, as pure functions that return IAM statements. One function per role, named like it.

Partition, region and account come from the ARNs that are passed in.
"""

from collections.abc import Sequence
from typing import Any

Statement = dict[str, Any]

PUSH = "POST"  # the one method of @connections that functions use


def document(statements: Sequence[Statement]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(service: str) -> dict[str, Any]:
    """A role that a service of AWS may take."""
    return document([{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}])


def signer_trust(roles: Sequence[str]) -> dict[str, Any]:
    """A role that only the named roles of its own account may take; it outlives their being replaced."""
    account = ":".join(roles[0].split(":")[:5])
    statement = _allow("NamedRoles", "sts:AssumeRole", None)
    statement |= {
        "Principal": {"AWS": f"{account}:root"},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": list(roles)}},
    }
    del statement["Resource"]
    return document([statement])


def request_download(*, downloads: str, machine: str) -> list[Statement]:
    """Write the row, then start."""
    return [
        _allow("Downloads", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], downloads),
        _allow("Start", "states:StartExecution", machine),
        _allow("Reconcile", "states:DescribeExecution", executions(machine)),
    ]


def get_download(*, downloads: str, machine: str, signer: str, fail: str) -> list[Statement]:
    """Read, sign, and find out about an execution that ended unnoticed."""
    return [
        _downloads(downloads),
        _allow("Reconcile", "states:DescribeExecution", executions(machine)),
        _sign(signer),
        _allow("Fail", "lambda:InvokeFunction", fail),
    ]


def cancel_download(*, downloads: str, machine: str, fail: str) -> list[Statement]:
    """Mark, stop, clean up."""
    return [
        _downloads(downloads),
        _allow("Stop", "states:StopExecution", executions(machine)),
        _allow("Fail", "lambda:InvokeFunction", fail),
    ]


def connect(*, downloads: str, connections: str, deliver: str) -> list[Statement]:
    """Both rows in one transaction, then a replay."""
    return [
        _downloads(downloads),
        _allow("Connections", "dynamodb:PutItem", connections),
        _allow("Replay", "lambda:InvokeFunction", deliver),
    ]


def disconnect(*, downloads: str, connections: str) -> list[Statement]:
    """Two item operations, by key."""
    return [
        _allow("Downloads", "dynamodb:UpdateItem", downloads),
        _allow("Connections", "dynamodb:DeleteItem", connections),
    ]


def message(*, downloads: str, connections: str, machine: str, signer: str, fail: str, sockets: str) -> list[Statement]:
    """Everything that a client may ask for over its socket."""
    return [
        _downloads(downloads),
        _allow("Connections", "dynamodb:GetItem", connections),
        _allow("Stop", ["states:DescribeExecution", "states:StopExecution"], executions(machine)),
        _sign(signer),
        _allow("Fail", "lambda:InvokeFunction", fail),
        _push(sockets),
    ]


def copy(*, downloads: str, bucket: str, prefix: str, secrets: Sequence[str]) -> list[Statement]:
    """Upload below the prefix; read the origins' secrets."""
    actions = ["AbortMultipartUpload", "DeleteObject", "GetObject", "ListMultipartUploadParts", "PutObject"]
    statements = [_downloads(downloads), _objects(bucket, prefix, actions), _missing_is_404(bucket, prefix)]
    if secrets:
        statements.append(_allow("Secrets", "secretsmanager:GetSecretValue", sorted(set(secrets))))
    return statements


def deliver(*, downloads: str, connections: str, signer: str, sockets: str, undelivered: str) -> list[Statement]:
    """Sign and push; forget who has gone."""
    return [
        _downloads(downloads),
        _allow("Connections", ["dynamodb:DeleteItem", "dynamodb:GetItem"], connections),
        _sign(signer),
        _push(sockets),
        _allow("Undelivered", "sqs:SendMessage", undelivered),
    ]


def fail(
    *, downloads: str, connections: str, bucket: str, prefix: str, sockets: str, undelivered: str
) -> list[Statement]:
    """Mark, remove what was uploaded, push."""
    actions = ["AbortMultipartUpload", "DeleteObject", "GetObject", "ListMultipartUploadParts"]
    return [
        _downloads(downloads),
        _allow("Connections", ["dynamodb:DeleteItem", "dynamodb:GetItem"], connections),
        _objects(bucket, prefix, actions),
        _missing_is_404(bucket, prefix),
        _push(sockets),
        _allow("Undelivered", "sqs:SendMessage", undelivered),
    ]


def signer(*, bucket: str, prefix: str) -> list[Statement]:
    """What a pre-signed URL can do at most: read a copy."""
    return [_objects(bucket, prefix, ["GetObject"])]


def own_logs(log_group: str) -> Statement:
    """Write to one log group; never create one, or it would come back after destroy."""
    return _allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], f"{log_group}:*")


def function_tracing() -> Statement:
    """Segments of a function; X-Ray has no resources to name."""
    return _allow("Tracing", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")


def state_machine(*, functions: Sequence[str], tracing: bool) -> list[Statement]:
    """Call the functions of the definition; deliver logs, which AWS wants on everything; trace."""
    log_actions = [f"logs:{verb}LogDelivery" for verb in ("Create", "Delete", "Get", "Update")]
    log_actions += ["logs:ListLogDeliveries", "logs:PutResourcePolicy"]
    log_actions += ["logs:DescribeLogGroups", "logs:DescribeResourcePolicies"]
    sampling = ["xray:GetSamplingRules", "xray:GetSamplingTargets"]
    statements = [
        _allow("Functions", "lambda:InvokeFunction", list(functions)),
        _allow("LogDelivery", sorted(log_actions), "*"),
    ]
    trace = _allow("Tracing", [*sampling, "xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")
    return [*statements, trace] if tracing else statements


def queue(*, undelivered: str, rule: str) -> list[Statement]:
    """The rule puts events there that could not be handled."""
    statement = _allow("FromRule", "sqs:SendMessage", undelivered)
    return [
        statement
        | {"Principal": {"Service": "events.amazonaws.com"}, "Condition": {"ArnEquals": {"aws:SourceArn": rule}}}
    ]


def api_gateway_account() -> list[Statement]:
    """What API Gateway wants of the role that writes all access logs of an account."""
    verbs = (
        "CreateLogGroup CreateLogStream DescribeLogGroups DescribeLogStreams FilterLogEvents GetLogEvents PutLogEvents"
    )
    return [_allow("Logs", [f"logs:{verb}" for verb in verbs.split()], "*")]


def bucket(*, bucket: str, prefix: str, account: str, url_seconds: int, tls_only: bool) -> list[Statement]:
    """Readers from other accounts, URLs that are too old, and plain http are refused."""
    objects = f"{bucket}/{prefix}*"
    foreign = {"StringNotEquals": {"aws:PrincipalAccount": account}}
    old = {"NumericGreaterThan": {"s3:signatureAge": str(url_seconds * 1000)}}  # milliseconds
    statements = [
        _deny("ForeignReaders", "s3:GetObject", objects, foreign),
        _deny("OldSignatures", "s3:GetObject", objects, old),
    ]
    plain = _deny("PlainHttp", "s3:*", [bucket, f"{bucket}/*"], {"Bool": {"aws:SecureTransport": "false"}})
    return [*statements, plain] if tls_only else statements


def executions(machine: str) -> str:
    """ARN of all executions of a state machine."""
    return machine.replace(":stateMachine:", ":execution:") + ":*"


def sockets(api: str, stage: str) -> str:
    """ARN of the sockets of a stage, for the method that functions use."""
    return f"{api}/{stage}/{PUSH}/@connections/*"


def _allow(sid: str, action: str | list[str], resource: Any) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}


def _deny(sid: str, action: str, resource: Any, condition: dict[str, Any]) -> Statement:
    statement = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource}
    return statement | {"Condition": condition}


def _downloads(table: str) -> Statement:
    return _allow("Downloads", ["dynamodb:GetItem", "dynamodb:UpdateItem"], table)


def _sign(role: str) -> Statement:
    return _allow("Sign", "sts:AssumeRole", role)


def _push(sockets: str) -> Statement:
    return _allow("Push", "execute-api:ManageConnections", sockets)


def _objects(bucket: str, prefix: str, actions: Sequence[str]) -> Statement:
    return _allow("Objects", [f"s3:{action}" for action in actions], f"{bucket}/{prefix}*")


def _missing_is_404(bucket: str, prefix: str) -> Statement:
    """Without it a missing key is 403, like a forbidden one."""
    return _allow("MissingIs404", "s3:ListBucket", bucket) | {"Condition": {"StringLike": {"s3:prefix": f"{prefix}*"}}}
