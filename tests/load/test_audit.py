"""Verdicts about downloads: what counts as lost, as wrong, and as failed for a true reason."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from async_download_client import Download

from integration_tests.load.audit import Verdict, content_crc32, give_verdict
from integration_tests.load.clients import ClientResult
from integration_tests.load.mix import FILES, Behaviour, File, PlannedDownload
from integration_tests.support.stack import Stack
from localcloud.origin import Origin

SIZE = 1000
DOWNLOAD = Download("d" * 32, "arn", "https://a.example.com/d", datetime(2026, 1, 1, tzinfo=UTC), "wss://b", "ticket")
SMALL, MISSING = FILES[0], next(file for file in FILES if file.code == "ORIGIN_NOT_FOUND")
READY = {"status": "READY", "objectKey": "key", "size": SIZE}


def verdict(
    item: dict[str, Any],
    outcome: str,
    *,
    file: File = SMALL,
    behaviour: Behaviour = Behaviour.WAIT,
    is_hit: bool = False,
    error: str = "",
    sha256: str | None = None,
    head: dict[str, Any] | None = None,
) -> Verdict:
    """Return the verdict on a download with this item, whose client was notified of this outcome."""
    plan = PlannedDownload(0, 0.0, file, str(SIZE), behaviour, 0.0, is_fetched=sha256 is not None)
    result = ClientResult(plan, download=DOWNLOAD, outcome=outcome, error=error, sha256=sha256)
    content = {"ContentLength": SIZE, "ChecksumCRC32": content_crc32(SIZE), "ChecksumType": "FULL_OBJECT"}
    s3 = SimpleNamespace(head_object=lambda **_: head or content)
    stack = SimpleNamespace(cloud=SimpleNamespace(client=lambda _: s3), operator=SimpleNamespace(bucket="bucket"))
    return give_verdict(cast(Stack, stack), result, item, {DOWNLOAD.id} if is_hit else set())


def failed(code: str) -> dict[str, Any]:
    """Return the item of a failed download."""
    return {"status": "FAILED", "failure": {"code": code}}


@pytest.mark.parametrize(
    "good",
    [
        verdict(READY, "READY", sha256=Origin.content_sha256(SIZE)),
        verdict(failed("ORIGIN_NOT_FOUND"), "ORIGIN_NOT_FOUND", file=MISSING),
        verdict(failed("STORAGE_ERROR"), "STORAGE_ERROR", is_hit=True),
        verdict({"status": "CANCELLED"}, "CANCELLED", behaviour=Behaviour.CANCEL),
        verdict(READY, "READY", behaviour=Behaviour.CANCEL),
        verdict(READY, "", behaviour=Behaviour.LEAVE),
    ],
)
def test_a_download_that_ended_as_it_should_has_no_problem(good: Verdict) -> None:
    assert good.problems == ()
    assert not good.is_lost


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (verdict(READY, "READY", file=MISSING), "READY instead of ORIGIN_NOT_FOUND"),
        (verdict(failed("STORAGE_ERROR"), "STORAGE_ERROR"), "without an injected fault"),
        (verdict(failed("ORIGIN_ERROR"), "ORIGIN_ERROR", is_hit=True), "ORIGIN_ERROR instead of READY"),
        (verdict({"status": "CANCELLED"}, "CANCELLED"), "CANCELLED without a request"),
        (verdict(READY, "STORAGE_ERROR"), "notified of STORAGE_ERROR, the item says READY"),
        (verdict(READY, "READY", sha256="0" * 64), "other bytes than the origin"),
        (verdict(READY, "READY", head={"ContentLength": 1, "ChecksumType": "COMPOSITE"}), "the object has 1 bytes"),
        (verdict(READY, "READY", head={"ContentLength": SIZE, "ChecksumCRC32": "AAAA"}), "another checksum"),
    ],
)
def test_a_wrong_end_is_a_problem(bad: Verdict, problem: str) -> None:
    assert any(problem in text for text in bad.problems)
    assert not bad.is_lost


@pytest.mark.parametrize(
    "lost",
    [
        verdict({"status": "COPYING"}, "", behaviour=Behaviour.LEAVE),
        verdict({}, "", behaviour=Behaviour.LEAVE),
        verdict(READY, "", error="WAIT_TIMEOUT: The file was not ready after 240 s."),
    ],
)
def test_a_download_without_an_end_or_whose_client_was_not_notified_is_lost(lost: Verdict) -> None:
    assert lost.is_lost
    assert lost.problems


def test_a_request_that_was_refused_in_spite_of_retries_is_no_lost_download() -> None:
    plan = PlannedDownload(0, 0.0, SMALL, "1", Behaviour.WAIT, 0.0, is_fetched=False)
    refused = give_verdict(cast(Stack, None), ClientResult(plan, error="UNAVAILABLE: 503"), {}, set())
    assert (refused.status, refused.problems, refused.is_lost) == ("REFUSED", (), False)
