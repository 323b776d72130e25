"""The values that logic, ports and adapters share."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum, auto

YOUNG_SECONDS = 10.0  # a socket may answer 410 until its `$connect` has returned; an older socket with 410 has gone


class Status(StrEnum):
    """The state of a download."""

    PENDING = "PENDING"
    COPYING = "COPYING"
    PREPARING = "PREPARING"
    READY = "READY"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Return whether the download has ended."""
        return self in (Status.READY, Status.FAILED, Status.CANCELLED)


@dataclass(frozen=True)
class Failure:
    """The reason of a failed download, as it is sent to clients."""

    code: str
    message: str


@dataclass(frozen=True)
class Checksum:
    """S3's checksum of the whole object: `CRC32`, base64."""

    algorithm: str
    value: str


@dataclass(frozen=True)
class Digest:
    """The CRC-32 that S3 should report of an object, in the two forms that S3 may store: base64."""

    whole: str
    composite: str


@dataclass(frozen=True)
class Stored:
    """A stored and verified object. `sha256` is hex, and None if several workers copied the file."""

    key: str
    size: int
    etag: str
    content_type: str
    checksum: Checksum
    sha256: str | None


@dataclass(frozen=True)
class Validator:
    """The header of an origin's answers that identifies a version of its file."""

    header: str
    value: str

    @property
    def condition(self) -> dict[str, str]:
        """Return the request headers for this version only."""
        return {"If-Match" if self.header == "etag" else "If-Unmodified-Since": self.value}

    def matches(self, headers: Mapping[str, str]) -> bool:
        """Return whether an answer is of this version."""
        return headers.get(self.header, "").strip() == self.value


@dataclass(frozen=True)
class Version:
    """The version of an origin's file that slices are copied from."""

    validator: Validator
    content_type: str


@dataclass(frozen=True)
class Target:
    """A URL of an origin, which may contain a signature, and whether requests for it get the secret headers."""

    url: str = field(repr=False)
    gets_secrets: bool


@dataclass(frozen=True)
class Preparation:
    """The wait for an origin that prepares the file, or is overloaded.

    `answers` is how often the origin has asked to be requested again. `next_request_at` is epoch seconds. `target` is
    the URL to request; None is that of the download's path.
    """

    answers: int
    next_request_at: float
    target: Target | None = None


@dataclass(frozen=True)
class Download:
    """An item of the Downloads table. Times are epoch seconds.

    `expected_size` and `sha256` come from the client.
    `first_byte_at` is when its origin first answered with the file.
    `file_id` is the version of a file that it copies for other downloads too, if copies are reused.
    `ticket_generation` is how often its tickets were revoked.
    `checked_at` is when its execution was last compared with it, because it had not changed for a while.
    `preparation` is the last wait for its origin, which also says at which URL the file is requested after it.
    Of a copy in slices: `version` is the version that is copied, `copied_parts` the number of parts without a gap,
    `digest` the CRC-32 of all parts, `failure` before the end the error that no worker can overcome, and
    `last_error` the last error that another worker may overcome.
    `range_failure` is the error that only a copy without ranges could overcome. Such a copy may be of another version
    than `file_id`.
    """

    execution_arn: str
    download_id: str
    origin: str
    path: str
    owner: str
    created_at: float
    updated_at: float
    expires_at: int
    status: Status = Status.PENDING
    file_name: str | None = None
    expected_size: int | None = None
    sha256: str | None = None
    ticket_hashes: tuple[str, ...] = ()
    ticket_generation: int = 0
    connection_ids: frozenset[str] = field(default_factory=frozenset)
    size: int | None = None
    copied_bytes: int | None = None
    upload_id: str | None = None
    version: Version | None = None
    copied_parts: int = 0
    digest: Digest | None = None
    stored: Stored | None = None
    failure: Failure | None = None
    range_failure: Failure | None = None
    last_error: Failure | None = None
    notified_at: float | None = None
    event_sent_at: float | None = None
    checked_at: float | None = None
    first_byte_at: float | None = None
    file_id: str | None = None
    preparation: Preparation | None = None

    @property
    def next_request_at(self) -> float | None:
        """Return when its origin is requested again, if it waits for that: epoch seconds."""
        return self.preparation.next_request_at if self.preparation and self.status is Status.PREPARING else None

    def is_expired(self, now: float) -> bool:
        """Return whether it has expired; DynamoDB's TTL may delete it days later."""
        return self.expires_at <= now

    def was_ended_at(self, now: float) -> bool:
        """Return whether it has ended at this millisecond: by an update whose answer was lost."""
        return self.status.is_final and iso(self.updated_at) == iso(now)

    def age(self, now: float) -> float:
        """Return the seconds since it was requested."""
        return max(0.0, now - self.created_at)


