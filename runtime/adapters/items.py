"""Downloads and connections as DynamoDB items, and back."""

from __future__ import annotations

from typing import Any

from runtime.errors import NewerItemError
from runtime.models import (
    Checksum,
    Connection,
    Digest,
    Download,
    Failure,
    Preparation,
    Status,
    Stored,
    Target,
    Validator,
    Version,
    iso,
    seconds_of,
)

Item = dict[str, Any]

SCHEMA_VERSION = 1
"""The version of new items, and the latest that is read. Items of releases before it have none.

Attributes may be added without another version: code ignores those that it does not know, and no update removes them.
An incompatible change raises the version, over two releases: the first one reads both versions and writes the former
one, since executions that run, and a rollback, use the code of the release before.
"""
SCHEMA: Item = {"schemaVersion": {"N": str(SCHEMA_VERSION)}}
"""The attribute of new items."""


def readable(answer: Item) -> Item | None:
    """Return the item in an answer of DynamoDB, or None.

    Raises:
        NewerItemError: it has a later schema version.
    """
    item: Item | None = answer.get("Item")
    version = (_number(item, "schemaVersion") or 0) if item else 0
    if version > SCHEMA_VERSION:
        raise NewerItemError(version, SCHEMA_VERSION)
    return item


def download_item(download: Download) -> Item:
    """Return the item of a new download; unknown attributes are absent."""
    item = {
        **SCHEMA,
        "executionArn": text(download.execution_arn),
        "downloadId": text(download.download_id),
        "status": text(download.status),
        "origin": text(download.origin),
        "path": text(download.path),
        "owner": text(download.owner),
        "createdAt": text(iso(download.created_at)),
        "updatedAt": text(iso(download.updated_at)),
        "expiresAt": number(download.expires_at),
        "ticketHashes": texts(download.ticket_hashes),
    }
    if download.file_name is not None:
        item["fileName"] = text(download.file_name)
    if download.expected_size is not None:
        item["expectedSize"] = number(download.expected_size)
    if download.sha256 is not None:
        item["sha256"] = text(download.sha256)
    return item


def download_of(item: Item) -> Download:
    """Return the download in an item."""
    return Download(
        execution_arn=item["executionArn"]["S"],
        download_id=item["downloadId"]["S"],
        origin=item["origin"]["S"],
        path=item["path"]["S"],
        owner=item["owner"]["S"],
        created_at=seconds_of(item["createdAt"]["S"]),
        updated_at=seconds_of(item["updatedAt"]["S"]),
        expires_at=int(item["expiresAt"]["N"]),
        status=Status(item["status"]["S"]),
        file_name=_text(item, "fileName"),
        expected_size=_number(item, "expectedSize"),
        sha256=_text(item, "sha256"),
        ticket_hashes=tuple(entry["S"] for entry in item.get("ticketHashes", {}).get("L", ())),
        ticket_generation=_number(item, "ticketGeneration") or 0,
        connection_ids=frozenset(item.get("connectionIds", {}).get("SS", ())),
        size=_number(item, "size"),
        copied_bytes=_number(item, "copiedBytes"),
        upload_id=_text(item, "uploadId"),
        file_id=_text(item, "fileId"),
        version=_version(item),
        copied_parts=_number(item, "copiedParts") or 0,
        digest=_digest(item),
        stored=_stored(item),
        failure=_failure(item, "failure"),
        range_failure=_failure(item, "rangeFailure"),
        last_error=_failure(item, "lastError"),
        notified_at=_time(item, "notifiedAt"),
        event_sent_at=_time(item, "eventSentAt"),
        checked_at=_time(item, "checkedAt"),
        first_byte_at=_time(item, "firstByteAt"),
        preparation=_preparation(item),
    )


def connection_item(connection: Connection) -> Item:
    """Return the item of a connection."""
    item = {
        **SCHEMA,
        "connectionId": text(connection.connection_id),
        "executionArn": text(connection.execution_arn),
        "connectedAt": number(connection.connected_at),
        "expiresAt": number(connection.expires_at),
    }
    if connection.used_at is not None:
        item["usedAt"] = number(connection.used_at)
    if connection.ticket_generation:
        item["ticketGeneration"] = number(connection.ticket_generation)
    return item


def connection_of(item: Item) -> Connection:
    """Return the connection in an item."""
    return Connection(
        connection_id=item["connectionId"]["S"],
        execution_arn=item["executionArn"]["S"],
        connected_at=int(item["connectedAt"]["N"]),
        expires_at=int(item["expiresAt"]["N"]),
        used_at=_number(item, "usedAt"),
        ticket_generation=_number(item, "ticketGeneration") or 0,
    )


def text(value: str) -> Item:
    """Return a string attribute."""
    return {"S": str(value)}


def number(value: int) -> Item:
    """Return a number attribute."""
    return {"N": str(value)}


def texts(values: tuple[str, ...] | list[str]) -> Item:
    """Return a list of strings."""
    return {"L": [text(value) for value in values]}


def checksum_value(checksum: Checksum) -> Item:
    """Return a checksum as a map."""
    return {"M": {"algorithm": text(checksum.algorithm), "value": text(checksum.value)}}


def failure_value(failure: Failure) -> Item:
    """Return a failure as a map."""
    return {"M": {"code": text(failure.code), "message": text(failure.message)}}


def validator_value(validator: Validator) -> Item:
    """Return a validator as a map."""
    return {"M": {"header": text(validator.header), "value": text(validator.value)}}


def digest_value(digest: Digest) -> Item:
    """Return a digest as a map."""
    return {"M": {"whole": text(digest.whole), "composite": text(digest.composite)}}


def target_value(target: Target) -> Item:
    """Return a URL of an origin as a map."""
    return {"M": {"url": text(target.url), "getsSecrets": {"BOOL": target.gets_secrets}}}


def _text(item: Item, name: str) -> str | None:
    return item[name]["S"] if name in item else None


def _time(item: Item, name: str) -> float | None:
    return seconds_of(item[name]["S"]) if name in item else None


def _number(item: Item, name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None


def _stored(item: Item) -> Stored | None:
    if item["status"]["S"] != Status.READY:
        return None
    checksum = item["checksum"]["M"]
    return Stored(
        key=item["objectKey"]["S"],
        size=int(item["size"]["N"]),
        etag=item["etag"]["S"],
        content_type=item["contentType"]["S"],
        checksum=Checksum(checksum["algorithm"]["S"], checksum["value"]["S"]),
        sha256=_text(item, "objectSha256"),
    )


def _failure(item: Item, name: str) -> Failure | None:
    if name not in item:
        return None
    failure = item[name]["M"]
    return Failure(failure["code"]["S"], failure["message"]["S"])


def _version(item: Item) -> Version | None:
    if "validator" not in item:
        return None
    validator = item["validator"]["M"]
    return Version(Validator(validator["header"]["S"], validator["value"]["S"]), item["contentType"]["S"])


def _preparation(item: Item) -> Preparation | None:
    if "nextRequestAt" not in item:
        return None
    target = item["nextRequestTarget"]["M"] if "nextRequestTarget" in item else None
    return Preparation(
        answers=int(item["preparingAnswers"]["N"]),
        next_request_at=seconds_of(item["nextRequestAt"]["S"]),
        target=Target(target["url"]["S"], target["getsSecrets"]["BOOL"]) if target else None,
    )


def _digest(item: Item) -> Digest | None:
    if "digest" not in item:
        return None
    return Digest(item["digest"]["M"]["whole"]["S"], item["digest"]["M"]["composite"]["S"])
