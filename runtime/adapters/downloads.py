"""The Downloads table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.adapters import rows, tables
from runtime.adapters.rows import Item, number, text
from runtime.models import Digest, Download, Failure, Status, Stored, Version, iso

_UNFINISHED = "#status IN (:pending, :copying)"
_UNFINISHED_VALUES = {":pending": text(Status.PENDING), ":copying": text(Status.COPYING)}
_STATUS = {"#status": "status"}
_OF_AN_UPLOAD = "uploadId, validator, copiedParts, digest"


@dataclass(frozen=True)
class DynamoDownloads:
    """`ports.Downloads`: every method is one request on one item."""

    table: str

    def warm_up(self) -> None:
        """Prepare the first call."""
        tables.warm_up(self.table)

    def create(self, download: Download) -> bool:
        """Put the row where there is none."""
        item = rows.download_item(download)
        return tables.holds(
            "PutItem",
            lambda: tables.dynamodb().put_item(
                TableName=self.table, Item=item, ConditionExpression="attribute_not_exists(executionArn)"
            ),
        )

    def get(self, execution_arn: str) -> Download | None:
        """Read the row, strongly consistent."""
        key = {"executionArn": text(execution_arn)}
        answer = tables.call(
            "GetItem", lambda: tables.dynamodb().get_item(TableName=self.table, Key=key, ConsistentRead=True)
        )
        return rows.download_of(answer["Item"]) if "Item" in answer else None

    def replace_tickets(self, execution_arn: str, old: Sequence[str], new: Sequence[str]) -> bool:
        """Change the hashes where they are still the old ones."""
        values = {":old": rows.texts(list(old)), ":new": rows.texts(list(new))}
        return self._update(execution_arn, "SET ticketHashes = :new", "ticketHashes = :old", values)

    def expire(self, execution_arn: str, now: float) -> bool:
        """End the life of a PENDING row; TTL does the rest."""
        values = {":pending": text(Status.PENDING), ":now": number(int(now))}
        return self._update(execution_arn, "SET expiresAt = :now", "#status = :pending", values, _STATUS)

    def progress(
        self, execution_arn: str, *, copied: int, size: int | None, upload_id: str | None, now: float
    ) -> Download | None:
        """Say how many bytes were copied, while the upload is still this one."""
        change = "SET #status = :copying, copiedBytes = :copied, updatedAt = :at"
        values = {":copied": number(copied), ":at": text(iso(now))}
        if size is not None:
            change, values[":size"] = f"{change}, size = :size", number(size)
        condition, own = _same_upload(upload_id)
        return self._changed(execution_arn, change, values | own, condition)

    def advance(
        self, execution_arn: str, *, copied: int, parts: int, upload_id: str, seen_at: float, now: float
    ) -> Download | None:
        """Say how far all slices are, where nobody else has done so since."""
        change = "SET copiedBytes = :copied, copiedParts = :parts, updatedAt = :at"
        values = {
            ":copied": number(copied),
            ":parts": number(parts),
            ":at": text(iso(now)),
            ":seen": text(iso(seen_at)),
        }
        condition, own = _same_upload(upload_id)
        return self._changed(execution_arn, change, values | own, f"{condition} AND updatedAt = :seen")

    def note_digest(self, execution_arn: str, *, digest: Digest, upload_id: str, now: float) -> bool:
        """Note what the upload will be."""
        values = {":digest": rows.digest_value(digest), ":at": text(iso(now))}
        condition, own = _same_upload(upload_id)
        return self._update_unfinished(execution_arn, "SET digest = :digest, updatedAt = :at", values | own, condition)

    def note_failure(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        """Note the first reason why it cannot succeed."""
        condition, own = _same_upload(upload_id)
        values = {":failure": rows.failure_value(failure)} | own
        condition = f"{condition} AND attribute_not_exists(failure)"
        return self._update_unfinished(execution_arn, "SET failure = :failure", values, condition)

    def note_trouble(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        """Note the last thing that went wrong."""
        condition, own = _same_upload(upload_id)
        values = {":trouble": rows.failure_value(failure)} | own
        return self._update_unfinished(execution_arn, "SET trouble = :trouble", values, condition)

    def begin_upload(
        self, execution_arn: str, *, upload_id: str, size: int | None, now: float, version: Version | None = None
    ) -> bool:
        """Note the upload before its first part."""
        change = "SET #status = :copying, uploadId = :upload, updatedAt = :at"
        values = {":upload": text(upload_id), ":at": text(iso(now))}
        if size is not None:
            change, values[":size"] = f"{change}, size = :size", number(size)
        if version is not None:
            change = f"{change}, validator = :validator, contentType = :type REMOVE copiedBytes"
            values |= {":validator": rows.validator_value(version.validator), ":type": text(version.content_type)}
        return self._update_unfinished(execution_arn, change, values)

    def finish(self, execution_arn: str, *, stored: Stored, upload_id: str | None, now: float) -> bool:
        """Mark it READY, while the upload is still this one."""
        change = (
            "SET #status = :ready, size = :size, copiedBytes = :size, objectKey = :key, etag = :etag,"
            " contentType = :type, checksum = :checksum, updatedAt = :at"
        )
        values = {
            ":ready": text(Status.READY),
            ":size": number(stored.size),
            ":key": text(stored.key),
            ":etag": text(stored.etag),
            ":type": text(stored.content_type),
            ":checksum": rows.checksum_value(stored.checksum),
            ":at": text(iso(now)),
        }
        if stored.sha256 is not None:
            change, values[":sha256"] = f"{change}, objectSha256 = :sha256", text(stored.sha256)
        change = f"{change} REMOVE {_OF_AN_UPLOAD}, failure, trouble"
        condition, own = _same_upload(upload_id)
        return self._update_unfinished(execution_arn, change, values | own, condition)

    def fail(self, execution_arn: str, *, failure: Failure, now: float) -> bool:
        """Mark it FAILED."""
        values = {":failed": text(Status.FAILED), ":failure": rows.failure_value(failure), ":at": text(iso(now))}
        change = "SET #status = :failed, failure = :failure, updatedAt = :at"
        return self._update_unfinished(execution_arn, change, values)

    def cancel(self, execution_arn: str, *, now: float) -> bool:
        """Mark it CANCELLED."""
        values = {":cancelled": text(Status.CANCELLED), ":at": text(iso(now))}
        return self._update_unfinished(execution_arn, "SET #status = :cancelled, updatedAt = :at", values)

    def forget_upload(self, execution_arn: str, upload_id: str) -> bool:
        """Remove the upload's id and what was noted of it, where it is this one."""
        condition, own = _same_upload(upload_id)
        return self._update(execution_arn, f"REMOVE {_OF_AN_UPLOAD}", condition, own)

    def restart(self, execution_arn: str, *, upload_id: str, now: float) -> bool:
        """Remove the upload, for it has vanished; once in a download's life."""
        condition, own = _same_upload(upload_id)
        change, values = f"SET restartedAt = :at, updatedAt = :at REMOVE {_OF_AN_UPLOAD}", {":at": text(iso(now))}
        condition = f"{condition} AND attribute_not_exists(restartedAt)"
        return self._update_unfinished(execution_arn, change, values | own, condition)

    def lead(self, execution_arn: str, file_id: str) -> bool:
        """Note that it copies for others too."""
        return self._update_unfinished(execution_arn, "SET fileId = :file", {":file": text(file_id)})

    def told(self, execution_arn: str, *, now: float) -> bool:
        """Note that the clients were told of the end."""
        values = {":at": text(iso(now))}
        return self._update(execution_arn, "SET toldAt = :at", "attribute_exists(executionArn)", values)

    def remove_connection(self, execution_arn: str, connection_id: str) -> bool:
        """Take a connection's id out of the row, if there is one."""
        values = {":connection": {"SS": [connection_id]}}
        change = "DELETE connectionIds :connection"
        return self._update(execution_arn, change, "attribute_exists(executionArn)", values)

    def _update_unfinished(self, execution_arn: str, change: str, values: Item, also: str | None = None) -> bool:
        condition = _UNFINISHED if also is None else f"{_UNFINISHED} AND {also}"
        return self._update(execution_arn, change, condition, _UNFINISHED_VALUES | values, _STATUS)

    def _update(
        self, execution_arn: str, change: str, condition: str, values: Item, names: dict[str, str] | None = None
    ) -> bool:
        request = self._request(execution_arn, change, condition, values, names)
        return tables.holds("UpdateItem", lambda: tables.dynamodb().update_item(**request))

    def _changed(self, execution_arn: str, change: str, values: Item, also: str) -> Download | None:
        """The row after the change, which costs no read."""
        condition, values = f"{_UNFINISHED} AND {also}", _UNFINISHED_VALUES | values
        request = self._request(execution_arn, change, condition, values, _STATUS) | {"ReturnValues": "ALL_NEW"}
        answer = tables.answer("UpdateItem", lambda: tables.dynamodb().update_item(**request))
        return rows.download_of(answer["Attributes"]) if answer is not None else None

    def _request(
        self, execution_arn: str, change: str, condition: str, values: Item, names: dict[str, str] | None
    ) -> Item:
        request: Item = {
            "TableName": self.table,
            "Key": {"executionArn": text(execution_arn)},
            "UpdateExpression": change,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        return request | ({"ExpressionAttributeNames": names} if names else {})


def _same_upload(upload_id: str | None) -> tuple[str, Item]:
    """The condition that keeps a worker of an earlier try from writing."""
    if upload_id is None:
        return "attribute_not_exists(uploadId)", {}
    return "uploadId = :own", {":own": text(upload_id)}
