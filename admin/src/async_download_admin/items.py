"""Items of the tables as the commands show them: chosen attributes, no hashes, no addresses of origins."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from async_download_admin.errors import AwsCallError
from async_download_admin.masking import mask
from async_download_admin.stack import Stack

SHOWN = (
    "downloadId",
    "status",
    "origin",
    "path",
    "fileName",
    "owner",
    "size",
    "copiedBytes",
    "copiedParts",
    "expectedSize",
    "sha256",
    "contentType",
    "etag",
    "checksum",
    "objectKey",
    "objectSha256",
    "failure",
    "rangeFailure",
    "lastError",
    "preparingAnswers",
    "nextRequestAt",
    "fileId",
    "ticketGeneration",
    "createdAt",
    "updatedAt",
    "restartedAt",
    "notifiedAt",
    "eventSentAt",
    "checkedAt",
    "expiresAt",
)
"""Attributes of a download that are shown as they are."""
LISTED = ("executionArn", "downloadId", "status", "origin", "path", "size", "failure")
BATCH = 100  # keys of one BatchGetItem
_ATTEMPTS = 6
_FIRST_WAIT_SECONDS = 0.1
Item = dict[str, Any]


def iso(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def download_item(stack: Stack, execution_arn: str) -> Item:
    """Return the item of a download, decoded; empty if there is none."""
    response = stack.call(
        "dynamodb",
        "GetItem",
        TableName=stack.outputs.downloads_table_name,
        Key={"executionArn": {"S": execution_arn}},
        ConsistentRead=True,
    )
    return decode(response.get("Item", {}))


def batch_get(
    stack: Stack, table: str, key: str, values: Sequence[str], attributes: Iterable[str] = ()
) -> dict[str, Item]:
    """Return the items with these keys, by key; of each only `attributes`, if there are any.

    Raises:
        AwsCallError: DynamoDB did not read all of them in spite of retries.
    """
    items: dict[str, Item] = {}
    for start in range(0, len(values), BATCH):
        request: dict[str, Any] = {"Keys": [{key: {"S": value}} for value in values[start : start + BATCH]]}
        if names := {f"#{name}": name for name in attributes}:
            request |= {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
        for item in _read_batch(stack, table, request):
            items[item[key]] = item
    return items


def _read_batch(stack: Stack, table: str, request: dict[str, Any]) -> list[Item]:
    items: list[Item] = []
    for attempt in range(_ATTEMPTS):
        response = stack.call("dynamodb", "BatchGetItem", RequestItems={table: request})
        items += [decode(item) for item in response.get("Responses", {}).get(table, ())]
        unread = response.get("UnprocessedKeys", {}).get(table)
        if not unread:
            return items
        request = unread
        time.sleep(_FIRST_WAIT_SECONDS * 2**attempt)
    raise AwsCallError(f"DynamoDB throttles reads of {table}; try again in a minute.", "UnprocessedKeys")


def shown_download(item: Item) -> Item:
    """Return what may be shown of a download's item."""
    shown = {name: _shown_value(item[name]) for name in SHOWN if name in item}
    if "expiresAt" in shown:
        shown["expiresAt"] = iso(datetime.fromtimestamp(shown["expiresAt"], UTC))
    shown["tickets"] = len(item.get("ticketHashes", ()))
    shown["hasUnfinishedUpload"] = "uploadId" in item
    return shown


def shown_connection(item: Item, generation: int) -> Item:
    """Return what may be shown of a connection's item; `generation` is that of its download's tickets."""
    times = {
        name: iso(datetime.fromtimestamp(item[name] / factor, UTC))
        for name, factor in (("connectedAt", 1000), ("usedAt", 1000), ("expiresAt", 1))
        if name in item
    }
    is_revoked = item.get("ticketGeneration", 0) != generation
    return {"connectionId": item["connectionId"], **times, "isRevoked": is_revoked}


def decode(item: Mapping[str, Any]) -> Item:
    """Return an item of DynamoDB as Python values; sets are sorted lists, numbers are `int` or `float`."""
    deserialize = TypeDeserializer().deserialize
    return {name: _plain(deserialize(value)) for name, value in item.items()}


def _plain(value: object) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, set | frozenset):
        return sorted(_plain(element) for element in value)
    if isinstance(value, list):
        return [_plain(element) for element in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(element) for name, element in value.items()}
    return value


def _shown_value(value: object) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {name: _shown_value(element) for name, element in value.items()}
    return value
