"""Every download that ends has its event on the bus, whatever the way to its end; the bus changes nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runtime.adapters.event_bus import DETAIL_TYPE, SOURCE
from runtime.errors import PushesGivenUpError, ServiceError, TransientServiceError
from runtime.logic.copying.reuse import ResumeWaiters
from runtime.logic.ending.end_event import SendEndEvent, detail_of
from runtime.logic.ending.fail import failure_of
from runtime.models import Checksum, Failure, Status, Stored
from tests.runtime.ending.test_deliver import message_types, open_connections
from tests.runtime.support.fakes import FakeClock, FakeCopies, FakeTasks
from tests.runtime.support.world import ARN, DOWNLOAD_ID, KEY, World
from tools.readme_tables import TOP

SCHEMA = json.loads((TOP / "docs" / "event.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
THROTTLED = TransientServiceError("PutEvents", "ThrottlingException")
NO_BUS = ServiceError("PutEvents", "ResourceNotFoundException")
FAILURE = Failure("ORIGIN_ERROR", "The origin answered HTTP 500.")


def check_event(detail: Any, resource: str) -> None:
    """Validate the event that a consumer would receive."""
    VALIDATOR.validate(
        {
            "source": SOURCE,
            "detail-type": DETAIL_TYPE,
            "resources": [resource],
            "time": "2026-11-28T23:00:00Z",
            "detail": detail,
        }
    )


class EventWorld(World):
    """A world with an event bus, in which the functions that are invoked run at once."""

    def __init__(self) -> None:
        super().__init__()
        self.send_end_event = SendEndEvent(self.downloads, self.event_bus, self.clock, "copies")
        self.fail = replace(self.fail, send_end_event=self.send_end_event)
        self.deliver = replace(self.deliver, functions=self.functions, fail_function="fail")
        self.crashes: list[Exception] = []
        self.functions.run = self._invoke

    def _invoke(self, function: str, payload: Any) -> None:
        """Run `fail` as Lambda runs an asynchronous call: its errors do not reach the caller, and it is retried."""
        assert function == "fail"
        for _ in range(3):
            try:
                self.fail.run(payload["executionArn"], failure_of(payload.get("error")))
                return
            except ServiceError as error:
                self.crashes.append(error)

    def events(self) -> list[tuple[object, object]]:
        """Return status and code of the events on the bus, each of which is valid."""
        for detail, resource, _ in self.event_bus.events:
            check_event(detail, resource)
        return [(detail["status"], detail.get("code")) for detail, _, _ in self.event_bus.events]


@pytest.fixture
def world() -> EventWorld:
    return EventWorld()


def test_event_of_a_ready_download_has_what_a_consumer_needs(world: EventWorld) -> None:
    now = world.clock.now()
    world.put_download(status=Status.READY, path="a/b.csv?sig=s3cret", created_at=now, updated_at=now + 12.3456, size=3)
    world.deliver.run(ARN)
    ((detail, resource, time),) = world.event_bus.events
    assert detail == {
        "version": 1,
        "eventId": f"{DOWNLOAD_ID}-ready",
        "status": "READY",
        "downloadId": DOWNLOAD_ID,
        "executionArn": ARN,
        "origin": "reports",
        "path": "a/b.csv",
        "owner": "iam:alice",
        "requestedAt": detail["requestedAt"],
        "endedAt": detail["endedAt"],
        "seconds": 12.346,
        "bucket": "copies",
        "key": KEY,
        "size": 3,
    }
    assert (resource, time) == (ARN, now + 12.3456)
    assert world.events() == [("READY", None)]
    assert world.row.event_sent_at == world.clock.now()


@pytest.mark.parametrize("status", [Status.PENDING, Status.COPYING, Status.READY])
def test_event_of_a_failure_is_sent_once_by_all_callers_of_fail(world: EventWorld, status: Status) -> None:
    """The state machine, and the status event of the execution that then fails, call `fail`. READY stays READY."""
    world.put_download(status=status, size=7 if status is Status.COPYING else None)
    for _ in range(2):
        world.fail.run(ARN, FAILURE)
    assert world.events() == [("READY", None) if status is Status.READY else ("FAILED", "ORIGIN_ERROR")]


def test_event_of_a_cancel_follows_the_row(world: EventWorld) -> None:
    """The cancel invokes `fail`, and the status event of the stopped execution invokes it again."""
    world.put_download(status=Status.COPYING)
    world.cancel.run(world.row)
    world.fail.run(ARN, failure_of(None, "ABORTED"))
    assert world.events() == [("CANCELLED", None)]


@pytest.mark.parametrize(("execution", "code"), [("TIMED_OUT", "TIMED_OUT"), ("ABORTED", "STOPPED"), (None, None)])
def test_download_that_a_reader_finds_dead_has_its_event(
    world: EventWorld, execution: str | None, code: str | None
) -> None:
    world.put_download(status=Status.COPYING, updated_at=world.clock.now() - 100)
    if execution is not None:
        world.executions.statuses[ARN] = execution
    world.reconcile.run(world.row)
    assert world.events() == [("FAILED", code or "TRANSFER_FAILED")]


def test_execution_that_is_stopped_between_ready_and_deliver_has_its_event(world: EventWorld) -> None:
    world.put_download(status=Status.READY)
    world.fail.run(ARN, failure_of(None, "ABORTED"))
    assert world.events() == [("READY", None)]


def test_download_that_reuses_a_copy_has_an_event_with_the_key_of_that_copy(world: EventWorld) -> None:
    stored = Stored("downloads/of-another", 3, '"e"', "text/csv", Checksum("CRC32", "NSRBwg=="), None)
    world.put_download(status=Status.READY, stored=stored)
    world.deliver.run(ARN)
    assert world.event_bus.events[0][0]["key"] == "downloads/of-another"
    assert world.events() == [("READY", None)]


def test_download_whose_deliver_crashed_has_its_event(world: EventWorld) -> None:
    """The state machine then runs `fail`."""
    world.put_download(status=Status.READY)
    world.functions.before_call = lambda _: (_ for _ in ()).throw(ServiceError("Invoke", "ServiceException"))
    with pytest.raises(ServiceError):
        world.deliver.run(ARN)
    world.fail.run(ARN, failure_of({"Error": "ServiceError"}))
    assert world.row.status is Status.READY
    assert world.events() == [("READY", None)]


@pytest.mark.parametrize("status", [Status.PENDING, Status.COPYING])
def test_download_that_goes_on_has_no_event(world: EventWorld, status: Status) -> None:
    world.put_download(status=status)
    world.deliver.run(ARN)
    assert world.functions.started == []
    world.send_end_event.run(world.row)
    assert world.events() == []


def test_download_that_expired_before_it_was_delivered_has_its_event(world: EventWorld) -> None:
    """Its execution succeeds, so that no status event follows."""
    world.put_download(status=Status.READY, expires_at=int(world.clock.now()) - 1)
    assert world.deliver.run(ARN) == {}
    assert world.events() == [("READY", None)]


def test_replay_sends_no_event(world: EventWorld) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    world.deliver.run(ARN, "c1")
    assert message_types(world, "c1") == ["ready"]
    assert world.functions.started == []


def test_without_a_bus_nothing_is_invoked() -> None:
    world = World()
    world.put_download(status=Status.READY)
    world.deliver.run(ARN)
    world.fail.run(ARN, FAILURE)
    assert world.functions.started == []
    assert world.row.event_sent_at is None


def test_message_comes_before_the_event_and_does_not_wait_for_it(world: EventWorld) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    world.event_bus.before_call = lambda _: events_seen.append(message_types(world, "c1"))
    events_seen: list[list[str]] = []
    world.deliver.run(ARN)
    assert events_seen == [["ready"]]


def test_clients_that_are_not_reached_do_not_hold_up_the_event(world: EventWorld) -> None:
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    world.sockets.before_call = lambda operation: (
        (_ for _ in ()).throw(TransientServiceError("PostToConnection", "LimitExceededException"))
        if operation == "sockets.post"
        else None
    )
    with pytest.raises(PushesGivenUpError):
        world.deliver.run(ARN)
    assert world.events() == [("READY", None)]


@pytest.mark.parametrize("error", [THROTTLED, NO_BUS])
def test_bus_that_cannot_be_reached_changes_nothing_for_the_client(world: EventWorld, error: ServiceError) -> None:
    """`deliver` succeeds. `fail` fails after its own work, so Lambda retries it and keeps it in the queue."""
    world.event_bus.errors = [error] * 99
    world.put_download(status=Status.READY)
    open_connections(world, "c1")
    assert world.deliver.run(ARN)["posted"] == 1
    assert message_types(world, "c1") == ["ready"]
    assert (world.row.status, world.row.event_sent_at) == (Status.READY, None)
    assert world.crashes == [error] * 3
    world.event_bus.errors = []
    world.fail.run(ARN, FAILURE)  # an operator calls it again
    assert world.events() == [("READY", None)]


def test_failure_is_settled_before_the_bus_is_tried(world: EventWorld) -> None:
    world.event_bus.errors = [NO_BUS]
    world.put_download(status=Status.COPYING)
    open_connections(world, "c1")
    with pytest.raises(ServiceError, match="ResourceNotFoundException"):
        world.fail.run(ARN, FAILURE)
    assert message_types(world, "c1") == ["failed"]
    assert world.row.notified_at is not None
    world.fail.run(ARN, FAILURE)
    assert message_types(world, "c1") == ["failed"]
    assert world.events() == [("FAILED", "ORIGIN_ERROR")]


def test_throttled_bus_is_tried_three_times_with_pauses(world: EventWorld) -> None:
    world.event_bus.errors = [THROTTLED, THROTTLED]
    world.put_download(status=Status.READY)
    start = world.clock.now()
    world.send_end_event.run(world.row)
    assert world.event_bus.attempts == 3
    assert 0.75 <= world.clock.now() - start <= 1.5
    assert world.events() == [("READY", None)]


def test_bus_that_refuses_is_tried_once(world: EventWorld) -> None:
    world.event_bus.errors = [NO_BUS]
    world.put_download(status=Status.READY)
    with pytest.raises(ServiceError):
        world.send_end_event.run(world.row)
    assert world.event_bus.attempts == 1


def test_event_whose_record_was_lost_is_sent_again_with_the_same_id(world: EventWorld) -> None:
    def lose_record(operation: str) -> None:
        if operation.endswith("record_event_sent"):
            raise ServiceError("UpdateItem", "InternalServerError")

    world.put_download(status=Status.READY)
    world.downloads.before_call = lose_record
    with pytest.raises(ServiceError):
        world.send_end_event.run(world.row)
    world.downloads.before_call = lambda _operation: None
    world.clock.sleep(100)
    world.send_end_event.run(world.row)
    (first, *_), (second, *_) = world.event_bus.events
    assert first == second


def test_waiting_downloads_are_resumed_before_the_event(world: EventWorld) -> None:
    copies, tasks = FakeCopies(), FakeTasks()
    world.fail = replace(world.fail, resume_waiters=ResumeWaiters(copies, tasks))
    world.put_download(status=Status.COPYING, file_id="v1")
    copies.claim("v1", ARN, now=world.clock.now(), expires_at=int(world.clock.now()) + 60)
    copies.wait("v1", "token")
    world.event_bus.errors = [NO_BUS]
    with pytest.raises(ServiceError):
        world.fail.run(ARN, FAILURE)
    assert tasks.resumed == ["token"]


@given(
    status=st.sampled_from([Status.READY, Status.FAILED, Status.CANCELLED]),
    path=st.text(min_size=1, max_size=2048),
    owner=st.text(max_size=300),
    size=st.none() | st.integers(0, 2**46),
    seconds=st.floats(-10, 1e6),
    failure=st.none() | st.just(FAILURE),
)
def test_event_of_any_row_matches_the_schema_and_fits(
    status: Status, path: str, owner: str, size: int | None, seconds: float, failure: Failure | None
) -> None:
    world = World(FakeClock())
    now = world.clock.now()
    world.put_download(
        status=status, path=path, owner=owner, size=size, created_at=now, updated_at=now + seconds, failure=failure
    )
    detail = detail_of(world.row, "copies")
    check_event(detail, ARN)
    assert len(json.dumps(detail)) < 256 * 1024 / 2
    assert "?" not in str(detail["path"])


def test_schema_names_every_field() -> None:
    world = World()
    fields: set[str] = set()
    for status in (Status.READY, Status.FAILED, Status.CANCELLED):
        world.put_download(status=status, size=3)
        fields |= set(detail_of(world.row, "copies"))
    assert fields == set(SCHEMA["$defs"]["download"]["properties"])
    assert set(SCHEMA["$defs"]["download"]["required"]) == fields - {"size", "bucket", "key", "code"}
