"""The adapter of callers and its fake keep the same contract, on two implementations of DynamoDB."""

from __future__ import annotations

import pytest

from runtime.adapters.callers import DynamoCallers
from runtime.models import Caller, Place
from runtime.ports import Callers
from tests.runtime.support.fakes import FakeCallers
from tests.runtime.support.stores import NOW, create_table

LATER = int(NOW) + 600


@pytest.fixture(params=["fake", "ministack", "moto"])
def callers(request: pytest.FixtureRequest) -> Callers:
    """Return the fake, or the adapter on an empty table."""
    if request.param == "fake":
        return FakeCallers()
    client = request.getfixturevalue("in_process" if request.param == "ministack" else "in_moto").client("dynamodb")
    create_table(client, "downloads", "executionArn")
    return DynamoCallers("downloads")


def add(callers: Callers, download_id: str, limit: int = 2) -> Place:
    """Add a download of alice."""
    return callers.add("iam:alice", download_id, limit=limit, expires_at=LATER)


def test_downloads_are_added_up_to_the_limit(callers: Callers) -> None:
    assert [add(callers, name) for name in "abbac"] == ["added", "added", "held", "held", "refused"]
    assert callers.add("iam:bob", "c", limit=2, expires_at=LATER) is Place.ADDED
    assert callers.get("iam:alice") == Caller(frozenset({"a", "b"}))


def test_removed_download_makes_room(callers: Callers) -> None:
    add(callers, "a", limit=1)
    assert callers.remove("iam:alice", "a")
    assert callers.get("iam:alice") == Caller(frozenset())
    assert not callers.remove("iam:alice", "a"), "twice is harmless"
    assert add(callers, "b", limit=1) is Place.ADDED


def test_remove_creates_no_item(callers: Callers) -> None:
    assert not callers.remove("iam:alice", "a")
    assert not callers.claim_check("iam:alice", now=NOW, before=NOW)
    assert callers.get("iam:alice") is None


def test_check_is_claimed_once(callers: Callers) -> None:
    """Only one of several requests that are refused at once checks all downloads."""
    add(callers, "a")
    assert callers.claim_check("iam:alice", now=NOW, before=NOW - 5)
    assert not callers.claim_check("iam:alice", now=NOW + 1, before=NOW - 4)
    assert callers.get("iam:alice") == Caller(frozenset({"a"}), int(NOW))
    assert callers.claim_check("iam:alice", now=NOW + 5, before=NOW)


def test_bytes_add_up_per_caller_and_day(callers: Callers) -> None:
    assert callers.get_bytes("iam:alice", "2026-11-28") == 0
    for size in (5, 7):
        callers.add_bytes("iam:alice", "2026-11-28", size, expires_at=LATER)
    callers.add_bytes("iam:bob", "2026-11-28", 1, expires_at=LATER)
    callers.add_bytes("iam:alice", "2026-11-29", 2, expires_at=LATER)
    assert callers.get_bytes("iam:alice", "2026-11-28") == 12
    assert callers.get("iam:alice") is None
