"""Checks of the tables and the dead-letter queue."""

from __future__ import annotations

from async_download_admin.doctor.check import Finding, failed, ok, warning
from async_download_admin.stack import Stack

_TTL_ATTRIBUTE = "expiresAt"


def check_expiry(stack: Stack) -> Finding:
    """Check that DynamoDB deletes expired items."""
    wrong = []
    for name in stack.outputs.table_names:
        description = stack.call("dynamodb", "DescribeTimeToLive", TableName=name)["TimeToLiveDescription"]
        status = description.get("TimeToLiveStatus", "DISABLED")
        if status not in ("ENABLED", "ENABLING") or description.get("AttributeName") != _TTL_ATTRIBUTE:
            wrong.append(f"{name} is {status}")
    if wrong:
        return failed(
            f"TTL by {_TTL_ATTRIBUTE}: {', '.join(wrong)}; items are never deleted", "run `pulumi up --refresh`"
        )
    return ok(f"both tables delete items by {_TTL_ATTRIBUTE}")


def check_dead_letters(stack: Stack) -> Finding:
    """Check that nothing has failed for good."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = stack.outputs.dead_letter_queue_url
    attributes = stack.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=names)["Attributes"]
    waiting, hidden = (int(attributes.get(name, 0)) for name in names)
    if waiting + hidden:
        return warning(f"{waiting + hidden} messages", "`redrive` shows them, `redrive --yes` works them off")
    return ok("empty")
