"""Messages have a common shape, a stable id, and fit into a frame by construction."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.logic.origin import disposition
from runtime.logic.sockets import messages
from runtime.models import Checksum, Download, Failure, Preparation, SignedUrl, Status, Stored, Target
from tests.runtime.support.world import ARN, DOWNLOAD_ID, STORED
from tools import protocol

PREPARED = Target("https://files.example.com/7?sig=s3cret", gets_secrets=True)
DOWNLOAD = Download(ARN, DOWNLOAD_ID, "reports", "a/b.csv", "iam:alice", 1.0, 1.0, 100)
READY = replace(DOWNLOAD, status=Status.READY, stored=STORED, size=3, copied_bytes=3)
SIGNED = SignedUrl("https://bucket/key?sig", 1_800_000_900.0)


def test_ready_message_has_everything_to_fetch_and_verify() -> None:
    protocol.check_server_message(messages.download_message(READY, SIGNED))
    assert messages.download_message(READY, SIGNED) == {
        "type": "ready",
        "version": 1,
        "messageId": f"{DOWNLOAD_ID}-ready",
        "downloadId": DOWNLOAD_ID,
        "url": "https://bucket/key?sig",
        "expiresAt": "2027-01-15T08:15:00.000Z",
        "size": 3,
        "contentType": "text/csv",
        "fileName": "b.csv",
        "etag": '"etag"',
        "checksum": {"algorithm": "CRC32", "value": "NSRBwg=="},
        "sha256": "ba" * 32,
    }


@pytest.mark.parametrize(
    ("download", "message_type", "fields"),
    [
        (replace(DOWNLOAD, status=Status.CANCELLED), "cancelled", {}),
        (
            replace(DOWNLOAD, status=Status.FAILED, failure=Failure("ORIGIN_ERROR", "No.")),
            "failed",
            {"error": {"code": "ORIGIN_ERROR", "message": "No."}},
        ),
        (
            replace(DOWNLOAD, status=Status.FAILED),
            "failed",
            {"error": {"code": "TRANSFER_FAILED", "message": "The transfer failed."}},
        ),
        (DOWNLOAD, "status", {"status": "PENDING"}),
        (
            replace(DOWNLOAD, status=Status.COPYING, size=9, copied_bytes=4),
            "status",
            {"status": "COPYING", "size": 9, "copiedBytes": 4},
        ),
        (
            replace(DOWNLOAD, status=Status.PREPARING, preparation=Preparation(3, 1795521600.0, PREPARED)),
            "status",
            {"status": "PREPARING", "nextRequestAt": "2026-11-24T12:00:00.000Z"},
        ),
        (
            replace(DOWNLOAD, status=Status.COPYING, preparation=Preparation(3, 1795521600.0, PREPARED)),
            "status",
            {"status": "COPYING"},
        ),
    ],
)
def test_message_of_another_status_has_only_its_fields(
    download: Download, message_type: str, fields: dict[str, object]
) -> None:
    message = messages.download_message(download)
    protocol.check_server_message(message)
    common = {"type", "version", "messageId", "downloadId"}
    assert message["type"] == message_type
    assert {name: value for name, value in message.items() if name not in common} == fields


def test_message_id_is_stable_for_the_same_status_and_differs_otherwise() -> None:
    """A client can drop repeated messages."""
    later = SignedUrl("https://bucket/key?other", 1_900_000_000.0)
    assert messages.download_message(READY, SIGNED)["messageId"] == messages.download_message(READY, later)["messageId"]
    copying = replace(DOWNLOAD, status=Status.COPYING, copied_bytes=1)
    ids = {
        str(messages.download_message(row)["messageId"])
        for row in (DOWNLOAD, copying, replace(copying, copied_bytes=2))
    }
    assert len(ids) == 3


def test_progress_pong_and_error_have_their_fields() -> None:
    copying = replace(DOWNLOAD, status=Status.COPYING, copied_bytes=5)
    assert messages.progress(copying)["copiedBytes"] == 5
    assert "size" not in messages.progress(copying)
    assert messages.progress(replace(copying, size=9))["size"] == 9
    assert messages.pong(DOWNLOAD_ID, "m1")["messageId"] == f"{DOWNLOAD_ID}-pong-m1"
    assert messages.error(DOWNLOAD_ID, "m1", Failure("X", "Why."))["error"] == {"code": "X", "message": "Why."}


@settings(max_examples=50)
@given(
    name=st.characters(exclude_categories=["Cs"]).map(lambda character: character * 255),
    failure=st.characters(exclude_categories=["Cs"]).map(lambda character: character * 20_000),
)
def test_every_message_fits_into_a_frame(name: str, failure: str) -> None:
    """A frame has 32 KB; names, URLs, types and reasons are the longest possible."""
    stored = Stored("k" * 1024, 10**13, "e" * 100, "t/" + "x" * 140, Checksum("CRC32", "A" * 8), "f" * 64)
    ready = replace(READY, stored=stored, file_name=name, download_id="d" * 80)
    failed = replace(DOWNLOAD, status=Status.FAILED, failure=Failure("C" * 30, failure))
    for message in (
        messages.download_message(ready, SignedUrl("%" * 12_000, 1.0)),
        messages.download_message(failed),
        messages.error("d" * 80, "m" * 128, Failure("C", failure)),
    ):
        data = messages.encode(message)
        assert len(data) < 32 * 1024
        assert json.loads(data) == message


def test_message_too_large_for_a_frame_is_refused() -> None:
    """API Gateway would close the socket."""
    with pytest.raises(ValueError, match="frame"):
        messages.encode({"url": "x" * 40_000})


def test_file_name_of_the_client_overrides_the_paths() -> None:
    assert messages.file_name_of(replace(READY, file_name="mine.csv")) == "mine.csv"
    assert disposition.name_problem(messages.file_name_of(READY)) is None
