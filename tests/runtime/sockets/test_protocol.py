"""docs/protocol.schema.json says what the runtime says, and the page shows messages of the schema."""

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

PAGE = (TOP / "docs" / "protocol.md").read_text()
COPYING = replace(DOWNLOAD, status=Status.COPYING, copied_bytes=5, size=9)
ONE_OF_EACH = {
    "status": messages.download_message(COPYING),
    "progress": messages.progress(COPYING, 3.0),
    "ready": messages.download_message(READY, SIGNED),
    "failed": messages.download_message(replace(DOWNLOAD, status=Status.FAILED)),
    "cancelled": messages.download_message(replace(DOWNLOAD, status=Status.CANCELLED)),
    "pong": messages.pong(DOWNLOAD_ID, "m1"),
    "error": messages.error("", "m1", Failure("INTERNAL", "Something went wrong.")),
}


def codes_below(kind: type[TransferError] | type[RequestError]) -> set[str]:
    """The codes of a class of failures and of everything below it."""
    return {kind.code}.union(*(codes_below(each) for each in kind.__subclasses__()))


def test_the_schema_knows_every_type_that_is_built_and_no_other() -> None:
    """And each is as the schema says."""
    assert set(ONE_OF_EACH) == protocol.server_message_types()
    for kind, message in ONE_OF_EACH.items():
        assert message["type"] == kind
        protocol.check_server_message(message)


@settings(max_examples=200)
@given(
    status=st.sampled_from(Status),
    size=st.none() | st.integers(0, 2**43),
    copied=st.none() | st.integers(0, 2**43),
    rate=st.none() | st.floats(0, 1e12),
    path=st.text(min_size=1),
    failure=st.none() | st.builds(Failure, st.sampled_from(sorted(codes_below(TransferError))), st.text(min_size=1)),
    sha256=st.sampled_from([None, "a" * 64]),
)
def test_whatever_the_row_holds_is_told_by_the_schema(
    status: Status,
    size: int | None,
    copied: int | None,
    rate: float | None,
    path: str,
    failure: Failure | None,
    sha256: str | None,
) -> None:
    """Sizes, names and reasons of all kinds."""
    stored = Stored("k", size or 0, '"e"', "text/csv; charset=utf-8", Checksum("CRC32", "NSRBwg=="), sha256)
    row = replace(DOWNLOAD, status=status, size=size, copied_bytes=copied, path=path, failure=failure)
    ready = status is Status.READY
    protocol.check_server_message(
        messages.download_message(replace(row, stored=stored if ready else None), SIGNED if ready else None)
    )
    protocol.check_server_message(messages.progress(row, rate))


@pytest.mark.parametrize(
    ("kind", "changes"),
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
def test_a_message_that_differs_is_noticed(kind: str, changes: dict[str, Any]) -> None:
    """Or these tests would show nothing."""
    with pytest.raises(protocol.ProtocolMismatchError):
        protocol.check_server_message({**ONE_OF_EACH[kind], **changes})


@pytest.mark.parametrize("kind", sorted(ONE_OF_EACH))
def test_a_message_that_lacks_something_is_noticed(kind: str) -> None:
    """Whatever it is, of what has to be there."""
    known = protocol.schema()["$defs"]
    required = set(known["envelope"]["required"]) | set(known[kind].get("required", ()))
    assert required <= set(ONE_OF_EACH[kind])
    for name in required:
        with pytest.raises(protocol.ProtocolMismatchError):
            protocol.check_server_message({key: value for key, value in ONE_OF_EACH[kind].items() if key != name})


def test_the_schema_has_the_codes_that_there_are() -> None:
    """Both ways for failures; of the errors, those that a socket can meet."""
    assert protocol.codes_of("failed") == codes_below(TransferError)
    assert protocol.codes_of("error") <= codes_below(RequestError) | {"UNAVAILABLE", "INTERNAL"}


def test_the_schema_has_the_actions_that_there_are() -> None:
    """And takes nothing else for one."""
    assert all(protocol.is_action({"action": action}) for action in ACTIONS)
    described = protocol.schema()["$defs"]["clientMessage"]["properties"]["action"]["enum"]
    assert tuple(described) == ACTIONS
    wrong: list[object] = [{"action": "dance"}, {"action": 1}, {}, [], "status", None, {"deed": "status"}]
    assert not any(protocol.is_action(each) for each in wrong)


def test_the_page_shows_messages_of_the_schema() -> None:
    """Every line that a transcript shows, and each type and action at least once."""
    told = [json.loads(line) for line in re.findall(r"^< (\{.*\})$", PAGE, re.MULTILINE)]
    said = [json.loads(line) for line in re.findall(r"^> (\{.*\})$", PAGE, re.MULTILINE)]
    for message in told:
        protocol.check_server_message(message)
    assert {message["type"] for message in told} == protocol.server_message_types()
    assert {message["action"] for message in said if protocol.is_action(message)} == set(ACTIONS)


def test_the_page_names_every_code() -> None:
    """So that a client's author can list them."""
    for code in protocol.codes_of("failed") | protocol.codes_of("error"):
        assert f"`{code}`" in PAGE, code


def test_a_url_as_long_as_can_be_still_fits() -> None:
    """The longest key, name and session token that there are: below 12,000 characters of URL."""
    url = "https://b.s3.amazonaws.com/" + "%F0%9F%92%BE" * 255 * 3 + "A" * 2048
    assert len(messages.encode(messages.download_message(READY, SignedUrl(url, 1.0)))) < messages.LARGEST
