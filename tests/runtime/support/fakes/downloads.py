"""The Downloads table."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from runtime.models import Digest, Download, Failure, Status, Stored, Version

UNFINISHED = (Status.PENDING, Status.COPYING)
NO_UPLOAD: dict[str, object] = {"upload_id": None, "version": None, "copied_parts": 0, "digest": None}


class FakeDownloads:
    """The Downloads table."""

    def __init__(self) -> None:
        self.rows: dict[str, Download] = {}
        self.restarted: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.lock = threading.RLock()
        self.before: Callable[[str], None] = lambda _operation: None

    def create(self, download: Download) -> bool:
        with self._called("create"):
            if download.execution_arn in self.rows:
                return False
            self.rows[download.execution_arn] = download
            return True

    def get(self, execution_arn: str) -> Download | None:
        with self._called("get"):
            return self.rows.get(execution_arn)

    def replace_tickets(self, execution_arn: str, old: Sequence[str], new: Sequence[str]) -> bool:
        with self._called("replace_tickets"):
            row = self.rows.get(execution_arn)
            same = row is not None and row.ticket_hashes == tuple(old)
            return self._change(execution_arn, same, ticket_hashes=tuple(new))

    def expire(self, execution_arn: str, now: float) -> bool:
        with self._called("expire"):
            row = self.rows.get(execution_arn)
            return self._change(execution_arn, row is not None and row.status is Status.PENDING, expires_at=int(now))

    def progress(
        self, execution_arn: str, *, copied: int, size: int | None, upload_id: str | None, now: float
    ) -> Download | None:
        with self._called("progress"):
            row = self.rows.get(execution_arn)
            holds = row is not None and row.status in UNFINISHED and row.upload_id == upload_id
            known = {} if size is None else {"size": size}
            changes = {"status": Status.COPYING, "copied_bytes": copied, "updated_at": now, **known}
            return self.rows[execution_arn] if self._change(execution_arn, holds, **changes) else None

    def advance(
        self, execution_arn: str, *, copied: int, parts: int, upload_id: str, seen_at: float, now: float
    ) -> Download | None:
        with self._called("advance"):
            row = self.rows.get(execution_arn)
            holds = self._is_of(execution_arn, upload_id) and row is not None and row.updated_at == seen_at
            changes = {"copied_bytes": copied, "copied_parts": parts, "updated_at": now}
            return self.rows[execution_arn] if self._change(execution_arn, holds, **changes) else None

    def record_digest(self, execution_arn: str, *, digest: Digest, upload_id: str, now: float) -> bool:
        with self._called("record_digest"):
            holds = self._is_of(execution_arn, upload_id)
            return self._change(execution_arn, holds, digest=digest, updated_at=now)

    def record_failure(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        with self._called("record_failure"):
            holds = self._is_of(execution_arn, upload_id) and self.rows[execution_arn].failure is None
            return self._change(execution_arn, holds, failure=failure)

    def record_last_error(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        with self._called("record_last_error"):
            return self._change(execution_arn, self._is_of(execution_arn, upload_id), last_error=failure)

    def begin_upload(
        self, execution_arn: str, *, upload_id: str, size: int | None, now: float, version: Version | None = None
    ) -> bool:
        with self._called("begin_upload"):
            known = {} if size is None else {"size": size}
            changes = {"status": Status.COPYING, "upload_id": upload_id, "updated_at": now, **known}
            changes |= {} if version is None else {"version": version, "copied_bytes": None}
            return self._change(execution_arn, self._unfinished(execution_arn), **changes)

    def finish(self, execution_arn: str, *, stored: Stored, upload_id: str | None, now: float) -> bool:
        with self._called("finish"):
            row = self.rows.get(execution_arn)
            holds = row is not None and row.status in UNFINISHED and row.upload_id == upload_id
            return self._change(
                execution_arn,
                holds,
                status=Status.READY,
                size=stored.size,
                copied_bytes=stored.size,
                stored=stored,
                updated_at=now,
                failure=None,
                last_error=None,
                **NO_UPLOAD,
            )

    def fail(self, execution_arn: str, *, failure: Failure, now: float) -> bool:
        with self._called("fail"):
            holds = self._unfinished(execution_arn)
            return self._change(execution_arn, holds, status=Status.FAILED, failure=failure, updated_at=now)

    def claim_check(self, execution_arn: str, *, before: float, now: float) -> bool:
        with self._called("claim_check"):
            row = self.rows.get(execution_arn)
            is_due = row is not None and row.updated_at <= before and (row.checked_at or 0.0) <= before
            return self._change(execution_arn, is_due and self._unfinished(execution_arn), checked_at=now)

    def cancel(self, execution_arn: str, *, now: float) -> bool:
        with self._called("cancel"):
            return self._change(execution_arn, self._unfinished(execution_arn), status=Status.CANCELLED, updated_at=now)

    def forget_upload(self, execution_arn: str, upload_id: str) -> bool:
        with self._called("forget_upload"):
            row = self.rows.get(execution_arn)
            return self._change(execution_arn, row is not None and row.upload_id == upload_id, **NO_UPLOAD)

    def restart(self, execution_arn: str, *, upload_id: str, now: float) -> bool:
        with self._called("restart"):
            holds = self._is_of(execution_arn, upload_id) and execution_arn not in self.restarted
            if holds:
                self.restarted.add(execution_arn)
            return self._change(execution_arn, holds, updated_at=now, **NO_UPLOAD)

    def record_file_id(self, execution_arn: str, file_id: str) -> bool:
        with self._called("record_file_id"):
            return self._change(execution_arn, self._unfinished(execution_arn), file_id=file_id)

    def record_notified(self, execution_arn: str, *, now: float) -> bool:
        with self._called("record_notified"):
            return self._change(execution_arn, execution_arn in self.rows, notified_at=now)

    def remove_connection(self, execution_arn: str, connection_id: str) -> bool:
        with self._called("remove_connection"):
            row = self.rows.get(execution_arn)
            left = row.connection_ids - {connection_id} if row else frozenset()
            return self._change(execution_arn, row is not None, connection_ids=left)

    def _called(self, operation: str) -> threading.RLock:
        self.before(f"downloads.{operation}")
        self.calls[operation] += 1
        return self.lock

    def _is_of(self, execution_arn: str, upload_id: str) -> bool:
        return self._unfinished(execution_arn) and self.rows[execution_arn].upload_id == upload_id

    def _unfinished(self, execution_arn: str) -> bool:
        return execution_arn in self.rows and self.rows[execution_arn].status in UNFINISHED

    def _change(self, execution_arn: str, holds: bool, **changes: object) -> bool:
        if holds:
            self.rows[execution_arn] = replace(self.rows[execution_arn], **changes)  # type: ignore[arg-type]
        return holds
