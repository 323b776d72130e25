"""Interfaces of everything outside the use cases. Each has one adapter in `adapters/` and one fake in the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from runtime.models import (
    Caller,
    Claim,
    Connection,
    Digest,
    Download,
    Failure,
    Place,
    Preparation,
    SignedUrl,
    Stored,
    Version,
    crc32_text,
)


class Clock(Protocol):
    """The clock."""

    def now(self) -> float:
        """Return epoch seconds."""

    def monotonic(self) -> float:
        """Return seconds that only go forward."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Downloads(Protocol):
    """The Downloads table. A method that returns a bool returns whether its condition held and the item was changed."""

    def create(self, download: Download) -> bool:
        """Put the item if there is none."""

    def get(self, execution_arn: str) -> Download | None:
        """Read the item, strongly consistent; it may have expired."""

    def replace_tickets(self, execution_arn: str, old: Sequence[str], new: Sequence[str]) -> bool:
        """Change the hashes of the tickets if they are still the old ones."""

    def expire(self, execution_arn: str, now: float) -> bool:
        """Let a PENDING item expire that no execution will ever work on."""

    def progress(
        self, execution_arn: str, *, copied: int, size: int | None, upload_id: str | None, now: float
    ) -> Download | None:
        """Record how many bytes were copied, if it is unfinished and the upload is still this one.

        Return the updated item, or None if the condition did not hold.
        """

    def prepare(self, execution_arn: str, *, preparation: Preparation, now: float) -> Download | None:
        """Change it to PREPARING, if it is unfinished and no other worker has recorded this answer of the origin.

        Return the updated item, or None if the condition did not hold.
        """

    def resume(self, execution_arn: str, *, now: float) -> bool:
        """Change PREPARING to COPYING: bytes flow."""

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
        """Record the upload before its first part, and the version that slices are copied from, if unfinished.

        The size of an earlier try is removed if this one does not know it.
        """

    def advance(
        self, execution_arn: str, *, copied: int, parts: int, upload_id: str, seen_at: float, now: float
    ) -> Download | None:
        """Record the progress of a copy in slices, unless the item has changed since `seen_at`, its `updated_at`."""

    def record_digest(self, execution_arn: str, *, digest: Digest, upload_id: str, now: float) -> bool:
        """Record the CRC-32 of the upload before it is completed, on the conditions of `progress`."""

    def record_failure(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        """Record why a copy in slices cannot succeed, if it is unfinished, has this upload and no recorded failure."""

    def record_range_failure(self, execution_arn: str, *, failure: Failure, upload_id: str | None) -> bool:
        """Record why the file has to be copied without ranges, on the conditions of `record_failure`."""

    def record_last_error(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        """Record the last error that another worker may overcome, if the copy is unfinished and has this upload."""

    def finish(self, execution_arn: str, *, stored: Stored, upload_id: str | None, now: float) -> bool:
        """Change it to READY, if it is unfinished and the upload is still this one."""

    def fail(self, execution_arn: str, *, failure: Failure, now: float) -> bool:
        """Change it to FAILED, if it is unfinished."""

    def claim_check(self, execution_arn: str, *, before: float, now: float) -> bool:
        """Record a check of its execution, if it is unfinished and was neither changed nor checked since `before`.

        Of several calls at once, one returns True.
        """

    def cancel(self, execution_arn: str, *, now: float) -> bool:
        """Change it to CANCELLED, if it is unfinished."""

    def forget_upload(self, execution_arn: str, upload_id: str) -> bool:
        """Remove the upload's id and what was recorded of it, if it is this one."""

    def restart(self, execution_arn: str, *, upload_id: str, now: float) -> bool:
        """Drop the upload so that the copy starts over, if the download is unfinished and was not restarted before."""

    def record_file_id(self, execution_arn: str, file_id: str) -> bool:
        """Record the version of a file that it copies for other downloads too, if it is unfinished."""

    def record_notified(self, execution_arn: str, *, now: float) -> bool:
        """Record that the clients were notified of the end."""

    def record_event_sent(self, execution_arn: str, *, now: float) -> bool:
        """Record that the event of the end was put on the event bus."""

    def remove_connection(self, execution_arn: str, connection_id: str) -> bool:
        """Remove a connection's id from the item, if there is one."""


class Connections(Protocol):
    """The Connections table."""

    def open(self, connection: Connection, *, ticket_hash: str, limit: int, now: float) -> bool:
        """One transaction: put the connection and add it to its download.

        The download has to be live, to hold the ticket's hash and to have fewer connections than the limit.
        """

    def get(self, connection_id: str) -> Connection | None:
        """Read the item, strongly consistent; it may have expired."""

    def delete(self, connection_id: str) -> Connection | None:
        """Delete the item and return its content."""

    def use(self, connection_id: str, *, now: float) -> bool:
        """Record that its client has sent a message, if there is an item."""

    def delete_idle(self, connection_id: str, *, since: float) -> bool:
        """Delete the item unless its client has sent a message since. Return True also if there was none."""


class Executions(Protocol):
    """The state machine."""

    def start(self, download_id: str) -> None:
        """Start the execution named after the download.

        Raises:
            ExecutionExistsError: the name is taken.
        """

    def stop(self, execution_arn: str) -> None:
        """Stop it, if it is running."""

    def status(self, execution_arn: str) -> str | None:
        """Return RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED ..., or None if there is no such execution."""


class Copies(Protocol):
    """The Copies table: the download that copies each version of a file, while the copy may be reused."""

    def claim(self, file_id: str, leader: str, *, now: float, expires_at: int, instead_of: str | None = None) -> Claim:
        """Become the leader if there is none, it has expired, or it is `instead_of`. Return the leader."""

    def finish(self, file_id: str, leader: str) -> list[str]:
        """Mark the leader's copy as finished, so that no download waits any more. Return the waiting task tokens."""

    def release(self, file_id: str, leader: str) -> list[str]:
        """Give up the leader's claim, so that another download may lead. Return the waiting task tokens."""


class Callers(Protocol):
    """The downloads of each caller that run. A method that returns a bool says whether its condition held."""

    def add(self, caller: str, download_id: str, *, limit: int, expires_at: int) -> Place:
        """Add a download, where it is there already or fewer than `limit` are. The item lives until `expires_at`."""

    def remove(self, caller: str, download_id: str) -> bool:
        """Remove a download that has ended, if it is there."""

    def get_bytes(self, caller: str, day: str) -> int:
        """Read how many bytes were copied on a day (`2026-11-28`), strongly consistent."""

    def add_bytes(self, caller: str, day: str, size: int, *, expires_at: int) -> None:
        """Add to the bytes that were copied on a day."""

    def get(self, caller: str) -> Caller | None:
        """Read the item, strongly consistent."""

    def claim_check(self, caller: str, *, now: float, before: float) -> bool:
        """Record that all downloads of the caller are checked now, unless they were checked after `before`."""


class Tasks(Protocol):
    """Tasks of the state machine that wait for their callback."""

    def resume(self, token: str) -> None:
        """Resume it, if it still waits."""


class Functions(Protocol):
    """Other functions of the stack."""

    def start(self, function: str, payload: Mapping[str, object]) -> None:
        """Invoke it asynchronously."""


class Sockets(Protocol):
    """The WebSocket API, from the server's side."""

    def post(self, connection_id: str, data: bytes) -> None:
        """Send a message.

        Raises:
            ConnectionGoneError: 410.
            TransientServiceError: throttled, a server error or no answer; another try may succeed.
            ServiceError: anything else; another try will not succeed.
        """

    def is_open(self, connection_id: str) -> bool:
        """Return whether it can be posted to; False also during its handshake.

        Raises:
            ServiceError: API Gateway did not answer.
        """

    def close(self, connection_id: str) -> None:
        """Close it normally, with code 1000. Raise as `post` does."""


class IdleCloser(Protocol):
    """The state machine that waits for a while and then has idle sockets closed."""

    def start(self, execution_arn: str, connection_ids: Sequence[str], *, since: float) -> None:
        """Have the sockets closed later whose clients send nothing from `since` on."""


class EventBus(Protocol):
    """A bus of EventBridge."""

    def put(self, detail: Mapping[str, object], *, resource: str, time: float) -> None:
        """Put one event about a resource (an ARN) that happened at `time` (epoch seconds).

        Raises:
            TransientServiceError: throttled, a server error or no answer; another try may succeed.
            ServiceError: the bus does not exist or refuses the event.
        """


class Signer(Protocol):
    """Pre-signed URLs."""

    def sign(self, key: str, *, content_disposition: str, content_type: str) -> SignedUrl:
        """Return a URL to GET the object, valid no longer than the session that signed it."""


@dataclass(frozen=True)
class ObjectHead:
    """The answer of S3's HeadObject. `checksum` is base64 CRC32, with `-N` behind it if it is COMPOSITE."""

    size: int
    etag: str
    metadata: Mapping[str, str]
    checksum: str | None
    checksum_type: str | None


@dataclass(frozen=True)
class Part:
    """A part that S3 has acknowledged."""

    number: int
    etag: str
    size: int
    crc32: int

    @property
    def checksum(self) -> str:
        """Return its CRC-32 as S3 writes it."""
        return crc32_text(self.crc32)


class PartBody(Protocol):
    """A part's bytes that can be read once, as many as its `len`. `crc32` is of what was read so far."""

    crc32: int

    def __len__(self) -> int: ...

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`, and b"" at the end."""


class Objects(Protocol):
    """The bucket. Every method raises StorageError when S3 fails."""

    def put(
        self, key: str, body: bytearray, *, crc32: int, content_type: str, metadata: Mapping[str, str]
    ) -> ObjectHead:
        """Store a small object and return its head.

        Raises:
            ObjectExistsError: the key is taken.
        """

    def create_upload(self, key: str, *, content_type: str, metadata: Mapping[str, str]) -> str:
        """Begin a multipart upload and return its id."""

    def upload_part(self, key: str, upload_id: str, *, number: int, body: bytearray, crc32: int) -> str:
        """Store one part and return its ETag."""

    def stream_part(self, key: str, upload_id: str, *, number: int, body: PartBody) -> str:
        """Store one part of any length while it is read, and return its ETag. No retry: a body cannot be rewound."""

    def complete(self, key: str, upload_id: str, *, parts: Sequence[Part]) -> None:
        """Make an object of the parts.

        Raises:
            ObjectExistsError: the key is taken.
            UploadGoneError: the upload was completed or aborted before.
            InvalidPartError: a part was stored again since it was listed.
        """

    def list_parts(self, key: str, upload_id: str, *, after: int = 0, max_parts: int = 10_000) -> list[Part]:
        """Return the stored parts behind number `after` that have a CRC-32, in order, at most `max_parts`.

        Raises:
            UploadGoneError: the upload was completed or aborted before.
        """

    def head(self, key: str) -> ObjectHead | None:
        """Return the head of the object, or None."""

    def abort(self, key: str, upload_id: str) -> None:
        """Ask S3 to drop the upload; a part in flight may bring it back."""

    def has_upload(self, key: str, upload_id: str) -> bool:
        """Return whether the upload, or a part of it, is still there."""

    def delete(self, key: str) -> None:
        """Delete the object."""


class Body(Protocol):
    """An answer of an origin whose body was not read yet. Reading raises TransferError."""

    @property
    def status(self) -> int:
        """Return the HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers, their names in lower case; several Set-Cookie are joined by line feeds."""

    def read(self, size: int, timeout: float) -> bytes:
        """Return the next bytes, at most `size`, and b"" at the end. `timeout` is the longest silence, in seconds."""

    def close(self) -> None:
        """Close the connection."""


Check = Callable[[str], None]
"""Returns for an IP address that may be connected to, and raises TransferError for any other."""


class Origins(Protocol):
    """HTTP, one hop: no redirects, no retries."""

    def get(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        check: Check,
        timeout: float,
        while_waiting: Callable[[], None],
        ca_bundle: str | None = None,
    ) -> Body:
        """Resolve the host once, check its addresses, connect to one and send the request.

        `timeout` is the seconds until all headers have come. `ca_bundle` is the PEM of the only CA certificates to
        trust; None trusts the public ones. Until the answer comes, `while_waiting` is called every few seconds in a
        thread of its own; an error that it raises ends the wait and is raised here.

        Raises:
            TransferError: the request failed; its class says how.
        """


class Secrets(Protocol):
    """Secret values, by ARN."""

    def get(self, arn: str) -> str:
        """Return the secret's string."""

    def get_ca_bundle(self, arn: str) -> str:
        """Return the text of a secret or SSM parameter, which should be CA certificates in PEM."""


class PageFiles(Protocol):
    """The files of the web page."""

    def read(self, name: str) -> str | None:
        """Return the text of a file, or None if there is none of this name."""
