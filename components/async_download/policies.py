"""What each function may do, and the role that signs URLs: pure functions that return IAM statements.

One function per role, named like it. Partition, region and account come from the ARNs that are passed in.
"""

from collections.abc import Sequence

from async_download.statements import Statement, allow

CONNECT_ATTRIBUTES = ("connectionIds", "executionArn", "expiresAt", "ticketHashes")
DISCONNECT_ATTRIBUTES = ("connectionIds", "executionArn")
"""Attributes of a download that an update of the function names: in its key, its update and its condition."""
METHODS = PUSH, LOOK, CLOSE = "POST", "GET", "DELETE"  # of @connections; each function has the one that it uses


def request_download(*, downloads: str, machine: str) -> list[Statement]:
    """Write the row, then start."""
    return [
        allow("Downloads", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], downloads),
        allow("Start", "states:StartExecution", machine),
        allow("Reconcile", "states:DescribeExecution", executions(machine)),
    ]


def get_download(*, downloads: str, machine: str, signer: str, fail: str) -> list[Statement]:
    """Read, sign, and find out about an execution that ended unnoticed."""
    return [
        _downloads(downloads),
        allow("Reconcile", "states:DescribeExecution", executions(machine)),
        _sign(signer),
        allow("Fail", "lambda:InvokeFunction", fail),
    ]


def cancel_download(*, downloads: str, machine: str, fail: str) -> list[Statement]:
    """Mark, stop, clean up."""
    return [
        _downloads(downloads),
        allow("Stop", "states:StopExecution", executions(machine)),
        allow("Fail", "lambda:InvokeFunction", fail),
    ]


def connect(*, downloads: str, connections: str, deliver: str, sockets: str) -> list[Statement]:
    """Both rows in one transaction, then a replay; at the limit forget who has gone."""
    return [
        allow("ReadDownloads", "dynamodb:GetItem", downloads),
        _update_attributes("Downloads", downloads, CONNECT_ATTRIBUTES),
        allow("Connections", "dynamodb:PutItem", connections),
        allow("Evict", ["dynamodb:DeleteItem", "dynamodb:GetItem"], connections),
        allow("Look", "execute-api:ManageConnections", sockets),
        allow("Replay", "lambda:InvokeFunction", deliver),
    ]


def disconnect(*, downloads: str, connections: str) -> list[Statement]:
    """Two item operations, by key."""
    return [
        _update_attributes("Downloads", downloads, DISCONNECT_ATTRIBUTES),
        allow("Connections", "dynamodb:DeleteItem", connections),
    ]


def message(*, downloads: str, connections: str, machine: str, signer: str, fail: str, sockets: str) -> list[Statement]:
    """Everything that a client may ask for over its socket."""
    return [
        _downloads(downloads),
        allow("Connections", ["dynamodb:GetItem", "dynamodb:UpdateItem"], connections),
        allow("Stop", ["states:DescribeExecution", "states:StopExecution"], executions(machine)),
        _sign(signer),
        allow("Fail", "lambda:InvokeFunction", fail),
        _push(sockets),
    ]


def copy(
    *, downloads: str, bucket: str, prefix: str, secrets: Sequence[str], sockets: str, copies: str | None = None
) -> list[Statement]:
    """Upload below the prefix; read the origins' secrets; push how far it is; see who else copies the same."""
    actions = ["AbortMultipartUpload", "DeleteObject", "GetObject", "ListMultipartUploadParts", "PutObject"]
    return [
        _downloads(downloads),
        _objects(bucket, prefix, actions),
        _missing_is_404(bucket, prefix),
        *origin_secrets(secrets),
        _push(sockets),
        *([allow("Copies", ["dynamodb:GetItem", "dynamodb:UpdateItem"], copies)] if copies else []),
    ]


def copy_slice(*, downloads: str, bucket: str, prefix: str, secrets: Sequence[str], sockets: str) -> list[Statement]:
    """Upload parts, and list those that are there; read the origins' secrets; push how far it is."""
    parts = _objects(bucket, prefix, ["ListMultipartUploadParts", "PutObject"])
    return [_downloads(downloads), parts, *origin_secrets(secrets), _push(sockets)]


def complete(*, downloads: str, bucket: str, prefix: str) -> list[Statement]:
    """Complete the upload, or drop it after a conflict; look at what came of it, take it away if nobody wants it."""
    actions = ["AbortMultipartUpload", "DeleteObject", "GetObject", "ListMultipartUploadParts", "PutObject"]
    return [_downloads(downloads), _objects(bucket, prefix, actions), _missing_is_404(bucket, prefix)]


def close(*, downloads: str, connections: str, sockets: str, closing: str) -> list[Statement]:
    """Forget the idle and hang up; have the others closed later."""
    return [
        _downloads(downloads),
        allow("Connections", ["dynamodb:DeleteItem", "dynamodb:GetItem"], connections),
        allow("Close", "execute-api:ManageConnections", sockets),
        _close_later(closing),
    ]


