"""The Downloads table."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from runtime.models import Digest, Download, Failure, Preparation, Status, Stored, Version

UNFINISHED = (Status.PENDING, Status.COPYING, Status.PREPARING)
NO_UPLOAD: dict[str, object] = {"upload_id": None, "version": None, "copied_parts": 0, "digest": None}


class FakeDownloads:
    """The Downloads table in memory; `before_call` is called with the name of each operation."""

    def __init__(self) -> None:
        self.rows: dict[str, Download] = {}
        self.restarted: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.lock = threading.RLock()
        self.before_call: Callable[[str], None] = lambda _operation: None

    def create(self, download: Download) -> bool:
        with self._record_call("create"):
            if download.execution_arn in self.rows:
                return False
            self.rows[download.execution_arn] = download
            return True

    def get(self, execution_arn: str) -> Download | None:
        with self._record_call("get"):
            return self.rows.get(execution_arn)

    def replace_tickets(self, execution_arn: str, old: Sequence[str], new: Sequence[str]) -> bool:
        with self._record_call("replace_tickets"):
            row = self.rows.get(execution_arn)
            is_unchanged = row is not None and row.ticket_hashes == tuple(old)
            return self._update_if(execution_arn, is_unchanged, ticket_hashes=tuple(new))

    def expire(self, execution_arn: str, now: float) -> bool:
        with self._record_call("expire"):
            row = self.rows.get(execution_arn)
            return self._update_if(execution_arn, row is not None and row.status is Status.PENDING, expires_at=int(now))

    def progress(
        self, execution_arn: str, *, copied: int, size: int | None, upload_id: str | None, now: float
    ) -> Download | None:
        with self._record_call("progress"):
            row = self.rows.get(execution_arn)
            condition = row is not None and row.status in UNFINISHED and row.upload_id == upload_id
            size_change = {} if size is None else {"size": size}
            changes = {"status": Status.COPYING, "copied_bytes": copied, "updated_at": now, **size_change}
            return self.rows[execution_arn] if self._update_if(execution_arn, condition, **changes) else None

    def advance(
        self, execution_arn: str, *, copied: int, parts: int, upload_id: str, seen_at: float, now: float
    ) -> Download | None:
        with self._record_call("advance"):
            row = self.rows.get(execution_arn)
            condition = self._is_of(execution_arn, upload_id) and row is not None and row.updated_at == seen_at
            changes = {"copied_bytes": copied, "copied_parts": parts, "updated_at": now}
            return self.rows[execution_arn] if self._update_if(execution_arn, condition, **changes) else None

    def record_digest(self, execution_arn: str, *, digest: Digest, upload_id: str, now: float) -> bool:
        with self._record_call("record_digest"):
            holds = self._is_of(execution_arn, upload_id)
            return self._update_if(execution_arn, holds, digest=digest, updated_at=now)

    def record_failure(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        with self._record_call("record_failure"):
            holds = self._is_of(execution_arn, upload_id) and self.rows[execution_arn].failure is None
            return self._update_if(execution_arn, holds, failure=failure)

    def record_range_failure(self, execution_arn: str, *, failure: Failure, upload_id: str | None) -> bool:
        with self._record_call("record_range_failure"):
            holds = self._is_of(execution_arn, upload_id) and self.rows[execution_arn].failure is None
            is_first = holds and self.rows[execution_arn].range_failure is None
            return self._update_if(execution_arn, is_first, range_failure=failure)

    def record_last_error(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        with self._record_call("record_last_error"):
            return self._update_if(execution_arn, self._is_of(execution_arn, upload_id), last_error=failure)

    def prepare(self, execution_arn: str, *, preparation: Preparation, now: float) -> Download | None:
        with self._record_call("prepare"):
            row = self.rows.get(execution_arn)
            earlier = row.preparation.answers if row and row.preparation else 0
            condition = self._unfinished(execution_arn) and earlier == preparation.answers - 1
            changes = {"status": Status.PREPARING, "preparation": preparation, "updated_at": now}
            return self.rows[execution_arn] if self._update_if(execution_arn, condition, **changes) else None

    def resume(self, execution_arn: str, *, now: float) -> bool:
        with self._record_call("resume"):
            row = self.rows.get(execution_arn)
            condition = row is not None and row.status is Status.PREPARING
            return self._update_if(execution_arn, condition, status=Status.COPYING, updated_at=now)

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
        with self._record_call("begin_upload"):
            changes = {"status": Status.COPYING, "upload_id": upload_id, "updated_at": now, "size": size}
            changes |= {} if first_byte_at is None else {"first_byte_at": first_byte_at}
            changes |= {} if version is None else {"version": version, "copied_bytes": None}
            return self._update_if(execution_arn, self._unfinished(execution_arn), **changes)

    def finish(self, execution_arn: str, *, stored: Stored, upload_id: str | None, now: float) -> bool:
        with self._record_call("finish"):
            row = self.rows.get(execution_arn)
            condition = row is not None and row.status in UNFINISHED and row.upload_id == upload_id
            return self._update_if(
                execution_arn,
                condition,
                status=Status.READY,
                size=stored.size,
                copied_bytes=stored.size,
                stored=stored,
                updated_at=now,
                failure=None,
                last_error=None,
                preparation=None,
                **NO_UPLOAD,
            )

    def fail(self, execution_arn: str, *, failure: Failure, now: float) -> bool:
        with self._record_call("fail"):
            condition = self._unfinished(execution_arn)
            changes = {"status": Status.FAILED, "failure": failure, "preparation": None, "updated_at": now}
            return self._update_if(execution_arn, condition, **changes)

    def claim_check(self, execution_arn: str, *, before: float, now: float) -> bool:
        with self._record_call("claim_check"):
            row = self.rows.get(execution_arn)
            is_due = row is not None and row.updated_at <= before and (row.checked_at or 0.0) <= before
            return self._update_if(execution_arn, is_due and self._unfinished(execution_arn), checked_at=now)

    def cancel(self, execution_arn: str, *, now: float) -> bool:
        with self._record_call("cancel"):
            changes = {"status": Status.CANCELLED, "preparation": None, "updated_at": now}
            return self._update_if(execution_arn, self._unfinished(execution_arn), **changes)

    def forget_upload(self, execution_arn: str, upload_id: str) -> bool:
        with self._record_call("forget_upload"):
            row = self.rows.get(execution_arn)
            return self._update_if(execution_arn, row is not None and row.upload_id == upload_id, **NO_UPLOAD)

    def restart(self, execution_arn: str, *, upload_id: str, now: float) -> bool:
        with self._record_call("restart"):
            condition = self._is_of(execution_arn, upload_id) and execution_arn not in self.restarted
            if condition:
                self.restarted.add(execution_arn)
            return self._update_if(execution_arn, condition, updated_at=now, **NO_UPLOAD)

    def record_file_id(self, execution_arn: str, file_id: str) -> bool:
        with self._record_call("record_file_id"):
            return self._update_if(execution_arn, self._unfinished(execution_arn), file_id=file_id)

    def record_notified(self, execution_arn: str, *, now: float) -> bool:
        with self._record_call("record_notified"):
            return self._update_if(execution_arn, execution_arn in self.rows, notified_at=now)

    def record_event_sent(self, execution_arn: str, *, now: float) -> bool:
        with self._record_call("record_event_sent"):
            return self._update_if(execution_arn, execution_arn in self.rows, event_sent_at=now)

    def remove_connection(self, execution_arn: str, connection_id: str) -> bool:
        with self._record_call("remove_connection"):
            row = self.rows.get(execution_arn)
            remaining = row.connection_ids - {connection_id} if row else frozenset()
            return self._update_if(execution_arn, row is not None, connection_ids=remaining)

    def _record_call(self, operation: str) -> threading.RLock:
        self.before_call(f"downloads.{operation}")
        self.calls[operation] += 1
        return self.lock

    def _is_of(self, execution_arn: str, upload_id: str | None) -> bool:
        return self._unfinished(execution_arn) and self.rows[execution_arn].upload_id == upload_id

    def _unfinished(self, execution_arn: str) -> bool:
        return execution_arn in self.rows and self.rows[execution_arn].status in UNFINISHED

    def _update_if(self, execution_arn: str, condition: bool, **changes: object) -> bool:
        if condition:
            self.rows[execution_arn] = replace(self.rows[execution_arn], **changes)  # type: ignore[arg-type]
        return condition
