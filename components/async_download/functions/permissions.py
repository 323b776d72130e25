"""Policy statements that several functions share."""

from collections.abc import Sequence

from async_download.resources import Resources
from async_download.statements import Statement, allow


def downloads(resources: Resources) -> Statement:
    """Allow to read and update downloads."""
    return allow("Downloads", ["dynamodb:GetItem", "dynamodb:UpdateItem"], resources.downloads_table.arn)


def update_attributes(sid: str, table_arn: str, attributes: Sequence[str]) -> Statement:
    """Allow updates that name these attributes only, and that return none of the others.

    DynamoDB compares the attributes of the key, the update expression and the condition expression. The updates of a
    transaction are checked in the same way, but have no `ReturnValues`.
    """
    return allow(sid, "dynamodb:UpdateItem", table_arn) | {
        "Condition": {
            "ForAllValues:StringEquals": {"dynamodb:Attributes": list(attributes)},
            "StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"},
        }
    }


def remove_connections(resources: Resources) -> Statement:
    """Allow to read and delete connections."""
    return allow("Connections", ["dynamodb:DeleteItem", "dynamodb:GetItem"], resources.connections_table.arn)


def sign(resources: Resources) -> Statement:
    """Allow to assume the role that URLs are signed with."""
    return allow("Sign", "sts:AssumeRole", resources.signer_role.arn)


def post(resources: Resources) -> Statement:
    """Allow to post messages to open sockets."""
    return allow("Push", "execute-api:ManageConnections", resources.sockets_arn("POST"))


def start_idle_closer(resources: Resources) -> Statement:
    """Allow to start the state machine that closes idle sockets."""
    return allow("CloseLater", "states:StartExecution", resources.idle_closer_machine.arn)


def invoke_fail(resources: Resources) -> Statement:
    """Allow to invoke `fail`, which cleans up after a download that ended."""
    return allow("Fail", "lambda:InvokeFunction", resources.function("fail").arn)


def end_of_download(resources: Resources, copies_action: str) -> list[Statement]:
    """Allow to notify the sockets of a download that has ended, and to have them closed when they are idle.

    Lambda may send asynchronous calls that failed for good to the dead-letter queue. Where copies are reused, the
    function may end its claim on a copy by `copies_action`, and resume the executions that wait for the copy.
    """
    statements = [
        post(resources),
        start_idle_closer(resources),
        allow("Undelivered", "sqs:SendMessage", resources.dead_letter_queue.arn),
    ]
    if resources.copies_table is None:
        return statements
    claim = allow("Copies", copies_action, resources.copies_table.arn)
    return [*statements, claim, allow("Wake", "states:SendTaskSuccess", "*")]


def objects(resources: Resources, *actions: str) -> Statement:
    """Allow actions of S3 on the copies."""
    return allow("Objects", [f"s3:{action}" for action in actions], resources.objects_arn)


def list_copies(resources: Resources) -> Statement:
    """Allow to list the copies: without it S3 answers 403 for a missing object instead of 404."""
    condition = {"StringLike": {"s3:prefix": f"{resources.settings.storage.prefix}*"}}
    return allow("MissingIs404", "s3:ListBucket", resources.bucket_arn) | {"Condition": condition}


def write_logs(log_group_arn: str) -> Statement:
    """Allow to write to one log group, but never to create one, or it would come back after destroy."""
    return allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], f"{log_group_arn}:*")


def trace() -> Statement:
    """Allow to send segments to X-Ray, which has no resources to name."""
    return allow("Tracing", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")


def use_network() -> Statement:
    """Allow Lambda to manage the network interfaces of a function in a VPC; their ids are not known beforehand."""
    actions = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    ]
    return allow("Network", actions, "*")
