"""What the use cases need of the world: each port has one adapter in `adapters/` and one fake in the tests."""

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
    SignedUrl,
    Stored,
    Version,
    crc32_text,
)


class Clock(Protocol):
    """Time."""

    def now(self) -> float:
        """Epoch seconds."""

    def monotonic(self) -> float:
        """Seconds that only go forward."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Downloads(Protocol):
    """The Downloads table. A method that answers a bool says whether its condition held and the row was changed."""

    def create(self, download: Download) -> bool:
        """Put the row where there is none."""

    def get(self, execution_arn: str) -> Download | None:
        """Read the row, strongly consistent; it may have expired."""

    def replace_tickets(self, execution_arn: str, old: Sequence[str], new: Sequence[str]) -> bool:
        """Change the hashes of the tickets where they are still the old ones."""

    def expire(self, execution_arn: str, now: float) -> bool:
        """Give up a PENDING row that no execution will ever work on."""

    def progress(
        self, execution_arn: str, *, copied: int, size: int | None, upload_id: str | None, now: float
    ) -> Download | None:
        """Say how many bytes were copied, where it is PENDING or COPYING and the upload is still this one.

        The row as it is now, or None where the condition did not hold.
        """

    def begin_upload(
        self, execution_arn: str, *, upload_id: str, size: int | None, now: float, version: Version | None = None
    ) -> bool:
        """Note the upload before its first part, and what slices of it are copied from: nothing yet; as `progress`."""

    def advance(
        self, execution_arn: str, *, copied: int, parts: int, upload_id: str, seen_at: float, now: float
    ) -> Download | None:
        """`progress` of a copy in slices, where nobody else has told any since `seen_at`, the row's `updated_at`."""

    def record_digest(self, execution_arn: str, *, digest: Digest, upload_id: str, now: float) -> bool:
        """Note what the upload will be, before it is completed; as `progress`."""

    def record_failure(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        """Note why a copy in slices cannot succeed, where it goes on, nothing is noted yet, and the upload is this."""

    def record_last_error(self, execution_arn: str, *, failure: Failure, upload_id: str) -> bool:
        """Note what went wrong last and may mend, where the copy goes on and the upload is this one."""

    def finish(self, execution_arn: str, *, stored: Stored, upload_id: str | None, now: float) -> bool:
        """PENDING or COPYING becomes READY, where the upload is still this one."""

    def fail(self, execution_arn: str, *, failure: Failure, now: float) -> bool:
        """PENDING or COPYING becomes FAILED."""

    def claim_check(self, execution_arn: str, *, before: float, now: float) -> bool:
        """Record that its execution is asked for, where it goes on and was neither changed nor checked since `before`.

        Of several callers at once, one gets True.
        """

    def cancel(self, execution_arn: str, *, now: float) -> bool:
        """PENDING or COPYING becomes CANCELLED."""

    def forget_upload(self, execution_arn: str, upload_id: str) -> bool:
        """Remove the upload's id and what was noted of it, where it is this one."""

    def restart(self, execution_arn: str, *, upload_id: str, now: float) -> bool:
        """As `forget_upload`, of a copy that goes on and has not been started again before."""

    def record_file_id(self, execution_arn: str, file_id: str) -> bool:
        """Note that it copies a version of a file for others too, where it is PENDING or COPYING."""

    def record_notified(self, execution_arn: str, *, now: float) -> bool:
        """Record that the clients were notified of the end."""

    def remove_connection(self, execution_arn: str, connection_id: str) -> bool:
        """Take a connection's id out of the row, if there is one."""


class Connections(Protocol):
    """The Connections table."""

    def open(self, connection: Connection, *, ticket_hash: str, limit: int, now: float) -> bool:
        """One transaction: put the connection and add it to its download.

        The download has to be live, to hold the ticket's hash and to have fewer connections than the limit.
        """

    def get(self, connection_id: str) -> Connection | None:
        """Read the row, strongly consistent; it may have expired."""

    def delete(self, connection_id: str) -> Connection | None:
        """Delete the row and say what was in it."""

    def use(self, connection_id: str, *, now: float) -> bool:
        """Note that its client is still at it, if there is a row."""

    def delete_idle(self, connection_id: str, *, since: float) -> bool:
        """Delete the row unless its client has said something since; True also when there was none."""


class Executions(Protocol):
    """The state machine."""

    def start(self, download_id: str) -> None:
        """Start the execution named after the download.

        Raises:
            ExecutionExistsError: the name is taken.
        """

    def stop(self, execution_arn: str) -> None:
        """Stop it; nothing happens if it is not running."""

    def status(self, execution_arn: str) -> str | None:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED ..., or None where there is none."""


class Copies(Protocol):
    """The Copies table: who copies which version of which file, while it may be reused."""

    def claim(self, file_id: str, leader: str, *, now: float, expires_at: int, instead_of: str | None = None) -> Claim:
        """Become the leader where there is none, it has expired, or it is `instead_of`; says who is."""

    def finish(self, file_id: str, leader: str) -> list[str]:
        """The leader's copy is there, and nobody needs to wait any more; the task tokens of those that do."""

    def release(self, file_id: str, leader: str) -> list[str]:
        """The leader has failed, and another may become it; the task tokens of those that wait."""


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
    """Tasks of the state machine that wait for a call back."""

    def resume(self, token: str) -> None:
        """Let it go on; nothing happens where it does not wait any more."""


class Functions(Protocol):
    """Other functions of the stack."""

    def start(self, function: str, payload: Mapping[str, object]) -> None:
        """Invoke it and do not wait."""


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
        """Whether it can be posted to; not yet while its handshake lasts.

        Raises:
            ServiceError: nobody knows.
        """

    def close(self, connection_id: str) -> None:
        """Close it, which its client sees as a normal end (1000); raises as `post` does."""


class IdleCloser(Protocol):
    """The state machine that waits for a while and then has idle sockets closed."""

    def start(self, execution_arn: str, connection_ids: Sequence[str], *, since: float) -> None:
        """Have those closed later that say nothing from `since` on."""


class Signer(Protocol):
    """Pre-signed URLs."""

    def sign(self, key: str, *, content_disposition: str, content_type: str) -> SignedUrl:
        """A URL to GET the object, valid no longer than what signed it."""


@dataclass(frozen=True)
class ObjectHead:
    """What S3 says of an object. `checksum` is base64 CRC32, with `-N` behind it when it is COMPOSITE."""

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
        """Its CRC-32 as S3 writes it."""
        return crc32_text(self.crc32)


class PartBody(Protocol):
    """A part's bytes that can be read once, as many as its `len`. `crc32` is of what was read so far."""

    crc32: int

    def __len__(self) -> int: ...

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most so many; nothing at the end."""


class Objects(Protocol):
    """The bucket. Every method raises StorageError when S3 fails."""

    def put(
        self, key: str, body: bytearray, *, crc32: int, content_type: str, metadata: Mapping[str, str]
    ) -> ObjectHead:
        """Store a small object and say what S3 made of it.

        Raises:
            ObjectExistsError: the key is taken.
        """

    def create_upload(self, key: str, *, content_type: str, metadata: Mapping[str, str]) -> str:
        """Begin a multipart upload and give its id."""

    def upload_part(self, key: str, upload_id: str, *, number: int, body: bytearray, crc32: int) -> str:
        """Store one part and give its ETag."""

    def stream_part(self, key: str, upload_id: str, *, number: int, body: PartBody) -> str:
        """Store one part of any length as it is read and give its ETag; tried once, for a body cannot be rewound."""

    def complete(self, key: str, upload_id: str, *, parts: Sequence[Part]) -> None:
        """Make the object of its parts.

        Raises:
            ObjectExistsError: the key is taken.
            UploadGoneError: it was completed or aborted before.
            InvalidPartError: a part was stored again since it was listed.
        """

    def list_parts(self, key: str, upload_id: str, *, after: int = 0, max_parts: int = 10_000) -> list[Part]:
        """The parts behind this number that S3 holds with their CRC-32, in order, at most so many.

        Raises:
            UploadGoneError: it was completed or aborted before.
        """

    def head(self, key: str) -> ObjectHead | None:
        """What S3 knows of the object, if there is one."""

    def abort(self, key: str, upload_id: str) -> None:
        """Ask S3 to drop the upload; a part in flight may bring it back."""

    def has_upload(self, key: str, upload_id: str) -> bool:
        """Whether the upload, or a part of it, is still there."""

    def delete(self, key: str) -> None:
        """Delete the object."""


class Body(Protocol):
    """An answer of an origin, its body not read yet. Reading raises TransferError."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, their names in lower case."""

    def read(self, size: int, timeout: float) -> bytes:
        """The next bytes, at most so many; nothing at the end. `timeout` is for one silence, in seconds."""

    def close(self) -> None:
        """Drop the connection."""


Check = Callable[[str], None]
"""Lets an IP address pass, or raises TransferError."""


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
        """Resolve once, check what came out, connect to that and ask; `timeout` is for all up to the headers.

        `ca_bundle` is the PEM of the only CA certificates to trust; None trusts the public ones.

        While the answer is waited for, `while_waiting` is called every few seconds, in a thread of its own; what it
        raises ends the wait.

        Raises:
            TransferError: typed by what went wrong.
        """


class Secrets(Protocol):
    """Secret values, by ARN."""

    def get(self, arn: str) -> str:
        """The secret's string."""

    def get_ca_bundle(self, arn: str) -> str:
        """Return the text of a secret or SSM parameter, which should be CA certificates in PEM."""


class PageFiles(Protocol):
    """The files of the web page."""

    def read(self, name: str) -> str | None:
        """The text of a file; None where there is none of this name."""
