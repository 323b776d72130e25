"""The ports of the runtime, in memory: each keeps what the real one keeps, and can be told to fail."""

# ruff: noqa: ARG002  (the ports say what each method takes)

from __future__ import annotations

import json
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from runtime.errors import (
    ConnectionGoneError,
    ExecutionExistsError,
    InvalidPartError,
    ObjectExistsError,
    OriginStalledError,
    OriginTruncatedError,
    StorageError,
    UploadGoneError,
)
from runtime.logic import crc32
from runtime.models import Claim, Connection, Digest, Download, Failure, SignedUrl, Status, Stored, Version, crc32_text
from runtime.ports import Check, ObjectHead, Part, PartBody
from tools import protocol

STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:files"
UNFINISHED = (Status.PENDING, Status.COPYING)
NO_UPLOAD: dict[str, object] = {"upload_id": None, "version": None, "copied_parts": 0, "digest": None}


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


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

    def note_digest(self, execution_arn: str, *, digest: Digest, upload_id: str, now: float) -> bool:
        with self._called("note_digest"):
            holds = self._is_of(execution_arn, upload_id)
            return self._change(execution_arn, holds, digest=digest, updated_at=now)

    def note_failure(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        with self._called("note_failure"):
            holds = self._is_of(execution_arn, upload_id) and self.rows[execution_arn].failure is None
            return self._change(execution_arn, holds, failure=failure)

    def note_trouble(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        with self._called("note_trouble"):
            return self._change(execution_arn, self._is_of(execution_arn, upload_id), trouble=failure)

    def begin_upload(
        self, execution_arn: str, *, upload_id: str, size: int | None, now: float, version: Version | None = None
    ) -> bool:
        with self._called("begin_upload"):
            known = {} if size is None else {"size": size}
            changes = {"status": Status.COPYING, "upload_id": upload_id, "updated_at": now, **known}
            changes |= {} if version is None else {"version": version}
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
                trouble=None,
                **NO_UPLOAD,
            )

    def fail(self, execution_arn: str, *, failure: Failure, now: float) -> bool:
        with self._called("fail"):
            holds = self._unfinished(execution_arn)
            return self._change(execution_arn, holds, status=Status.FAILED, failure=failure, updated_at=now)

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

    def lead(self, execution_arn: str, file_id: str) -> bool:
        with self._called("lead"):
            return self._change(execution_arn, self._unfinished(execution_arn), file_id=file_id)

    def told(self, execution_arn: str, *, now: float) -> bool:
        with self._called("told"):
            return self._change(execution_arn, execution_arn in self.rows, told_at=now)

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


class FakeConnections:
    """The Connections table."""

    def __init__(self, downloads: FakeDownloads) -> None:
        self.rows: dict[str, Connection] = {}
        self.calls: Counter[str] = Counter()
        self.downloads = downloads
        self.before: Callable[[str], None] = lambda _operation: None

    def open(self, connection: Connection, *, ticket_hash: str, limit: int, now: float) -> bool:
        self.before("connections.open")
        self.calls["open"] += 1
        with self.downloads.lock:
            row = self.downloads.rows.get(connection.execution_arn)
            if row is None or row.expires_at <= int(now) or ticket_hash not in row.ticket_hashes:
                return False
            if len(row.connection_ids) >= limit and connection.connection_id not in row.connection_ids:
                return False
            ids = row.connection_ids | {connection.connection_id}
            self.downloads.rows[row.execution_arn] = replace(row, connection_ids=ids)
            self.rows[connection.connection_id] = connection
            return True

    def get(self, connection_id: str) -> Connection | None:
        self.before("connections.get")
        self.calls["get"] += 1
        return self.rows.get(connection_id)

    def delete(self, connection_id: str) -> Connection | None:
        self.before("connections.delete")
        self.calls["delete"] += 1
        return self.rows.pop(connection_id, None)

    def use(self, connection_id: str, *, now: float) -> bool:
        self.before("connections.use")
        self.calls["use"] += 1
        with self.downloads.lock:
            if connection_id not in self.rows:
                return False
            self.rows[connection_id] = replace(self.rows[connection_id], used_at=int(now * 1000))
            return True

    def delete_idle(self, connection_id: str, *, since: float) -> bool:
        self.before("connections.delete_idle")
        self.calls["delete_idle"] += 1
        with self.downloads.lock:
            row = self.rows.get(connection_id)
            if row is not None and row.used_at is not None and row.used_at >= int(since * 1000):
                return False
            self.rows.pop(connection_id, None)
            return True


class FakeExecutions:
    """The state machine: names stay taken, as they do on AWS."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.started: list[str] = []
        self.stopped: list[str] = []
        self.on_stop: Callable[[], None] = lambda: None
        self.error: Exception | None = None

    def start(self, download_id: str) -> None:
        if self.error:
            raise self.error
        arn = f"{STATE_MACHINE.replace(':stateMachine:', ':execution:')}:{download_id}"
        if arn in self.statuses:
            raise ExecutionExistsError(download_id)
        self.statuses[arn] = "RUNNING"
        self.started.append(download_id)

    def stop(self, execution_arn: str) -> None:
        self.stopped.append(execution_arn)
        self.statuses[execution_arn] = "ABORTED"
        self.on_stop()

    def status(self, execution_arn: str) -> str | None:
        if self.error:
            raise self.error
        return self.statuses.get(execution_arn)


@dataclass
class Claimed:
    """A row of the Copies table."""

    leader: str
    expires_at: int
    waiting: list[str] = field(default_factory=list)
    finished: bool = False


class FakeCopies:
    """The Copies table."""

    def __init__(self) -> None:
        self.rows: dict[str, Claimed] = {}

    def claim(self, file_id: str, leader: str, *, now: float, expires_at: int, instead_of: str | None = None) -> Claim:
        row = self.rows.setdefault(file_id, Claimed(leader, expires_at))
        if row.leader not in (leader, instead_of) and row.expires_at > now:
            return Claim(row.leader, len(row.waiting))
        row.leader, row.expires_at, row.finished = leader, expires_at, False
        return Claim(leader)

    def finish(self, file_id: str, leader: str) -> list[str]:
        row = self.rows.get(file_id)
        if row is None or row.leader != leader:
            return []
        row.finished, tokens = True, row.waiting
        row.waiting = []
        return tokens

    def release(self, file_id: str, leader: str) -> list[str]:
        row = self.rows.get(file_id)
        return self.rows.pop(file_id).waiting if row is not None and row.leader == leader else []

    def wait(self, file_id: str, token: str) -> bool:
        """What `AwaitCopy` does: whether the execution waits."""
        row = self.rows.get(file_id)
        if row is None or row.finished:
            return False
        row.waiting.append(token)
        return True


@dataclass
class FakeTasks:
    """Tasks that wait."""

    woken: list[str] = field(default_factory=list)
    error: Exception | None = None

    def wake(self, token: str) -> None:
        if self.error:
            raise self.error
        self.woken.append(token)


@dataclass
class FakeFunctions:
    """Other functions: remembers what was asked of them."""

    started: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    before: Callable[[str], None] = lambda _operation: None
    run: Callable[[str, Mapping[str, object]], None] = lambda _function, _payload: None

    def start(self, function: str, payload: Mapping[str, object]) -> None:
        self.before("functions.start")
        self.started.append((function, payload))
        self.run(function, payload)


class FakeSockets:
    """WebSockets: not there until accepted, and gone for good after that. Takes messages of the protocol only.

    `closed` are those that the server closed.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.opens_at: dict[str, float] = {}
        self.received: dict[str, list[bytes]] = {}
        self.closed: list[str] = []
        self.on_close: Callable[[str], None] = lambda _connection_id: None
        self.errors: dict[str, list[Exception]] = {}
        self.before: Callable[[str], None] = lambda _operation: None

    def accept(self, connection_id: str, after: float = 0.0) -> None:
        """The handshake ends so many seconds from now."""
        self.opens_at[connection_id] = self.clock.now() + after
        self.received[connection_id] = []

    def drop(self, connection_id: str) -> None:
        """Its client has gone."""
        self.opens_at.pop(connection_id, None)

    def post(self, connection_id: str, data: bytes) -> None:
        protocol.check_told(json.loads(data))
        self._reach("post", connection_id)
        self.received[connection_id].append(data)

    def is_open(self, connection_id: str) -> bool:
        try:
            self._reach("is_open", connection_id)
        except ConnectionGoneError:
            return False
        return True

    def close(self, connection_id: str) -> None:
        self._reach("close", connection_id)
        del self.opens_at[connection_id]
        self.closed.append(connection_id)
        self.on_close(connection_id)

    def _reach(self, operation: str, connection_id: str) -> None:
        self.before(f"sockets.{operation}")
        if self.errors.get(connection_id):
            raise self.errors[connection_id].pop(0)
        if self.clock.now() < self.opens_at.get(connection_id, float("inf")):
            raise ConnectionGoneError(connection_id)


@dataclass
class FakeClosing:
    """The closing machine: remembers whom it is to close; `after` is when it calls `close` with that."""

    started: list[tuple[str, list[str], float]] = field(default_factory=list)
    error: Exception | None = None
    before: Callable[[str], None] = lambda _operation: None
    after: Callable[[str, list[str], float], None] = lambda _arn, _ids, _since: None

    def start(self, execution_arn: str, connection_ids: Sequence[str], *, since: float) -> None:
        self.before("closing.start")
        if self.error:
            raise self.error
        self.started.append((execution_arn, list(connection_ids), since))
        self.after(execution_arn, list(connection_ids), since)


class FakeSigner:
    """URLs that say what was signed."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.signed: list[tuple[str, str, str]] = []

    def sign(self, key: str, *, content_disposition: str, content_type: str) -> SignedUrl:
        self.signed.append((key, content_disposition, content_type))
        return SignedUrl(f"https://bucket.example/{key}?X-Amz-Signature=fake", self.clock.now() + 900)


class FakeSecrets:
    """Secrets by ARN."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = dict(values or {})

    def get(self, arn: str) -> str:
        return self.values[arn]


@dataclass
class StoredObject:
    """What S3 holds."""

    body: bytes
    metadata: Mapping[str, str]
    content_type: str
    parts: list[Part] | None = None


@dataclass
class Upload:
    """A multipart upload under way."""

    key: str
    content_type: str
    metadata: Mapping[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)


class FakeObjects:
    """S3. `fail` is called with each operation's name before it runs; `after` when it has."""

    def __init__(self, checksum_type: str = "FULL_OBJECT") -> None:
        self.objects: dict[str, StoredObject] = {}
        self.uploads: dict[str, Upload] = {}
        self.checksum_type = checksum_type
        self.calls: Counter[str] = Counter()
        self.fail: Callable[[str], None] = lambda _operation: None
        self.after: Callable[[str], None] = lambda _operation: None
        self.largest_parts = 0
        self._lock = threading.Lock()
        self._held = 0

    def put(
        self, key: str, body: bytearray, *, crc32: int, content_type: str, metadata: Mapping[str, str]
    ) -> ObjectHead:
        self._called("put")
        if zlib.crc32(body) != crc32:
            raise StorageError("put_object", "BadDigest")
        if key in self.objects:
            raise ObjectExistsError("put_object", "PreconditionFailed")
        self.objects[key] = StoredObject(bytes(body), metadata, content_type)
        self.after("put")
        head = self.head(key)
        assert head is not None
        return head

    def create_upload(self, key: str, *, content_type: str, metadata: Mapping[str, str]) -> str:
        self._called("create_upload")
        upload_id = f"upload-{self.calls['create_upload']}"
        self.uploads[upload_id] = Upload(key, content_type, metadata)
        return upload_id

    def upload_part(self, key: str, upload_id: str, *, number: int, body: bytearray, crc32: int) -> str:
        with self._lock:
            self._held += len(body)
            self.largest_parts = max(self.largest_parts, self._held)
        try:
            self._called("upload_part")
            if zlib.crc32(body) != crc32:
                raise StorageError("upload_part", "BadDigest")
            if upload_id not in self.uploads:
                raise UploadGoneError("upload_part", "NoSuchUpload")
            self.uploads[upload_id].parts[number] = bytes(body)
            self.after("upload_part")
            return f'"etag-{number}"'
        finally:
            with self._lock:
                self._held -= len(body)

    def stream_part(self, key: str, upload_id: str, *, number: int, body: PartBody) -> str:
        self._called("stream_part")
        chunks = []
        try:
            while chunk := body.read(700):
                chunks.append(chunk)
                self.after("stream_chunk")
        except Exception:  # as botocore does: what went wrong in the body is not told
            raise StorageError("upload_part", "HTTPClientError") from None
        whole = b"".join(chunks)
        if len(whole) != len(body) or zlib.crc32(whole) != body.crc32:
            raise StorageError("upload_part", "BadDigest")
        if upload_id not in self.uploads:
            raise UploadGoneError("upload_part", "NoSuchUpload")
        self.after("stream_part")
        self.uploads[upload_id].parts[number] = whole
        return f'"etag-{number}"'

    def complete(self, key: str, upload_id: str, *, parts: Sequence[Part]) -> None:
        self._called("complete")
        if key in self.objects:
            raise ObjectExistsError("complete_multipart_upload", "PreconditionFailed")
        if upload_id not in self.uploads:
            raise UploadGoneError("complete_multipart_upload", "NoSuchUpload")
        upload = self.uploads.pop(upload_id)
        if any(zlib.crc32(upload.parts.get(part.number, b"")) != part.crc32 for part in parts):
            self.uploads[upload_id] = upload
            raise InvalidPartError("complete_multipart_upload", "InvalidPart")
        body = b"".join(upload.parts[part.number] for part in parts)
        self.objects[key] = StoredObject(body, upload.metadata, upload.content_type, list(parts))
        self.after("complete")

    def list_parts(self, key: str, upload_id: str, *, after: int = 0, most: int = 10_000) -> list[Part]:
        self._called("list_parts")
        if upload_id not in self.uploads:
            raise UploadGoneError("list_parts", "NoSuchUpload")
        held = sorted((number, body) for number, body in self.uploads[upload_id].parts.items() if number > after)
        return [Part(number, f'"etag-{number}"', len(body), zlib.crc32(body)) for number, body in held[:most]]

    def head(self, key: str) -> ObjectHead | None:
        self._called("head")
        held = self.objects.get(key)
        if held is None:
            return None
        kind = self.checksum_type if held.parts else "FULL_OBJECT"
        whole = crc32_text(zlib.crc32(held.body))
        checksum = crc32.composite(held.parts) if held.parts and kind == "COMPOSITE" else whole
        return ObjectHead(len(held.body), '"etag"', held.metadata, checksum, kind)

    def abort(self, key: str, upload_id: str) -> None:
        self._called("abort")
        self.uploads.pop(upload_id, None)
        self.after("abort")

    def has_upload(self, key: str, upload_id: str) -> bool:
        self._called("has_upload")
        return upload_id in self.uploads

    def delete(self, key: str) -> None:
        self._called("delete")
        self.objects.pop(key, None)

    @property
    def held(self) -> int:
        """How many bytes are in flight."""
        return self._held

    def _called(self, operation: str) -> None:
        with self._lock:
            self.calls[operation] += 1
        self.fail(operation)


@dataclass
class Asked:
    """A request that an origin saw."""

    url: str
    headers: Mapping[str, str]
    timeout: float


class FakeBody:
    """An answer; `cut_after` bytes the connection is lost, or stalls."""

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        *,
        cut_after: int | None = None,
        stall: bool = False,
        on_read: Callable[[], None] = lambda: None,
    ) -> None:
        self.status = status
        self.headers: Mapping[str, str] = dict(headers or {})
        self.closed = False
        self._content = content
        self._at = 0
        self._cut_after = cut_after
        self._stall = stall
        self._on_read = on_read

    def read(self, most: int, timeout: float) -> bytes:
        assert timeout > 0
        assert not self.closed
        self._on_read()
        if self._cut_after is not None and self._at >= self._cut_after:
            if self._stall:
                raise OriginStalledError("The origin stopped sending.")
            raise OriginTruncatedError("The connection to the origin was lost in the middle.")
        end = min(self._at + most, self._cut_after if self._cut_after is not None else len(self._content))
        chunk = self._content[self._at : end]
        self._at += len(chunk)
        return chunk

    def close(self) -> None:
        self.closed = True


class FakeOrigins:
    """Origins: a function answers; what was asked is kept."""

    def __init__(self, answer: Callable[[Asked], FakeBody]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.bodies: list[FakeBody] = []
        self.checks: list[Check] = []

    def get(self, url: str, headers: Mapping[str, str], *, check: Check, timeout: float) -> FakeBody:
        self.asked.append(Asked(url, dict(headers), timeout))
        self.checks.append(check)
        self.bodies.append(self.answer(self.asked[-1]))
        return self.bodies[-1]