@dataclass(frozen=True)
class Claim:
    """An item of the Copies table: the execution that copies a file's version, and the number of waiting downloads."""

    leader: str
    waiting: int = 0


class Place(StrEnum):
    """The result of counting a download among those of its caller that run."""

    ADDED = "added"
    HELD = "held"
    REFUSED = "refused"


@dataclass(frozen=True)
class Caller:
    """The item of a caller: ids of its running downloads, and when these were last checked.

    `checked_at` is epoch seconds, 0 if they were never checked.
    """

    running: frozenset[str]
    checked_at: int = 0


@dataclass(frozen=True)
class Connection:
    """An item of the Connections table. `expires_at` is epoch seconds, the other times are epoch milliseconds.

    `used_at` is when its client last sent a message after the download's end.
    `ticket_generation` is that of its download when the connection was accepted.
    """

    connection_id: str
    execution_arn: str
    connected_at: int
    expires_at: int
    used_at: int | None = None
    ticket_generation: int = 0

    def belongs_to(self, download: Download) -> bool:
        """Return whether it was accepted for this download, and the tickets were not revoked since."""
        return (self.execution_arn, self.ticket_generation) == (download.execution_arn, download.ticket_generation)

    def is_expired(self, now: float) -> bool:
        """Return whether it has expired; DynamoDB's TTL may delete it days later."""
        return self.expires_at <= now

    def age(self, now: float) -> float:
        """Return the seconds since it was accepted."""
        return now - self.connected_at / 1000


class RedirectRule(StrEnum):
    """The redirects of an origin that are followed."""

    BASE = auto()
    """To URLs under `base_url`."""

    HOST = auto()
    """To the host of `base_url` and to `redirect_hosts`."""

    ANY = auto()
    """To any host with a public address."""


@dataclass(frozen=True)
class Origin:
    """An origin in the stack's settings, from which clients may download.

    `base_url` ends with a slash. `secret_headers` holds the ARN of a secret for each header, `ca_bundle` the ARN of the
    secret or SSM parameter with the CA certificates that the origin's hosts are verified with (None: public CAs).
    `allow_private` and `ca_bundle` are for the host of `base_url` and for `redirect_hosts` only. With `encoded_slashes`
    paths may have slashes written as `%2F`.
    """

    name: str
    base_url: str
    default_path: str | None = None
    secret_headers: Mapping[str, str] = field(default_factory=dict)
    allow_http: bool = False
    allow_private: tuple[str, ...] = ()
    ca_bundle: str | None = None
    redirects: RedirectRule = RedirectRule.HOST
    redirect_hosts: tuple[str, ...] = ()
    encoded_slashes: bool = False

    @property
    def has_secrets(self) -> bool:
        """Return whether a copy from it reads Secrets Manager."""
        return bool(self.secret_headers) or ":secretsmanager:" in (self.ca_bundle or "")


Origins = Mapping[str, Origin]


@dataclass(frozen=True)
class SignedUrl:
    """A pre-signed URL and the moment (epoch seconds) at which it expires."""

    url: str
    expires_at: float


def execution_arn_of(state_machine_arn: str, download_id: str) -> str:
    """Return the ARN of a download's execution, whose name is the download's id."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{download_id}"


def crc32_text(value: int) -> str:
    """Return a CRC-32 as S3 writes it: base64 of four big-endian bytes."""
    return base64.b64encode(value.to_bytes(4, "big")).decode()


def crc32_of(text: str) -> int:
    """Return the CRC-32 in a text of `crc32_text`."""
    return int.from_bytes(base64.b64decode(text), "big")


def iso(seconds: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(text: str) -> float:
    """Return the epoch seconds of a text of `iso`."""
    return datetime.fromisoformat(text).timestamp()