def deliver(
    *,
    downloads: str,
    connections: str,
    signer: str,
    sockets: str,
    closing: str,
    undelivered: str,
    copies: str | None = None,
) -> list[Statement]:
    """Sign and push; forget who has gone; wake who waits for the copy."""
    return [
        _downloads(downloads),
        allow("Connections", ["dynamodb:DeleteItem", "dynamodb:GetItem"], connections),
        _sign(signer),
        _push(sockets),
        _close_later(closing),
        allow("Undelivered", "sqs:SendMessage", undelivered),
        *_wake("dynamodb:UpdateItem", copies),
    ]


def fail(
    *,
    downloads: str,
    connections: str,
    bucket: str,
    prefix: str,
    sockets: str,
    closing: str,
    undelivered: str,
    copies: str | None = None,
) -> list[Statement]:
    """Mark, remove what was uploaded, push; wake who waits for the copy."""
    actions = ["AbortMultipartUpload", "DeleteObject", "GetObject", "ListMultipartUploadParts"]
    return [
        _downloads(downloads),
        allow("Connections", ["dynamodb:DeleteItem", "dynamodb:GetItem"], connections),
        _objects(bucket, prefix, actions),
        _missing_is_404(bucket, prefix),
        _push(sockets),
        _close_later(closing),
        allow("Undelivered", "sqs:SendMessage", undelivered),
        *_wake("dynamodb:DeleteItem", copies),
    ]


def web_page() -> list[Statement]:
    """Nothing: the page is in the function's own archive."""
    return []


def signer(*, bucket: str, prefix: str) -> list[Statement]:
    """What a pre-signed URL can do at most: read a copy."""
    return [_objects(bucket, prefix, ["GetObject"])]


def own_logs(log_group: str) -> Statement:
    """Write to one log group; never create one, or it would come back after destroy."""
    return allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], f"{log_group}:*")


def function_tracing() -> Statement:
    """Segments of a function; X-Ray has no resources to name."""
    return allow("Tracing", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")


def function_network() -> Statement:
    """What Lambda does for a function in a VPC, with its role; interfaces have no names to give beforehand."""
    actions = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    ]
    return allow("Network", actions, "*")


def executions(machine: str) -> str:
    """ARN of all executions of a state machine."""
    return machine.replace(":stateMachine:", ":execution:") + ":*"


def sockets(api: str, stage: str, method: str) -> str:
    """ARN of the sockets of a stage, for one method."""
    return f"{api}/{stage}/{method}/@connections/*"


def _wake(action: str, copies: str | None) -> list[Statement]:
    """Settle a claim, and call back who waits: a task token is all that a call back names."""
    return [allow("Copies", action, copies), allow("Wake", "states:SendTaskSuccess", "*")] if copies else []


def _downloads(table: str) -> Statement:
    return allow("Downloads", ["dynamodb:GetItem", "dynamodb:UpdateItem"], table)


def _update_attributes(sid: str, table: str, attributes: Sequence[str]) -> Statement:
    """Allow updates that name these attributes only, and that return none of the others.

    DynamoDB compares the attributes of the key, the update expression and the condition expression. The updates of a
    transaction are checked in the same way, but have no `ReturnValues`.
    """
    return allow(sid, "dynamodb:UpdateItem", table) | {
        "Condition": {
            "ForAllValues:StringEquals": {"dynamodb:Attributes": list(attributes)},
            "StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"},
        }
    }


def _sign(role: str) -> Statement:
    return allow("Sign", "sts:AssumeRole", role)


def _push(sockets: str) -> Statement:
    return allow("Push", "execute-api:ManageConnections", sockets)


def _close_later(closing: str) -> Statement:
    return allow("CloseLater", "states:StartExecution", closing)


def origin_secrets(arns: Sequence[str]) -> list[Statement]:
    """Read secrets and SSM parameters of origins, and have Secrets Manager decrypt the secrets under any key.

    Which key a secret is under is its owner's business and may change: a key is used through Secrets Manager alone, and
    for these secrets alone. AWS refuses statements without a resource.
    """
    secrets = sorted({arn for arn in arns if arn.split(":")[2] == "secretsmanager"})
    parameters = sorted(set(arns) - set(secrets))
    statements: list[Statement] = []
    if secrets:
        statements += [allow("Secrets", "secretsmanager:GetSecretValue", secrets), _secret_keys(secrets)]
    if parameters:
        statements.append(allow("Parameters", "ssm:GetParameter", parameters))
    return statements


def _secret_keys(secrets: Sequence[str]) -> Statement:
    places = sorted({(arn.split(":")[1], arn.split(":")[3]) for arn in secrets})  # partition, region
    keys = [f"arn:{partition}:kms:{region}:*:key/*" for partition, region in places]
    return allow("SecretKeys", "kms:Decrypt", keys) | {
        "Condition": {
            "StringLike": {"kms:ViaService": [f"secretsmanager.{region}.*" for _, region in places]},
            "StringEquals": {"kms:EncryptionContext:SecretARN": list(secrets)},
        }
    }


def _objects(bucket: str, prefix: str, actions: Sequence[str]) -> Statement:
    return allow("Objects", [f"s3:{action}" for action in actions], f"{bucket}/{prefix}*")


def _missing_is_404(bucket: str, prefix: str) -> Statement:
    """Without it a missing key is 403, like a forbidden one."""
    return allow("MissingIs404", "s3:ListBucket", bucket) | {"Condition": {"StringLike": {"s3:prefix": f"{prefix}*"}}}
