"""The verdict on each download of a run, from its item, its object and what its client saw."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from botocore.exceptions import ClientError

from integration_tests.load.clients import ClientResult
from integration_tests.load.mix import Behaviour
from integration_tests.support.stack import Stack
from localcloud.origin import Origin, parse_size

FINAL = ("READY", "FAILED", "CANCELLED")
SERVICE_CODES = ("STORAGE_ERROR", "TRANSFER_FAILED")
"""Codes of a download that AWS failed: true only for a download that an injected fault has hit."""


@dataclass(frozen=True)
class Verdict:
    """The end of one download.

    Attributes:
        status: of its item, or REFUSED if the request was never accepted.
        code: the failure code.
        problems: what is wrong; empty for a download that ended as it should.
        is_lost: whether it has no final status, or its client waited and was not notified.
    """

    status: str
    code: str = ""
    problems: tuple[str, ...] = ()
    is_lost: bool = False


@lru_cache(maxsize=32)
def content_crc32(size: int) -> str:
    """Return the CRC-32 of the origin's file of that size, as S3 reports it."""
    value = 0
    for block in Origin.blocks(0, size):
        value = zlib.crc32(block, value)
    return base64.b64encode(value.to_bytes(4)).decode()


def give_verdict(stack: Stack, result: ClientResult, item: Mapping[str, Any], hit: Collection[str]) -> Verdict:
    """Return the verdict; `hit` holds the ids of the downloads that an injected fault has hit."""
    if result.download is None:
        return Verdict("REFUSED", problems=() if result.error.startswith("UNAVAILABLE") else (result.error,))
    status, code = item.get("status", "no item"), (item.get("failure") or {}).get("code", "")
    end = code if status == "FAILED" else status
    problems = [*_wrong_end(result, status, code, result.download.id in hit)]
    was_left_waiting = result.waits and not result.outcome
    if was_left_waiting:
        problems.append(f"the client was not notified: {result.error}")
    elif result.waits and result.outcome != end:
        problems.append(f"the client was notified of {result.outcome}, the item says {end}")
    elif result.error:
        problems.append(result.error)
    if status == "READY":
        problems += _wrong_copy(stack, result, item)
    return Verdict(status, code, tuple(problems), is_lost=status not in FINAL or was_left_waiting)


def _wrong_end(result: ClientResult, status: str, code: str, is_hit: bool) -> list[str]:
    """Return what is wrong with the status and the code."""
    plan = result.plan
    if status not in FINAL:
        return [f"the status is {status}"]
    if status == "CANCELLED":
        return [] if plan.behaviour is Behaviour.CANCEL else ["CANCELLED without a request"]
    expected = plan.file.code
    if status == "READY":
        return [f"READY instead of {expected}"] if expected else []
    if code == expected or (code in SERVICE_CODES and is_hit):
        return []
    return [f"{code} instead of {expected or 'READY'}" + ("" if is_hit else ", without an injected fault")]


def _wrong_copy(stack: Stack, result: ClientResult, item: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the object of a download that is READY, and with the file that its client has."""
    size, problems = parse_size(result.plan.size), []
    try:
        head = stack.cloud.client("s3").head_object(
            Bucket=stack.operator.bucket, Key=item["objectKey"], ChecksumMode="ENABLED"
        )
    except ClientError as error:
        return [f"no object: {error.response['Error']['Code']}"]
    if (head["ContentLength"], int(item["size"])) != (size, size):
        problems.append(f"the object has {head['ContentLength']} bytes, the item {item['size']}, the file {size}")
    if head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT" and head.get("ChecksumCRC32") != content_crc32(size):
        problems.append("the object has another checksum than the file")
    if result.sha256 is not None and result.sha256 != Origin.content_sha256(size):
        problems.append("the client has other bytes than the origin")
    return problems
