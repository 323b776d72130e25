"""`docs/protocol.schema.json` matches the messages of the runtime, and the page shows messages of the schema."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import RequestError, TransferError
from runtime.logic.requests.message import ACTIONS
from runtime.logic.sockets import messages
from runtime.models import Checksum, Failure, SignedUrl, Status, Stored
from tests.runtime.sockets.test_messages import DOWNLOAD, READY, SIGNED
from tests.runtime.support.world import DOWNLOAD_ID
from tools import protocol
from tools.readme_tables import TOP

PAGE = (TOP / "docs" / "protocol.md").read_text(encoding="utf-8")
COPYING = replace(DOWNLOAD, status=Status.COPYING, copied_bytes=5, size=9)
EXAMPLES = {
    "status": messages.download_message(COPYING),
    "progress": messages.progress(COPYING, 3.0),
    "ready": messages.download_message(READY, SIGNED),
    "failed": messages.download_message(replace(DOWNLOAD, status=Status.FAILED)),
    "cancelled": messages.download_message(replace(DOWNLOAD, status=Status.CANCELLED)),
    "pong": messages.pong(DOWNLOAD_ID, "m1"),
    "error": messages.error("", "m1", Failure("INTERNAL", "Something went wrong.")),
}


def codes_of(error_type: type[TransferError] | type[RequestError]) -> set[str]:
    """Return the codes of an error class and its subclasses."""
    return {error_type.code}.union(*(codes_of(subclass) for subclass in error_type.__subclasses__()))


def test_schema_has_exactly_the_types_that_are_built() -> None:
    assert set(EXAMPLES) == protocol.server_message_types()
    for message_type, message in EXAMPLES.items():
        assert message["type"] == message_type
        protocol.check_server_message(message)


@settings(max_examples=200)
@given(
    status=st.sampled_from(Status),
    size=st.none() | st.integers(0, 2**43),
    copied=st.none() | st.integers(0, 2**43),
    rate=st.none() | st.floats(0, 1e12),
    path=st.text(min_size=1),
    failure=st.none() | st.builds(Failure, st.sampled_from(sorted(codes_of(TransferError))), st.text(min_size=1)),
    sha256=st.sampled_from([None, "a" * 64]),
)
def test_message_of_any_row_matches_the_schema(
    status: Status,
    size: int | None,
    copied: int | None,
    rate: float | None,
    path: str,
    failure: Failure | None,
    sha256: str | None,
) -> None:
    stored = Stored("k", size or 0, '"e"', "text/csv; charset=utf-8", Checksum("CRC32", "NSRBwg=="), sha256)
    row = replace(DOWNLOAD, status=status, size=size, copied_bytes=copied, path=path, failure=failure)
    ready = status is Status.READY
    protocol.check_server_message(
        messages.download_message(replace(row, stored=stored if ready else None), SIGNED if ready else None)
    )
    protocol.check_server_message(messages.progress(row, rate))


@pytest.mark.parametrize(
    ("message_type", "changes"),
    [
        ("ready", {"url": ""}),
        ("ready", {"url": None}),
        ("ready", {"expiresAt": "tomorrow"}),
        ("ready", {"size": -1}),
        ("ready", {"fileName": "../x"}),
        ("ready", {"checksum": {"algorithm": "CRC32"}}),
        ("ready", {"sha256": "composite-3"}),
        ("ready", {"secret": "x"}),
        ("failed", {"error": {"code": "NO_SUCH_CODE", "message": "x"}}),
        ("failed", {"error": {"code": "ORIGIN_ERROR", "message": ""}}),
        ("error", {"error": {"code": "INTERNAL", "message": "x" * 501}}),
        ("status", {"status": "READY"}),
        ("pong", {"version": 2}),
        ("pong", {"version": "1"}),
        ("pong", {"downloadId": "x"}),
        ("pong", {"messageId": ""}),
        ("pong", {"type": "dance"}),
    ],
)
def test_message_with_a_wrong_field_is_refused(message_type: str, changes: dict[str, Any]) -> None:
    with pytest.raises(protocol.ProtocolMismatchError):
        protocol.check_server_message({**EXAMPLES[message_type], **changes})


@pytest.mark.parametrize("message_type", sorted(EXAMPLES))
def test_message_without_a_required_field_is_refused(message_type: str) -> None:
    definitions = protocol.schema()["$defs"]
    required = set(definitions["envelope"]["required"]) | set(definitions[message_type].get("required", ()))
    assert required <= set(EXAMPLES[message_type])
    for name in required:
        with pytest.raises(protocol.ProtocolMismatchError):
            protocol.check_server_message({key: value for key, value in EXAMPLES[message_type].items() if key != name})


def test_schema_has_exactly_the_failure_codes() -> None:
    """The schema lists the error codes that a socket can get."""
    assert protocol.codes_of("failed") == codes_of(TransferError)
    assert protocol.codes_of("error") <= codes_of(RequestError) | {"UNAVAILABLE", "INTERNAL"}


def test_schema_has_exactly_the_actions() -> None:
    assert all(protocol.is_action({"action": action}) for action in ACTIONS)
    actions = protocol.schema()["$defs"]["clientMessage"]["properties"]["action"]["enum"]
    assert tuple(actions) == ACTIONS
    wrong: list[object] = [{"action": "dance"}, {"action": 1}, {}, [], "status", None, {"deed": "status"}]
    assert not any(protocol.is_action(message) for message in wrong)


def test_page_shows_every_type_and_action_of_the_schema() -> None:
    server_messages = [json.loads(line) for line in re.findall(r"^< (\{.*\})$", PAGE, re.MULTILINE)]
    client_messages = [json.loads(line) for line in re.findall(r"^> (\{.*\})$", PAGE, re.MULTILINE)]
    for message in server_messages:
        protocol.check_server_message(message)
    assert {message["type"] for message in server_messages} == protocol.server_message_types()
    assert {message["action"] for message in client_messages if protocol.is_action(message)} == set(ACTIONS)


def test_page_names_every_code() -> None:
    for code in protocol.codes_of("failed") | protocol.codes_of("error"):
        assert f"`{code}`" in PAGE, code


def test_message_with_the_longest_url_fits_into_a_frame() -> None:
    """The longest key, name and session token make fewer than 12,000 characters."""
    url = "https://b.s3.amazonaws.com/" + "%F0%9F%92%BE" * 255 * 3 + "A" * 2048
    assert len(messages.encode(messages.download_message(READY, SignedUrl(url, 1.0)))) < messages.LARGEST
