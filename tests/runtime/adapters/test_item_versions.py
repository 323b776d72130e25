"""Items of other releases: those without a version, those with further attributes, and those of a later version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from runtime.adapters.callers import DynamoCallers
from runtime.adapters.copies import DynamoCopies
from runtime.adapters.items import SCHEMA_VERSION, Item
from runtime.errors import NewerItemError, problem_of
from runtime.logic.requests import tickets
from runtime.models import Preparation, Status
from tests.runtime.support.in_process import InProcess
from tests.runtime.support.stores import (
    FAILURE,
    NOW,
    STORED,
    Store,
    create_store,
    create_table,
    download,
    open_connection,
)
from tests.runtime.support.unversioned_items import DOWNLOADS, STATUSES, UNVERSIONED
from tests.runtime.support.world import ARN

LATER = {"schemaVersion": {"N": str(SCHEMA_VERSION + 1)}}
EXPIRES = int(NOW) + 600


class Tables(NamedTuple):
    """The tables, and the adapters on them."""

    client: Any
    store: Store
    callers: DynamoCallers
    copies: DynamoCopies

    def put(self, table: str, item: Item) -> None:
        """Write an item."""
        self.client.put_item(TableName=table, Item=item)

    def items(self, table: str) -> list[Item]:
        """Return all items."""
        found: list[Item] = self.client.scan(TableName=table, ConsistentRead=True)["Items"]
        return found


@pytest.fixture
def tables(in_process: InProcess) -> Tables:
    client = in_process.client("dynamodb")
    store = create_store(client)
    create_table(client, "copies", "fileId")
    return Tables(client, store, DynamoCallers("downloads"), DynamoCopies("copies"))


def write_each_kind(tables: Tables) -> None:
    """Write an item of each kind."""
    tables.store.downloads.create(download())
    open_connection(tables.store)
    tables.callers.add("iam:alice", "d1", limit=1, expires_at=EXPIRES)
    tables.callers.add_bytes("iam:alice", "2027-01-15", 5, expires_at=EXPIRES)
    tables.copies.claim("f1", ARN, now=NOW, expires_at=EXPIRES)


READS: dict[str, Callable[[Tables], object]] = {
    "download": lambda tables: tables.store.downloads.get(ARN),
    "connection": lambda tables: tables.store.connections.get("c1"),
    "caller": lambda tables: tables.callers.get("iam:alice"),
    "caller_day": lambda tables: tables.callers.get_bytes("iam:alice", "2027-01-15"),
    "copy": lambda tables: tables.copies.claim("f1", f"{ARN}2", now=NOW, expires_at=EXPIRES),
}


def test_each_kind_of_item_has_the_version_from_its_first_write(tables: Tables) -> None:
    write_each_kind(tables)
    items = [item for table in ("downloads", "connections", "copies") for item in tables.items(table)]
    assert [item["schemaVersion"] for item in items] == [{"N": "1"}] * len(READS)


def test_the_recorded_items_are_of_each_status_and_kind_and_have_no_version() -> None:
    assert {entry["item"]["status"]["S"] for entry in DOWNLOADS.values()} == set(Status)
    assert UNVERSIONED.keys() - DOWNLOADS.keys() == {
        "connection",
        "caller",
        "caller_day",
        "copy_finished",
        "copy_running",
    }
    assert not [name for name, entry in UNVERSIONED.items() if "schemaVersion" in entry["item"]]


@pytest.mark.parametrize("name", DOWNLOADS)
def test_a_download_without_a_version_is_read(tables: Tables, name: str) -> None:
    item, ticket = DOWNLOADS[name]["item"], tickets.parse(DOWNLOADS[name]["ticket"])
    tables.put("downloads", item)
    read = tables.store.downloads.get(item["executionArn"]["S"])
    assert read
    assert (read.status, read.download_id, read.ticket_hashes) == (STATUSES[name], ticket.download_id, (ticket.hash,))
    assert (read.stored is not None) == (name == "ready")
    assert (read.failure is not None) == (name == "failed")
    assert (read.upload_id is not None) == (name in ("copying", "sliced"))
    assert (read.version is not None) == (name == "sliced")
    assert (read.next_request_at is not None) == (name == "preparing")


@pytest.mark.parametrize("name", DOWNLOADS)
def test_a_download_without_a_version_goes_on_to_its_end(tables: Tables, name: str) -> None:
    item = DOWNLOADS[name]["item"]
    arn, upload = item["executionArn"]["S"], item.get("uploadId", {}).get("S")
    tables.put("downloads", item)
    has_ended = STATUSES[name].is_final
    assert tables.store.downloads.finish(arn, stored=STORED, upload_id=upload, now=NOW) is not has_ended
    assert tables.store.downloads.record_notified(arn, now=NOW)
    read = tables.store.downloads.get(arn)
    assert read
    assert read.status is (STATUSES[name] if has_ended else Status.READY)


def test_other_items_without_a_version_are_read_and_written(tables: Tables) -> None:
    for name, table in {"connection": "connections", "caller": "downloads", "caller_day": "downloads"}.items():
        tables.put(table, UNVERSIONED[name]["item"])
    connection = tables.store.connections.get(UNVERSIONED["connection"]["item"]["connectionId"]["S"])
    assert connection
    assert connection.ticket_generation == 0
    caller, day = (
        UNVERSIONED[name]["item"]["executionArn"]["S"].partition(":")[2] for name in ("caller", "caller_day")
    )
    running = tables.callers.get(caller)
    assert running
    assert running.running == set(UNVERSIONED["caller"]["item"]["running"]["SS"])
    count = len(running.running)
    assert tables.callers.add(caller, "another", limit=count + 1, expires_at=EXPIRES) == "added"
    copied = int(UNVERSIONED["caller_day"]["item"]["copiedBytes"]["N"])
    name, date = day.rsplit(":", 1)
    tables.callers.add_bytes(name, date, 5, expires_at=EXPIRES)
    assert tables.callers.get_bytes(name, date) == copied + 5
    assert {item["schemaVersion"]["N"] for item in tables.items("downloads")} == {"1"}


@pytest.mark.parametrize("name", ["copy_running", "copy_finished"])
def test_a_claim_without_a_version_is_held_by_its_leader(tables: Tables, name: str) -> None:
    item = UNVERSIONED[name]["item"]
    tables.put("copies", item | {"expiresAt": {"N": str(EXPIRES)}})
    claim = tables.copies.claim(item["fileId"]["S"], ARN, now=NOW, expires_at=EXPIRES)
    assert claim.leader == item["leader"]["S"] != ARN


def test_attributes_of_a_later_release_are_ignored_and_kept(tables: Tables) -> None:
    """A rollback: executions of the later release end on its code, and need what it has written."""
    tables.store.downloads.create(download())
    (item,) = tables.items("downloads")
    tables.put("downloads", item | {"colour": {"S": "blue"}})
    downloads = tables.store.downloads
    assert downloads.begin_upload(ARN, upload_id="u1", size=12, now=NOW)
    assert downloads.progress(ARN, copied=5, size=12, upload_id="u1", now=NOW + 1)
    assert downloads.prepare(ARN, preparation=Preparation(1, NOW + 9), now=NOW + 2)
    assert downloads.resume(ARN, now=NOW + 3)
    assert downloads.forget_upload(ARN, "u1")
    assert downloads.fail(ARN, failure=FAILURE, now=NOW + 4)
    read = downloads.get(ARN)
    assert read
    assert read.status is Status.FAILED
    assert [item["colour"] for item in tables.items("downloads")] == [{"S": "blue"}]


@pytest.mark.parametrize("kind", READS)
def test_an_item_of_a_later_version_is_not_guessed_at(tables: Tables, kind: str) -> None:
    write_each_kind(tables)
    assert READS[kind](tables)
    for table in ("downloads", "connections", "copies"):
        for item in tables.items(table):
            tables.put(table, item | LATER)
    with pytest.raises(NewerItemError, match="schema version 2; this release reads versions up to 1"):
        READS[kind](tables)


def test_an_update_does_not_lower_a_version(tables: Tables) -> None:
    write_each_kind(tables)
    for table in ("downloads", "copies"):
        for item in tables.items(table):
            tables.put(table, item | LATER)
    tables.callers.add("iam:alice", "d1", limit=1, expires_at=EXPIRES)
    tables.callers.add_bytes("iam:alice", "2027-01-15", 5, expires_at=EXPIRES)
    tables.copies.claim("f1", ARN, now=NOW, expires_at=EXPIRES)
    items = [item for table in ("downloads", "copies") for item in tables.items(table)]
    assert [item["schemaVersion"] for item in items] == [LATER["schemaVersion"]] * len(items)


def test_a_request_for_an_item_of_a_later_version_may_be_repeated() -> None:
    """After the later release is deployed again, the same request is answered."""
    problem = problem_of(NewerItemError(2, 1))
    assert (problem.status, problem.code, problem.retry_after) == (503, "UNAVAILABLE", 30)
