"""The Downloads table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.adapters import items, tables
from runtime.adapters.expressions import Attribute, Condition, Update, any_of, build
from runtime.adapters.items import Item, number, text
from runtime.models import Digest, Download, Failure, Preparation, Status, Stored, Version, iso

_ARN = Attribute("executionArn")
_STATUS = Attribute("status")
_TICKETS = Attribute("ticketHashes")
_UPLOAD = Attribute("uploadId")
_UPDATED = Attribute("updatedAt")
_CHECKED = Attribute("checkedAt")
_FAILURE = Attribute("failure")
_RANGE_FAILURE = Attribute("rangeFailure")
_RESTARTED = Attribute("restartedAt")
_ANSWERS = Attribute("preparingAnswers")
_UNFINISHED = _STATUS.is_in(text(Status.PENDING), text(Status.COPYING), text(Status.PREPARING))
_UPLOAD_ATTRIBUTES = ("uploadId", "validator", "copiedParts", "digest")
_PREPARATION_ATTRIBUTES = (
    "preparingAnswers",
    "nextRequestAt",
    "nextRequestTarget",
)  # the target may have a signature: until the end only


@dataclass(frozen=True)
class DynamoDownloads:
    """`ports.Downloads`: every method sends one request for one item."""

    table: str

    def warm_up(self) -> None:
        """Prepare the first call."""
        tables.warm_up(self.table)

    def create(self, download: Download) -> bool:
        """Put the item if there is none."""
        item = items.download_item(download)
        condition = build(condition=_ARN.is_absent())
        return tables.send("put_item", TableName=self.table, Item=item, **condition) is not None

    def get(self, execution_arn: str) -> Download | None:
        """Read the item, strongly consistent."""
        answer = tables.send("get_item", TableName=self.table, Key=_key(execution_arn), ConsistentRead=True) or {}
        item = items.readable(answer)
        return items.download_of(item) if item else None

    def replace_tickets(self, execution_arn: str, old: Sequence[str], new: Sequence[str]) -> bool:
        """Change the hashes if they are still the old ones."""
        update = Update(set={"ticketHashes": items.texts(list(new))})
        return self._update(execution_arn, update, _TICKETS.equals(items.texts(list(old))))

    def expire(self, execution_arn: str, now: float) -> bool:
        """Let a PENDING item expire; DynamoDB's TTL deletes it."""
        update = Update(set={"expiresAt": number(int(now))})
        return self._update(execution_arn, update, _STATUS.equals(text(Status.PENDING)))

    def progress(
        self, execution_arn: str, *, copied: int, size: int | None, upload_id: str | None, now: float
    ) -> Download | None:
        """Record how many bytes were copied, if the upload is still this one."""
        changes = {"status": text(Status.COPYING), "copiedBytes": number(copied), "updatedAt": text(iso(now))}
        if size is not None:
            changes["size"] = number(size)
        return self._update_and_read(execution_arn, Update(set=changes), _UNFINISHED & _has_upload(upload_id))

    def advance(
        self, execution_arn: str, *, copied: int, parts: int, upload_id: str, seen_at: float, now: float
    ) -> Download | None:
        """Record the progress of all slices, unless another worker has changed the item since."""
        changes = {"copiedBytes": number(copied), "copiedParts": number(parts), "updatedAt": text(iso(now))}
        condition = _UNFINISHED & _has_upload(upload_id) & _UPDATED.equals(text(iso(seen_at)))
        return self._update_and_read(execution_arn, Update(set=changes), condition)

    def record_digest(self, execution_arn: str, *, digest: Digest, upload_id: str, now: float) -> bool:
        """Record the CRC-32 that the object will have."""
        update = Update(set={"digest": items.digest_value(digest), "updatedAt": text(iso(now))})
        return self._update(execution_arn, update, _UNFINISHED & _has_upload(upload_id))

    def record_failure(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        """Record the first error that no other worker can overcome."""
        update = Update(set={"failure": items.failure_value(failure)})
        return self._update(execution_arn, update, _UNFINISHED & _has_upload(upload_id) & _FAILURE.is_absent())

    def record_range_failure(self, execution_arn: str, *, failure: Failure, upload_id: str | None) -> bool:
        """Record the first error that only a copy without ranges can overcome."""
        update = Update(set={"rangeFailure": items.failure_value(failure)})
        is_first = _FAILURE.is_absent() & _RANGE_FAILURE.is_absent()
        return self._update(execution_arn, update, _UNFINISHED & _has_upload(upload_id) & is_first)

    def record_last_error(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        """Record the last error that another worker may overcome."""
        update = Update(set={"lastError": items.failure_value(failure)})
        return self._update(execution_arn, update, _UNFINISHED & _has_upload(upload_id))

    def prepare(self, execution_arn: str, *, preparation: Preparation, now: float) -> Download | None:
        """Record that the origin is requested again later, once per answer."""
        changes = {
            "status": text(Status.PREPARING),
            "preparingAnswers": number(preparation.answers),
            "nextRequestAt": text(iso(preparation.next_request_at)),
            "updatedAt": text(iso(now)),
        }
        removed: tuple[str, ...] = ("nextRequestTarget",)
        if preparation.target is not None:
            changes["nextRequestTarget"], removed = items.target_value(preparation.target), ()
        earlier = preparation.answers - 1
        is_new = _ANSWERS.equals(number(earlier)) if earlier else _ANSWERS.is_absent()
        return self._update_and_read(execution_arn, Update(set=changes, remove=removed), _UNFINISHED & is_new)

    def resume(self, execution_arn: str, *, now: float) -> bool:
        """Record that the origin sends the file after a wait."""
        update = Update(set={"status": text(Status.COPYING), "updatedAt": text(iso(now))})
        return self._update(execution_arn, update, _STATUS.equals(text(Status.PREPARING)))

    def begin_upload(
        self,
        execution_arn: str,
        *,
        upload_id: str,
        size: int | None,
        now: float,
        version: Version | None = None,
        first_byte_at: float | None = None,
    ) -> bool:
        """Record the upload before its first part."""
        changes = {"status": text(Status.COPYING), "uploadId": text(upload_id), "updatedAt": text(iso(now))}
        removed: tuple[str, ...] = ()
        if size is None:
            removed = ("size",)  # of an earlier try, which a copy without ranges may not know
        else:
            changes["size"] = number(size)
        if first_byte_at is not None:
            changes["firstByteAt"] = text(iso(first_byte_at))
        if version is not None:
            changes["validator"] = items.validator_value(version.validator)
            changes["contentType"] = text(version.content_type)
            removed += ("copiedBytes",)
        return self._update(execution_arn, Update(set=changes, remove=removed), _UNFINISHED)

    def finish(self, execution_arn: str, *, stored: Stored, upload_id: str | None, now: float) -> bool:
        """Mark it READY, if the upload is still this one."""
        changes = {
            "status": text(Status.READY),
            "size": number(stored.size),
            "copiedBytes": number(stored.size),
            "objectKey": text(stored.key),
            "etag": text(stored.etag),
            "contentType": text(stored.content_type),
            "checksum": items.checksum_value(stored.checksum),
            "updatedAt": text(iso(now)),
        }
        if stored.sha256 is not None:
            changes["objectSha256"] = text(stored.sha256)
        removed = (*_UPLOAD_ATTRIBUTES, *_PREPARATION_ATTRIBUTES, "failure", "lastError")
        update = Update(set=changes, remove=removed)
        return self._update(execution_arn, update, _UNFINISHED & _has_upload(upload_id))

    def fail(self, execution_arn: str, *, failure: Failure, now: float) -> bool:
        """Mark it FAILED."""
        changes = {
            "status": text(Status.FAILED),
            "failure": items.failure_value(failure),
            "updatedAt": text(iso(now)),
        }
        return self._update(execution_arn, Update(set=changes, remove=_PREPARATION_ATTRIBUTES), _UNFINISHED)

    def claim_check(self, execution_arn: str, *, before: float, now: float) -> bool:
        """Record the check of an item that has not changed."""
        moment = text(iso(before))
        is_due = _UPDATED.is_at_most(moment) & any_of(_CHECKED.is_absent(), _CHECKED.is_at_most(moment))
        return self._update(execution_arn, Update(set={"checkedAt": text(iso(now))}), _UNFINISHED & is_due)

    def cancel(self, execution_arn: str, *, now: float) -> bool:
        """Mark it CANCELLED."""
        changes = {"status": text(Status.CANCELLED), "updatedAt": text(iso(now))}
        update = Update(set=changes, remove=_PREPARATION_ATTRIBUTES)
        return self._update(execution_arn, update, _UNFINISHED)

    def forget_upload(self, execution_arn: str, upload_id: str) -> bool:
        """Remove the upload's id and what was recorded of it, if it is this one."""
        return self._update(execution_arn, Update(remove=_UPLOAD_ATTRIBUTES), _has_upload(upload_id))

    def restart(self, execution_arn: str, *, upload_id: str, now: float) -> bool:
        """Remove an upload that has vanished, at most once in a download's life."""
        changes = {"restartedAt": text(iso(now)), "updatedAt": text(iso(now))}
        update = Update(set=changes, remove=_UPLOAD_ATTRIBUTES)
        return self._update(execution_arn, update, _UNFINISHED & _has_upload(upload_id) & _RESTARTED.is_absent())

    def record_file_id(self, execution_arn: str, file_id: str) -> bool:
        """Record the version of a file that it copies for other downloads too."""
        return self._update(execution_arn, Update(set={"fileId": text(file_id)}), _UNFINISHED)

    def record_notified(self, execution_arn: str, *, now: float) -> bool:
        """Record when the clients were notified of the end."""
        return self._update(execution_arn, Update(set={"notifiedAt": text(iso(now))}), _ARN.exists())

    def record_event_sent(self, execution_arn: str, *, now: float) -> bool:
        """Record when the event of the end was put on the event bus."""
        return self._update(execution_arn, Update(set={"eventSentAt": text(iso(now))}), _ARN.exists())

    def remove_connection(self, execution_arn: str, connection_id: str) -> bool:
        """Remove a connection's id from the item, if there is one."""
        update = Update(delete={"connectionIds": {"SS": [connection_id]}})
        return self._update(execution_arn, update, _ARN.exists())

    def _update(self, execution_arn: str, update: Update, condition: Condition) -> bool:
        expressions = build(update, condition)
        return tables.send("update_item", TableName=self.table, Key=_key(execution_arn), **expressions) is not None

    def _update_and_read(self, execution_arn: str, update: Update, condition: Condition) -> Download | None:
        """Return the item after the update, which costs no read, or None if the condition did not hold."""
        expressions = build(update, condition) | {"ReturnValues": "ALL_NEW"}
        answer = tables.send("update_item", TableName=self.table, Key=_key(execution_arn), **expressions)
        return items.download_of(answer["Attributes"]) if answer is not None else None


def _key(execution_arn: str) -> Item:
    return {"executionArn": text(execution_arn)}


def _has_upload(upload_id: str | None) -> Condition:
    """Keep a worker whose upload was replaced from writing; None: the item has no upload."""
    return _UPLOAD.is_absent() if upload_id is None else _UPLOAD.equals(text(upload_id))
