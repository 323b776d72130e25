"""The adapters of the tables and their fakes keep the same contract, on two implementations of DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from runtime.adapters import items
from runtime.logic.requests import tickets
from runtime.models import Digest, Failure, Preparation, Status, Target, Validator, Version
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
    """Return empty tables: fakes, or adapters on one of two implementations of DynamoDB."""
    if request.param == "fake":
        fake = FakeDownloads()
        return Store(fake, FakeConnections(fake))
    cloud = request.getfixturevalue("in_process" if request.param == "ministack" else "in_moto")
    return create_store(cloud.client("dynamodb"))


PREPARATION = Preparation(1, NOW + 300, Target("https://files.example.com/jobs/7?sig=s3cret", gets_secrets=False))


def create_with_status(store: Store, status: Status) -> None:
    """Create a row and bring it to this status."""
    store.downloads.create(download())
    steps: dict[Status, Callable[[], bool]] = {
        Status.COPYING: lambda: store.downloads.begin_upload(ARN, upload_id="u1", size=None, now=NOW),
        Status.PREPARING: lambda: store.downloads.prepare(ARN, preparation=PREPARATION, now=NOW) is not None,
        Status.READY: lambda: store.downloads.finish(ARN, stored=STORED, upload_id=None, now=NOW),
        Status.FAILED: lambda: store.downloads.fail(ARN, failure=FAILURE, now=NOW),
        Status.CANCELLED: lambda: store.downloads.cancel(ARN, now=NOW),
    }
    assert status is Status.PENDING or steps[status]()
    assert get_download(store).status is status


def test_created_row_is_returned_unchanged(store: Store) -> None:
    full = download(file_name="für.csv", sha256="cd" * 32)
    assert store.downloads.create(full)
    assert store.downloads.get(ARN) == full
    assert store.downloads.get(ARN + "x") is None


def test_answers_of_a_preparing_origin_are_recorded_once_each(store: Store) -> None:
    store.downloads.create(download())
    updated = store.downloads.prepare(ARN, preparation=PREPARATION, now=NOW + 1)
    assert updated == get_download(store)
    assert (updated.status, updated.preparation, updated.updated_at) == (Status.PREPARING, PREPARATION, NOW + 1)
    assert store.downloads.prepare(ARN, preparation=replace(PREPARATION, next_request_at=NOW), now=NOW + 2) is None
    assert store.downloads.prepare(ARN, preparation=replace(PREPARATION, answers=3), now=NOW + 2) is None
    second = Preparation(2, NOW + 900)
    assert store.downloads.prepare(ARN, preparation=second, now=NOW + 2)
    assert get_download(store).preparation == second


def test_download_is_copying_after_a_wait_and_keeps_the_url_until_its_end(store: Store) -> None:
    create_with_status(store, Status.PREPARING)
    assert store.downloads.resume(ARN, now=NOW + 1)
    assert not store.downloads.resume(ARN, now=NOW + 2)
    resumed = get_download(store)
    assert (resumed.status, resumed.preparation, resumed.updated_at) == (Status.COPYING, PREPARATION, NOW + 1)


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_end_removes_the_url_of_a_preparing_origin(store: Store, status: Status) -> None:
    store.downloads.create(download())
    store.downloads.prepare(ARN, preparation=PREPARATION, now=NOW)
    ends: dict[Status, Callable[[], bool]] = {
        Status.READY: lambda: store.downloads.finish(ARN, stored=STORED, upload_id=None, now=NOW),
        Status.FAILED: lambda: store.downloads.fail(ARN, failure=FAILURE, now=NOW),
        Status.CANCELLED: lambda: store.downloads.cancel(ARN, now=NOW),
    }
    assert ends[status]()
    assert (get_download(store).status, get_download(store).preparation) == (status, None)


def test_second_create_changes_nothing(store: Store) -> None:
    assert store.downloads.create(download())
    assert not store.downloads.create(download(owner="iam:mallory"))
    assert get_download(store).owner == "iam:alice"


def test_progress_upload_and_finish_update_the_row(store: Store) -> None:
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
    finished = get_download(store)
    assert (finished.status, finished.stored, finished.size, finished.copied_bytes) == (Status.READY, STORED, 12, 12)
    assert (finished.upload_id, finished.updated_at) == (None, NOW + 4)


@pytest.mark.parametrize("upload_id", [None, "u2"])
def test_worker_of_another_upload_changes_nothing(store: Store, upload_id: str | None) -> None:
    create_with_status(store, Status.COPYING)
    assert not store.downloads.progress(ARN, copied=1, size=None, upload_id=upload_id, now=NOW)
    assert not store.downloads.finish(ARN, stored=STORED, upload_id=upload_id, now=NOW)
    if upload_id:
        assert not store.downloads.forget_upload(ARN, upload_id)
    assert (get_download(store).status, get_download(store).upload_id) == (Status.COPYING, "u1")
    assert store.downloads.forget_upload(ARN, "u1")
    assert get_download(store).upload_id is None


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED, Status.CANCELLED])
def test_finished_row_never_changes(store: Store, status: Status) -> None:
    create_with_status(store, status)
    before = get_download(store)
    assert not store.downloads.progress(ARN, copied=1, size=None, upload_id=None, now=NOW + 9)
    assert not store.downloads.begin_upload(ARN, upload_id="u9", size=None, now=NOW + 9)
    assert not store.downloads.finish(ARN, stored=STORED, upload_id=None, now=NOW + 9)
    assert not store.downloads.fail(ARN, failure=FAILURE, now=NOW + 9)
    assert not store.downloads.cancel(ARN, now=NOW + 9)
    assert not store.downloads.expire(ARN, NOW + 9)
    assert store.downloads.prepare(ARN, preparation=PREPARATION, now=NOW + 9) is None
    assert not store.downloads.resume(ARN, now=NOW + 9)
    assert get_download(store) == before


@pytest.mark.parametrize("status", [Status.PENDING, Status.COPYING, Status.PREPARING])
def test_unfinished_row_fails_or_is_cancelled_and_keeps_its_upload(store: Store, status: Status) -> None:
    create_with_status(store, status)
    assert store.downloads.fail(ARN, failure=FAILURE, now=NOW + 1)
    failed = get_download(store)
    assert (failed.status, failed.failure) == (Status.FAILED, FAILURE)
    assert failed.upload_id == ("u1" if status is Status.COPYING else None)
    assert failed.notified_at is None
    assert store.downloads.record_notified(ARN, now=NOW + 2)
    assert get_download(store).notified_at == NOW + 2
    assert store.downloads.record_event_sent(ARN, now=NOW + 3)
    sent = get_download(store)
    assert (sent.event_sent_at, sent.updated_at) == (NOW + 3, NOW + 1)


def test_only_a_pending_row_expires(store: Store) -> None:
    create_with_status(store, Status.PENDING)
    assert store.downloads.expire(ARN, NOW + 5)
    assert get_download(store).is_expired(NOW + 5)
    assert not store.downloads.expire(ARN + "x", NOW)


def test_tickets_are_replaced_only_if_unchanged(store: Store) -> None:
    store.downloads.create(download())
    assert store.downloads.replace_tickets(ARN, (HASH,), (HASH, "b" * 64))
    assert not store.downloads.replace_tickets(ARN, (HASH,), (HASH, "c" * 64))
    assert get_download(store).ticket_hashes == (HASH, "b" * 64)


def test_updates_do_not_create_a_missing_row(store: Store) -> None:
    results = [
        store.downloads.progress(ARN, copied=1, size=1, upload_id=None, now=NOW),
        store.downloads.begin_upload(ARN, upload_id="u", size=1, now=NOW),
        store.downloads.finish(ARN, stored=STORED, upload_id=None, now=NOW),
        store.downloads.fail(ARN, failure=FAILURE, now=NOW),
        store.downloads.cancel(ARN, now=NOW),
        store.downloads.forget_upload(ARN, "u"),
        store.downloads.record_notified(ARN, now=NOW),
        store.downloads.record_event_sent(ARN, now=NOW),
        store.downloads.remove_connection(ARN, "c1"),
        store.downloads.replace_tickets(ARN, (), (HASH,)),
        store.connections.open(connection(), ticket_hash=HASH, limit=3, now=NOW),
    ]
    assert not any(results)
    assert store.downloads.get(ARN) is None
    assert store.connections.get("c1") is None


def test_connection_is_stored_in_both_tables_or_in_none(store: Store) -> None:
    """Ticket, limit and expiry are conditions of the transaction."""
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


def test_connection_keeps_the_ticket_generation_of_its_download(store: Store) -> None:
    """An item without the attribute belongs to generation 0."""
    store.downloads.create(download())
    accepted = connection(ticket_generation=2)
    assert store.connections.open(accepted, ticket_hash=HASH, limit=2, now=NOW)
    assert store.connections.get("c1") == accepted
    item = items.download_item(download())
    assert items.download_of(item) == download()
    assert items.download_of(item | {"ticketGeneration": {"N": "3"}}) == download(ticket_generation=3)


def test_connection_is_removed_from_both_tables_by_key(store: Store) -> None:
    """The last one leaves no empty set."""
    store.downloads.create(download())
    open_connection(store)
    assert store.connections.delete("c1") == connection()
    assert store.connections.delete("c1") is None
    assert store.downloads.remove_connection(ARN, "c1")
    assert get_download(store) == download()
    assert store.downloads.remove_connection(ARN, "c1")


def test_connection_is_idle_until_it_is_used(store: Store) -> None:
    store.downloads.create(download())
    open_connection(store)
    assert store.connections.use("c1", now=NOW + 5)
    used_connection = store.connections.get("c1")
    assert used_connection is not None
    assert used_connection.used_at == int((NOW + 5) * 1000)
    for since in (NOW, NOW + 5):
        assert not store.connections.delete_idle("c1", since=since)
    assert store.connections.get("c1") == used_connection
    assert store.connections.delete_idle("c1", since=NOW + 5.001)
    assert store.connections.get("c1") is None


def test_connection_that_was_never_used_is_idle(store: Store) -> None:
    """Using a connection that is gone does not create it."""
    store.downloads.create(download())
    open_connection(store)
    assert store.connections.delete_idle("c1", since=NOW)
    assert store.connections.delete_idle("c1", since=NOW)
    assert not store.connections.use("c1", now=NOW)
    assert store.connections.get("c1") is None


def test_attributes_have_their_documented_names(in_process: InProcess) -> None:
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
        "schemaVersion": {"N": "1"},
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
        "schemaVersion": {"N": "1"},
        "connectionId": {"S": "c1"},
        "executionArn": {"S": ARN},
        "connectedAt": {"N": "1800000000500"},
        "expiresAt": {"N": "1800007200"},
    }


def test_execution_arn_is_computed_from_state_machine_and_download() -> None:
    ticket = tickets.issue(DOWNLOAD_ID)
    assert replace(download(), ticket_hashes=(ticket.hash,)).execution_arn == ARN
    assert f"{STATE_MACHINE.replace('stateMachine', 'execution')}:{DOWNLOAD_ID}" == ARN


VERSION = Version(Validator("last-modified", "Mon, 23 Nov 2026 12:00:00 GMT"), "text/csv")


def begin_sliced_copy(store: Store) -> None:
    """Create a download and begin its upload in slices."""
    store.downloads.create(download())
    assert store.downloads.begin_upload(ARN, upload_id="u1", size=30, now=NOW, version=VERSION)


def test_version_is_recorded_with_the_upload_and_dropped_with_it(store: Store) -> None:
    begin_sliced_copy(store)
    assert (get_download(store).version, get_download(store).size, get_download(store).upload_id) == (VERSION, 30, "u1")
    assert store.downloads.forget_upload(ARN, "u1")
    assert (get_download(store).version, get_download(store).upload_id) == (None, None)


def test_copy_restarts_once(store: Store) -> None:
    begin_sliced_copy(store)
    assert not store.downloads.restart(ARN, upload_id="u2", now=NOW)
    assert store.downloads.restart(ARN, upload_id="u1", now=NOW + 1)
    assert (get_download(store).version, get_download(store).upload_id, get_download(store).updated_at) == (
        None,
        None,
        NOW + 1,
    )
    assert store.downloads.begin_upload(ARN, upload_id="u2", size=30, now=NOW, version=VERSION)
    assert not store.downloads.restart(ARN, upload_id="u2", now=NOW)


def test_progress_returns_the_row(store: Store) -> None:
    """The row holds the connections to notify."""
    begin_sliced_copy(store)
    after_first = store.downloads.progress(ARN, copied=5, size=30, upload_id="u1", now=NOW + 1)
    assert after_first == get_download(store)
    after_second = store.downloads.progress(ARN, copied=5, size=30, upload_id="u1", now=NOW + 1)
    assert after_second is not None
    assert after_second.copied_bytes == 5  # set, never added: a worker may run twice
    assert store.downloads.progress(ARN, copied=6, size=30, upload_id="u2", now=NOW + 2) is None


def test_slices_advance_once_per_read_row(store: Store) -> None:
    begin_sliced_copy(store)
    read_at = get_download(store).updated_at
    advanced = store.downloads.advance(ARN, copied=9, parts=2, upload_id="u1", seen_at=read_at, now=NOW + 3)
    assert advanced == get_download(store)
    assert (get_download(store).copied_bytes, get_download(store).copied_parts) == (9, 2)
    assert store.downloads.advance(ARN, copied=8, parts=1, upload_id="u1", seen_at=read_at, now=NOW + 4) is None
    updated_at = get_download(store).updated_at
    assert store.downloads.advance(ARN, copied=8, parts=1, upload_id="u2", seen_at=updated_at, now=NOW + 4) is None
    assert get_download(store).copied_bytes == 9


def test_check_of_an_unchanged_row_is_claimed_once(store: Store) -> None:
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


def test_first_failure_and_last_error_are_recorded_until_success(store: Store) -> None:
    begin_sliced_copy(store)
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


def test_first_range_failure_is_recorded_and_kept(store: Store) -> None:
    begin_sliced_copy(store)
    other = Failure("ORIGIN_CHANGED", "The file changed.")
    record = store.downloads.record_range_failure
    assert not record(ARN, failure=other, upload_id="u2")
    assert record(ARN, failure=FAILURE, upload_id="u1")
    assert not record(ARN, failure=other, upload_id="u1")
    assert store.downloads.forget_upload(ARN, "u1")
    assert (get_download(store).range_failure, get_download(store).failure) == (FAILURE, None)
    assert store.downloads.begin_upload(ARN, upload_id="u3", size=None, now=NOW)
    assert get_download(store).size is None
    assert store.downloads.finish(ARN, stored=STORED, upload_id="u3", now=NOW)
    assert get_download(store).range_failure == FAILURE
    assert not record(ARN, failure=other, upload_id=None)


def test_range_failure_is_recorded_without_an_upload(store: Store) -> None:
    store.downloads.create(download())
    assert not store.downloads.record_range_failure(ARN, failure=FAILURE, upload_id="u1")
    assert store.downloads.record_range_failure(ARN, failure=FAILURE, upload_id=None)
    assert get_download(store).range_failure == FAILURE


def test_no_range_failure_is_recorded_after_a_final_one(store: Store) -> None:
    begin_sliced_copy(store)
    assert store.downloads.record_failure(ARN, failure=FAILURE, upload_id="u1")
    assert not store.downloads.record_range_failure(ARN, failure=FAILURE, upload_id="u1")


def test_digest_is_recorded_for_the_current_upload_only(store: Store) -> None:
    begin_sliced_copy(store)
    digest = Digest("AAAAAA==", "BBBBBB==-2")
    assert not store.downloads.record_digest(ARN, digest=digest, upload_id="u2", now=NOW)
    assert store.downloads.record_digest(ARN, digest=digest, upload_id="u1", now=NOW)
    assert get_download(store).digest == digest


def test_sliced_file_has_no_sha256_and_drops_its_upload(store: Store) -> None:
    begin_sliced_copy(store)
    stored = replace(STORED, sha256=None)
    assert store.downloads.finish(ARN, stored=stored, upload_id="u1", now=NOW)
    finished = get_download(store)
    assert finished.stored == stored
    assert (finished.version, finished.digest, finished.copied_parts, finished.upload_id) == (None, None, 0, None)
