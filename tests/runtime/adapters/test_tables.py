"""The tables' adapters and their fakes keep the same contract, on two implementations of DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from runtime.adapters import items
from runtime.logic.requests import tickets
from runtime.models import Digest, Failure, Status, Validator, Version
from tests.runtime.support.fakes import STATE_MACHINE, FakeConnections, FakeDownloads
from tests.runtime.support.in_process import InProcess
from tests.runtime.support.stores import (
    FAILURE,
    HASH,
    NOW,
    STORED,
    Store,
    connection,
    create_store,
    download,
    get_download,
    open_connection,
)
from tests.runtime.support.world import ARN, DOWNLOAD_ID


@pytest.fixture(params=["fake", "ministack", "moto"])
def store(request: pytest.FixtureRequest) -> Store:
    """Empty tables: the fake's, or the adapters' on one of two implementations of DynamoDB."""
    if request.param == "fake":
        fake = FakeDownloads()
        return Store(fake, FakeConnections(fake))
    cloud = request.getfixturevalue("in_process" if request.param == "ministack" else "in_moto")
    return create_store(cloud.client("dynamodb"))


def at(store: Store, status: Status) -> None:
    """A row in this status, reached as it is in life."""
    store.downloads.create(download())
    steps: dict[Status, Callable[[], bool]] = {
        Status.COPYING: lambda: store.downloads.begin_upload(ARN, upload_id="u1", size=None, now=NOW),
        Status.READY: lambda: store.downloads.finish(ARN, stored=STORED, upload_id=None, now=NOW),
        Status.FAILED: lambda: store.downloads.fail(ARN, failure=FAILURE, now=NOW),
        Status.CANCELLED: lambda: store.downloads.cancel(ARN, now=NOW),
    }
    assert status is Status.PENDING or steps[status]()
    assert get_download(store).status is status


def test_a_row_comes_back_as_it_was_put(store: Store) -> None:
    """With everything, and with as little as there may be."""
    full = download(file_name="für.csv", sha256="cd" * 32)
    assert store.downloads.create(full)
    assert store.downloads.get(ARN) == full
    assert store.downloads.get(ARN + "x") is None


def test_a_row_is_created_once(store: Store) -> None:
    """The second is told so and changes nothing."""
    assert store.downloads.create(download())
    assert not store.downloads.create(download(owner="iam:mallory"))
    assert get_download(store).owner == "iam:alice"


def test_the_way_to_ready(store: Store) -> None:
    """Progress, upload, finish: every step shows in the row."""
    store.downloads.create(download())
    assert store.downloads.progress(ARN, copied=5, size=12, upload_id=None, now=NOW + 1)
    assert (get_download(store).status, get_download(store).copied_bytes, get_download(store).size) == (
        Status.COPYING,
        5,
        12,
    )
    assert store.downloads.begin_upload(ARN, upload_id="u1", size=12, now=NOW + 2)
    assert get_download(store).upload_id == "u1"
    assert store.downloads.progress(ARN, copied=9, size=None, upload_id="u1", now=NOW + 3)
    assert (get_download(store).copied_bytes, get_download(store).updated_at) == (9, NOW + 3)
    assert store.downloads.finish(ARN, stored=STORED, upload_id="u1", now=NOW + 4)
    done = get_download(store)
    assert (done.status, done.stored, done.size, done.copied_bytes) == (Status.READY, STORED, 12, 12)
    assert (done.upload_id, done.updated_at) == (None, NOW + 4)


@pytest.mark.parametrize("upload_id", [None, "u2"])
def test_a_worker_whose_upload_is_not_the_rows_changes_nothing(store: Store, upload_id: str | None) -> None:
    """It was replaced."""
    at(store, Status.COPYING)
    assert not store.downloads.progress(ARN, copied=1, size=None, upload_id=upload_id, now=NOW)
    assert not store.downloads.finish(ARN, stored=STORED, upload_id=upload_id, now=NOW)
    if upload_id:
        assert not store.downloads.forget_upload(ARN, upload_id)
    assert (get_download(store).status, get_download(store).upload_id) == (Status.COPYING, "u1")
    assert store.downloads.forget_upload(ARN, "u1")
    assert get_download(store).upload_id is None


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_what_is_over_stays_as_it_is(store: Store, status: Status) -> None:
    """Nothing comes after an end."""
    at(store, status)
    before = get_download(store)
    assert not store.downloads.progress(ARN, copied=1, size=None, upload_id=None, now=NOW + 9)
    assert not store.downloads.begin_upload(ARN, upload_id="u9", size=None, now=NOW + 9)
    assert not store.downloads.finish(ARN, stored=STORED, upload_id=None, now=NOW + 9)
    assert not store.downloads.fail(ARN, failure=FAILURE, now=NOW + 9)
    assert not store.downloads.cancel(ARN, now=NOW + 9)
    assert not store.downloads.expire(ARN, NOW + 9)
    assert get_download(store) == before


@pytest.mark.parametrize("status", [Status.PENDING, Status.COPYING])
def test_what_is_under_way_fails_or_is_cancelled(store: Store, status: Status) -> None:
    """Its upload stays in the row for whoever cleans up."""
    at(store, status)
    assert store.downloads.fail(ARN, failure=FAILURE, now=NOW + 1)
    failed = get_download(store)
    assert (failed.status, failed.failure) == (Status.FAILED, FAILURE)
    assert failed.upload_id == ("u1" if status is Status.COPYING else None)
    assert failed.notified_at is None
    assert store.downloads.record_notified(ARN, now=NOW + 2)
    assert get_download(store).notified_at == NOW + 2


def test_only_a_pending_row_is_given_up(store: Store) -> None:
    """From then on it has expired."""
    at(store, Status.PENDING)
    assert store.downloads.expire(ARN, NOW + 5)
    assert get_download(store).is_expired(NOW + 5)
    assert not store.downloads.expire(ARN + "x", NOW)


def test_tickets_are_replaced_where_they_are_still_the_old_ones(store: Store) -> None:
    """Two repeats at once do not lose one."""
    store.downloads.create(download())
    assert store.downloads.replace_tickets(ARN, (HASH,), (HASH, "b" * 64))
    assert not store.downloads.replace_tickets(ARN, (HASH,), (HASH, "c" * 64))
    assert get_download(store).ticket_hashes == (HASH, "b" * 64)


def test_nothing_makes_a_row_that_is_not_there(store: Store) -> None:
    """An update of an absent row is no row."""
    results = [
        store.downloads.progress(ARN, copied=1, size=1, upload_id=None, now=NOW),
        store.downloads.begin_upload(ARN, upload_id="u", size=1, now=NOW),
        store.downloads.finish(ARN, stored=STORED, upload_id=None, now=NOW),
        store.downloads.fail(ARN, failure=FAILURE, now=NOW),
        store.downloads.cancel(ARN, now=NOW),
        store.downloads.forget_upload(ARN, "u"),
        store.downloads.record_notified(ARN, now=NOW),
        store.downloads.remove_connection(ARN, "c1"),
        store.downloads.replace_tickets(ARN, (), (HASH,)),
        store.connections.open(connection(), ticket_hash=HASH, limit=3, now=NOW),
    ]
    assert not any(results)
    assert store.downloads.get(ARN) is None
    assert store.connections.get("c1") is None


def test_a_connection_is_in_both_tables_or_in_none(store: Store) -> None:
    """The ticket, the limit and the life of the download are conditions of the transaction."""
    store.downloads.create(download())
    assert open_connection(store)
    assert store.connections.get("c1") == connection()
    assert get_download(store).connection_ids == {"c1"}
    assert not open_connection(store, "c2", ticket_hash="b" * 64)
    assert not open_connection(store, "c2", now=NOW + 3600)
    assert not open_connection(store, "c2", now=NOW + 9999)
    assert open_connection(store, "c2")
    assert not open_connection(store, "c3")
    assert open_connection(store, "c2")
    assert store.connections.get("c3") is None
    assert get_download(store).connection_ids == {"c1", "c2"}


def test_a_connection_remembers_the_ticket_generation_of_its_download(store: Store) -> None:
    """An item without the attribute, written before there was one, is of the first generation."""
    store.downloads.create(download())
    accepted = connection(ticket_generation=2)
    assert store.connections.open(accepted, ticket_hash=HASH, limit=2, now=NOW)
    assert store.connections.get("c1") == accepted
    item = items.download_item(download())
    assert items.download_of(item) == download()
    assert items.download_of(item | {"ticketGeneration": {"N": "3"}}) == download(ticket_generation=3)


def test_a_connection_goes_from_both_tables_by_key(store: Store) -> None:
    """And tells whose it was; the last one leaves no empty set."""
    store.downloads.create(download())
    open_connection(store)
    assert store.connections.delete("c1") == connection()
    assert store.connections.delete("c1") is None
    assert store.downloads.remove_connection(ARN, "c1")
    assert get_download(store) == download()
    assert store.downloads.remove_connection(ARN, "c1")


def test_a_connection_is_idle_until_it_is_used(store: Store) -> None:
    """To the millisecond; what was said before counts for nothing."""
    store.downloads.create(download())
    open_connection(store)
    assert store.connections.use("c1", now=NOW + 5)
    used = store.connections.get("c1")
    assert used is not None
    assert used.used_at == int((NOW + 5) * 1000)
    for since in (NOW, NOW + 5):
        assert not store.connections.delete_idle("c1", since=since)
    assert store.connections.get("c1") == used
    assert store.connections.delete_idle("c1", since=NOW + 5.001)
    assert store.connections.get("c1") is None


def test_a_connection_that_was_never_used_is_idle(store: Store) -> None:
    """And so is one that is not there, which is not made by being used."""
    store.downloads.create(download())
    open_connection(store)
    assert store.connections.delete_idle("c1", since=NOW)
    assert store.connections.delete_idle("c1", since=NOW)
    assert not store.connections.use("c1", now=NOW)
    assert store.connections.get("c1") is None


def test_an_operator_finds_the_attributes_that_are_documented(in_process: InProcess) -> None:
    """The names are a contract."""
    client = in_process.client("dynamodb")
    store = create_store(client)
    store.downloads.create(download(file_name="a.csv", sha256="ab" * 32))
    open_connection(store)
    store.downloads.finish(ARN, stored=STORED, upload_id=None, now=NOW)
    store.downloads.record_notified(ARN, now=NOW)
    item = client.get_item(TableName="downloads", Key={"executionArn": {"S": ARN}})["Item"]
    assert item == {
        "executionArn": {"S": ARN},
        "downloadId": {"S": DOWNLOAD_ID},
        "status": {"S": "READY"},
        "origin": {"S": "reports"},
        "path": {"S": "a/ü.csv"},
        "fileName": {"S": "a.csv"},
        "sha256": {"S": "ab" * 32},
        "owner": {"S": "iam:alice"},
        "createdAt": {"S": "2027-01-15T08:00:00.500Z"},
        "updatedAt": {"S": "2027-01-15T08:00:00.500Z"},
        "expiresAt": {"N": "1800003600"},
        "ticketHashes": {"L": [{"S": HASH}]},
        "connectionIds": {"SS": ["c1"]},
        "size": {"N": "12"},
        "copiedBytes": {"N": "12"},
        "objectKey": {"S": "downloads/x"},
        "etag": {"S": '"etag"'},
        "contentType": {"S": "text/csv"},
        "checksum": {"M": {"algorithm": {"S": "CRC32"}, "value": {"S": "AAAAAA=="}}},
        "objectSha256": {"S": "ab" * 32},
        "notifiedAt": {"S": "2027-01-15T08:00:00.500Z"},
    }
    socket = client.get_item(TableName="connections", Key={"connectionId": {"S": "c1"}})["Item"]
    assert socket == {
        "connectionId": {"S": "c1"},
        "executionArn": {"S": ARN},
        "connectedAt": {"N": "1800000000500"},
        "expiresAt": {"N": "1800007200"},
    }


def test_the_execution_arn_is_the_machines_with_the_download_as_its_name() -> None:
    """So that it is known before anything is started."""
    ticket = tickets.issue(DOWNLOAD_ID)
    assert replace(download(), ticket_hashes=(ticket.hash,)).execution_arn == ARN
    assert f"{STATE_MACHINE.replace('stateMachine', 'execution')}:{DOWNLOAD_ID}" == ARN


VERSION = Version(Validator("last-modified", "Mon, 23 Nov 2026 12:00:00 GMT"), "text/csv")


def sliced(store: Store) -> None:
    """A copy in slices has begun."""
    store.downloads.create(download())
    assert store.downloads.begin_upload(ARN, upload_id="u1", size=30, now=NOW, version=VERSION)


def test_what_slices_are_copied_from_is_noted(store: Store) -> None:
    """And goes with the upload."""
    sliced(store)
    assert (get_download(store).version, get_download(store).size, get_download(store).upload_id) == (VERSION, 30, "u1")
    assert store.downloads.forget_upload(ARN, "u1")
    assert (get_download(store).version, get_download(store).upload_id) == (None, None)


def test_a_copy_is_started_again_once(store: Store) -> None:
    """And only while it goes on, by who knows its upload."""
    sliced(store)
    assert not store.downloads.restart(ARN, upload_id="u2", now=NOW)
    assert store.downloads.restart(ARN, upload_id="u1", now=NOW + 1)
    assert (get_download(store).version, get_download(store).upload_id, get_download(store).updated_at) == (
        None,
        None,
        NOW + 1,
    )
    assert store.downloads.begin_upload(ARN, upload_id="u2", size=30, now=NOW, version=VERSION)
    assert not store.downloads.restart(ARN, upload_id="u2", now=NOW)


def test_progress_answers_with_the_row(store: Store) -> None:
    """Who is connected is in it."""
    sliced(store)
    changed = store.downloads.progress(ARN, copied=5, size=30, upload_id="u1", now=NOW + 1)
    assert changed == get_download(store)
    again = store.downloads.progress(ARN, copied=5, size=30, upload_id="u1", now=NOW + 1)
    assert again is not None
    assert again.copied_bytes == 5  # set, never added: a worker may run twice
    assert store.downloads.progress(ARN, copied=6, size=30, upload_id="u2", now=NOW + 2) is None


def test_slices_advance_once_for_what_was_seen(store: Store) -> None:
    """Of several workers that saw the same row, one tells."""
    sliced(store)
    seen = get_download(store).updated_at
    changed = store.downloads.advance(ARN, copied=9, parts=2, upload_id="u1", seen_at=seen, now=NOW + 3)
    assert changed == get_download(store)
    assert (get_download(store).copied_bytes, get_download(store).copied_parts) == (9, 2)
    assert store.downloads.advance(ARN, copied=8, parts=1, upload_id="u1", seen_at=seen, now=NOW + 4) is None
    again = get_download(store).updated_at
    assert store.downloads.advance(ARN, copied=8, parts=1, upload_id="u2", seen_at=again, now=NOW + 4) is None
    assert get_download(store).copied_bytes == 9


def test_the_check_of_a_quiet_row_is_claimed_once(store: Store) -> None:
    """Not of a row that changed or was checked since, that has ended, or that is not there."""
    claim = store.downloads.claim_check
    assert not claim(ARN, before=NOW, now=NOW)
    store.downloads.create(download())
    assert not claim(ARN, before=NOW - 1, now=NOW + 59)
    assert claim(ARN, before=NOW, now=NOW + 60)
    assert not claim(ARN, before=NOW, now=NOW + 60)
    assert not claim(ARN, before=NOW + 59.999, now=NOW + 119.999)
    assert (get_download(store).checked_at, get_download(store).updated_at) == (NOW + 60, NOW)
    assert claim(ARN, before=NOW + 60, now=NOW + 120)
    assert store.downloads.begin_upload(ARN, upload_id="u1", size=None, now=NOW + 200)
    assert not claim(ARN, before=NOW + 199, now=NOW + 259)
    assert store.downloads.fail(ARN, failure=FAILURE, now=NOW + 201)
    assert not claim(ARN, before=NOW + 999, now=NOW + 1059)


def test_the_first_failure_and_the_last_trouble_are_noted(store: Store) -> None:
    """Of this upload, while the copy goes on; what was noted goes when it succeeds."""
    sliced(store)
    other = Failure("ORIGIN_CHANGED", "The file changed.")
    record_failure, record_last_error = store.downloads.record_failure, store.downloads.record_last_error
    assert not record_failure(ARN, failure=FAILURE, upload_id="u2")
    assert record_failure(ARN, failure=FAILURE, upload_id="u1")
    assert not record_failure(ARN, failure=other, upload_id="u1")
    assert record_last_error(ARN, failure=other, upload_id="u1")
    assert record_last_error(ARN, failure=FAILURE, upload_id="u1")
    assert not record_last_error(ARN, failure=other, upload_id="u2")
    assert (get_download(store).failure, get_download(store).last_error, get_download(store).status) == (
        FAILURE,
        FAILURE,
        Status.COPYING,
    )
    assert store.downloads.finish(ARN, stored=replace(STORED, sha256=None), upload_id="u1", now=NOW)
    assert (get_download(store).failure, get_download(store).last_error) == (None, None)
    assert not record_failure(ARN, failure=FAILURE, upload_id="u1")


def test_a_digest_is_noted_of_this_upload_alone(store: Store) -> None:
    """It outlives the worker that completes."""
    sliced(store)
    digest = Digest("AAAAAA==", "BBBBBB==-2")
    assert not store.downloads.record_digest(ARN, digest=digest, upload_id="u2", now=NOW)
    assert store.downloads.record_digest(ARN, digest=digest, upload_id="u1", now=NOW)
    assert get_download(store).digest == digest


def test_a_file_of_slices_has_no_sha256(store: Store) -> None:
    """There is none of the whole from parts; the row holds nothing of the upload any more."""
    sliced(store)
    stored = replace(STORED, sha256=None)
    assert store.downloads.finish(ARN, stored=stored, upload_id="u1", now=NOW)
    found = get_download(store)
    assert found.stored == stored
    assert (found.version, found.digest, found.copied_parts, found.upload_id) == (None, None, 0, None)
