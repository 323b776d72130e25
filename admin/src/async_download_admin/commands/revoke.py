"""`revoke`: revokes all tickets of a download."""

from __future__ import annotations

from async_download_admin.commands import Result
from async_download_admin.errors import AwsCallError, DownloadError
from async_download_admin.items import decode
from async_download_admin.stack import Stack


def revoke(stack: Stack, download: str) -> Result:
    """Revoke the tickets in one update: refused from then on, and no message goes to connections opened with them.

    Raises:
        DownloadError: there is no item. No item is created, as an update without a condition would do.
    """
    arn = stack.execution_arn(download)
    names = ("executionArn", "ticketHashes", "connectionIds", "ticketGeneration")
    try:
        response = stack.call(
            "dynamodb",
            "UpdateItem",
            TableName=stack.outputs.downloads_table_name,
            Key={"executionArn": {"S": arn}},
            UpdateExpression="SET #ticketHashes = :none REMOVE #connectionIds ADD #ticketGeneration :one",
            ConditionExpression="attribute_exists(#executionArn)",
            ExpressionAttributeNames={f"#{name}": name for name in names},
            ExpressionAttributeValues={":none": {"L": []}, ":one": {"N": "1"}},
            ReturnValues="UPDATED_OLD",
        )
    except AwsCallError as error:
        if error.aws_code == "ConditionalCheckFailedException":
            raise DownloadError(
                f"There is no item of {stack.download_id(arn)}: it expired, and its tickets with it.", "NOT_FOUND"
            ) from None
        raise
    former = decode(response.get("Attributes", {}))
    tickets, connections = len(former.get("ticketHashes", ())), len(former.get("connectionIds", ()))
    content = {
        "downloadId": stack.download_id(arn),
        "executionArn": arn,
        "tickets": tickets,
        "connections": connections,
    }
    text = (
        f"Revoked {tickets} tickets of {stack.download_id(arn)}; {connections} connections get no more messages. "
        "URLs that were handed out are valid until they expire."
    )
    return Result(content, text)
