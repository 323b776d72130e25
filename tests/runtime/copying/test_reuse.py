"""Reuse: one copy for all downloads of the same version of a file; none waits for ever or gets another version."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runtime.errors import ServiceError
from runtime.logic.copying.outcome import Outcome
from runtime.logic.copying.reuse import MAX_WAITING, ResumeWaiters, Reuse
from runtime.logic.ending.deliver import Deliver
from runtime.logic.ending.fail import Fail
from runtime.models import Download, Failure, Status, execution_arn_of
from tests.runtime.support.fakes import STATE_MACHINE, FakeBody, FakeCopies, FakeTasks
from tests.runtime.support.world import PART, OriginFile, World, content_of

SECONDS = 600


@dataclass
class SharedCopies:
    """A world in which copies are reused; each download is named by a letter."""

    world: World = field(default_factory=World)
    copies: FakeCopies = field(default_factory=FakeCopies)
    tasks: FakeTasks = field(default_factory=FakeTasks)

    def __post_init__(self) -> None:
        self.file = self.world.serve(OriginFile(content_of(3 * PART)))
        resume_waiters = ResumeWaiters(self.copies, self.tasks)
        world = self.world
        self.deliver = Deliver(world.downloads, world.download_messages, world.notifier, world.clock, resume_waiters)
        self.fail = Fail(world.downloads, world.objects, world.notifier, world.clock, "downloads/", resume_waiters)

    def put_download(self, name: str, **fields: object) -> str:
        """Put a download of the file into the table and return its ARN."""
        download_id = name * 32
        arn, now = execution_arn_of(STATE_MACHINE, download_id), self.world.clock.now()
        row = Download(arn, download_id, "reports", "a/b.csv", "iam:alice", now, now, int(now) + 3600)
        self.world.downloads.rows[arn] = replace(row, **fields)  # type: ignore[arg-type]
        return arn

    def copy(self, arn: str, fan_out: int = 0) -> Outcome:
        """Run the copying worker."""
        world = self.world
        reuse = Reuse(self.copies, world.downloads, world.objects, world.clock, SECONDS)
        return world.copy(fan_out=fan_out, arn=arn, reuse=reuse)

    def row(self, arn: str) -> Download:
        """Return a download."""
        return self.world.downloads.rows[arn]

    @property
    def upload_count(self) -> int:
        """Return the number of copies that were begun."""
        return self.world.objects.calls["create_upload"]


@pytest.fixture
def sharing() -> SharedCopies:
    """Return a world without downloads."""
    return SharedCopies()


STORED = {"outcome": "STORED"}


def test_existing_copy_is_reused(sharing: SharedCopies) -> None:
    first, second = sharing.put_download("a"), sharing.put_download("b", file_name="other.csv")
    assert sharing.copy(first) == STORED
    assert sharing.copy(second) == STORED
    assert sharing.upload_count == 1
    assert sharing.row(second).stored == sharing.row(first).stored
    assert (sharing.row(second).size, sharing.row(second).copied_bytes) == (3 * PART, 3 * PART)


def test_second_download_waits_and_is_resumed_when_the_first_is_delivered(sharing: SharedCopies) -> None:
    first, second = sharing.put_download("a"), sharing.put_download("b")
    assert sharing.copy(first, fan_out=1)["outcome"] == "PLANNED"
    outcome = sharing.copy(second)
    assert outcome == {"outcome": "WAIT", "fileId": sharing.row(first).file_id}
    assert sharing.row(second).status is Status.PENDING
    assert sharing.copies.wait(str(outcome["fileId"]), "token")
    assert sharing.copy(first) == STORED
    sharing.deliver.run(first)
    assert sharing.tasks.resumed == ["token"]
    assert sharing.copy(second) == STORED
    assert sharing.row(second).stored == sharing.row(first).stored


def test_copy_that_ends_before_the_second_waits_is_found(sharing: SharedCopies) -> None:
    first, second = sharing.put_download("a"), sharing.put_download("b")
    sharing.copy(first, fan_out=1)
    outcome = sharing.copy(second)
    sharing.copy(first)
    sharing.deliver.run(first)
    assert not sharing.copies.wait(str(outcome["fileId"]), "token")
    assert sharing.copy(second) == STORED


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_failed_leader_resumes_a_waiting_download_which_copies(sharing: SharedCopies, status: str) -> None:
    first, second = sharing.put_download("a"), sharing.put_download("b")
    sharing.copy(first, fan_out=1)
    outcome = sharing.copy(second)
    assert sharing.copies.wait(str(outcome["fileId"]), "token")
    if status == "cancelled":
        sharing.world.downloads.cancel(first, now=sharing.world.clock.now())
    sharing.fail.run(first, Failure("ORIGIN_ERROR", "No."))
    assert sharing.tasks.resumed == ["token"]
    assert sharing.copy(second) == STORED
    assert sharing.row(second).file_id == outcome["fileId"]


@pytest.mark.parametrize(
    "fields",
    [{"status": Status.FAILED}, {"status": Status.CANCELLED}, {"expires_at": 1}, None],
    ids=["failed", "cancelled", "expired", "gone"],
)
def test_leader_that_ended_without_resuming_is_replaced(
    sharing: SharedCopies, fields: dict[str, object] | None
) -> None:
    """Its row shows the end even if the call was lost."""
    first, second = sharing.put_download("a"), sharing.put_download("b")
    sharing.copy(first, fan_out=1)
    if fields is None:
        del sharing.world.downloads.rows[first]
    else:
        sharing.world.downloads.rows[first] = replace(sharing.row(first), **fields)  # type: ignore[arg-type]
    assert sharing.copy(second) == STORED
    assert sharing.upload_count == 2


def serve_changed_rest(sharing: SharedCopies, etag: str | None) -> None:
    """Serve a file that changes behind its first part, and a stale server that still has the first version."""
    stale, changed = sharing.file, OriginFile(content_of(3 * PART + 1), etag=etag)
    sharing.world.origins.answer = lambda request: (
        stale.answer(request) if request.headers.get("Range") == f"bytes=0-{PART - 1}" else changed.answer(request)
    )


@pytest.mark.parametrize("etag", ['"v2"', None], ids=["another ETag", "no ETag"])
@pytest.mark.parametrize("fan_out", [0, 1], ids=["one worker", "slices"])
def test_copy_of_another_version_than_the_claimed_one_is_not_reused(
    sharing: SharedCopies, etag: str | None, fan_out: int
) -> None:
    """The file changed while the leader copied it; waiting downloads are resumed all the same."""
    first, second = sharing.put_download("a"), sharing.put_download("b")
    serve_changed_rest(sharing, etag)
    outcome = sharing.copy(first, fan_out=fan_out)
    if fan_out:
        upload_id = sharing.row(first).upload_id
        failure = Failure("ORIGIN_CHANGED", "It changed.")
        assert sharing.world.downloads.record_range_failure(first, failure=failure, upload_id=upload_id)
        outcome = sharing.copy(first, fan_out=fan_out)
    assert outcome == STORED
    file_id = str(sharing.row(first).file_id)
    assert sharing.copies.wait(file_id, "token")
    sharing.world.serve(sharing.file)
    assert sharing.copy(second) == STORED
    copies = [sharing.world.objects.objects["downloads/" + name * 32].body for name in "ab"]
    assert copies == [content_of(3 * PART + 1), content_of(3 * PART)]
    sharing.deliver.run(second)
    assert sharing.tasks.resumed == ["token"]


def test_end_of_a_copy_of_another_version_releases_its_claim(sharing: SharedCopies) -> None:
    first, second = sharing.put_download("a"), sharing.put_download("b")
    serve_changed_rest(sharing, '"v2"')
    assert sharing.copy(first) == STORED
    assert sharing.copies.wait(str(sharing.row(first).file_id), "token")
    sharing.deliver.run(first)
    assert sharing.tasks.resumed == ["token"]
    sharing.world.serve(sharing.file)
    assert sharing.copy(second) == STORED
    assert sharing.row(second).stored != sharing.row(first).stored


def test_copy_of_an_origin_that_refuses_ranges_is_reused(sharing: SharedCopies) -> None:
    """The plain GET names the version."""
    first, second = sharing.put_download("a"), sharing.put_download("b")
    sharing.world.origins.answer = lambda request: (
        FakeBody(403) if "Range" in request.headers else sharing.file.answer(request)
    )
    assert sharing.copy(first) == STORED
    assert sharing.copy(second) == STORED
    assert sharing.row(second).stored == sharing.row(first).stored
    assert sharing.upload_count == 1


@pytest.mark.parametrize("change", ["gone", "another"])
def test_changed_or_missing_object_is_copied_again(sharing: SharedCopies, change: str) -> None:
    """A lifecycle rule or an operator removed it."""
    first, second = sharing.put_download("a"), sharing.put_download("b")
    sharing.copy(first)
    key = "downloads/" + "a" * 32
    if change == "gone":
        del sharing.world.objects.objects[key]
    else:
        sharing.world.objects.objects[key].body = b"another"
    assert sharing.copy(second) == STORED
    assert sharing.upload_count == 2
    third = sharing.put_download("c")
    assert sharing.copy(third) == STORED
    assert sharing.upload_count == 2


@pytest.mark.parametrize("change", ["version", "path", "window", "no validator", "sha256"])
def test_another_version_path_or_age_is_copied(sharing: SharedCopies, change: str) -> None:
    first = sharing.put_download("a")
    if change == "no validator":
        sharing.file.etag = None
    sharing.copy(first)
    fields: dict[str, object] = {}
    if change == "version":
        sharing.file.etag = '"v2"'
    elif change == "path":
        fields = {"path": "a/c.csv"}
    elif change == "window":
        sharing.world.clock.time += SECONDS + 1
    elif change == "sha256":
        fields = {"sha256": str(sharing.row(first).stored.sha256)}  # type: ignore[union-attr]
    assert sharing.copy(sharing.put_download("b", **fields)) == STORED
    assert sharing.upload_count == 2


def test_download_copies_by_itself_if_too_many_wait(sharing: SharedCopies) -> None:
    sharing.copy(sharing.put_download("a"), fan_out=1)
    (claim,) = sharing.copies.rows.values()
    claim.waiting = ["token"] * MAX_WAITING
    assert sharing.copy(sharing.put_download("b")) == STORED
    assert sharing.upload_count == 2


def test_repeated_leader_continues(sharing: SharedCopies) -> None:
    first = sharing.put_download("a")
    assert sharing.copy(first, fan_out=1)["outcome"] == "PLANNED"
    assert sharing.copy(first, fan_out=1)["outcome"] == "PLANNED"
    assert sharing.upload_count == 1


def test_leader_that_is_cancelled_while_claiming_does_not_begin(sharing: SharedCopies) -> None:
    first = sharing.put_download("a")
    sharing.world.downloads.before_call = lambda operation: (
        sharing.world.downloads.rows.update({first: replace(sharing.row(first), status=Status.CANCELLED)})
        if operation == "downloads.record_file_id"
        else None
    )
    assert sharing.copy(first)["outcome"] == "FAILED"
    sharing.world.downloads.before_call = lambda _operation: None
    assert sharing.copy(sharing.put_download("b")) == STORED


def test_failed_resume_call_fails_no_download(sharing: SharedCopies) -> None:
    """A waiting download checks again after a while."""
    first = sharing.put_download("a")
    sharing.copy(first, fan_out=1)
    (claim,) = sharing.copies.rows.values()
    claim.waiting = ["token", "other"]
    sharing.copy(first)
    sharing.tasks.error = ServiceError("SendTaskSuccess", "ThrottlingException")
    assert sharing.deliver.run(first) == {}


class Schedule(RuleBasedStateMachine):
    """Downloads of one file that start, copy, fail and wait in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.sharing = SharedCopies()
        self.arns: list[str] = []
        self.copying: set[str] = set()
        self.waiting: dict[str, str] = {}

    @rule()
    @precondition(lambda self: len(self.arns) < 6)
    def start_download(self) -> None:
        """Start another download."""
        self.arns.append(self.sharing.put_download("abcdef"[len(self.arns)]))
        self.run_execution(self.arns[-1])

    @rule(choice=st.integers(0, 5), succeeds=st.booleans())
    def end_copy(self, choice: int, succeeds: bool) -> None:
        """End a copy; every download that it resumes continues."""
        if not self.copying:
            return
        arn = sorted(self.copying)[choice % len(self.copying)]
        self.copying.remove(arn)
        if succeeds:
            assert self.sharing.copy(arn) == STORED
            self.sharing.deliver.run(arn)
        else:
            self.sharing.fail.run(arn, Failure("ORIGIN_ERROR", "No."))
        resumed, self.sharing.tasks.resumed = self.sharing.tasks.resumed, []
        for token in resumed:
            self.run_execution(self.waiting.pop(token))

    def run_execution(self, arn: str) -> None:
        """Run an execution until it copies, waits or has ended."""
        while True:
            outcome = self.sharing.copy(arn, fan_out=1)
            if outcome["outcome"] == "PLANNED":
                self.copying.add(arn)
                return
            if outcome["outcome"] != "WAIT":
                self.sharing.deliver.run(arn)
                return
            if self.sharing.copies.wait(str(outcome["fileId"]), arn):
                self.waiting[arn] = arn
                return

    @invariant()
    def exactly_one_download_copies_for_those_that_wait(self) -> None:
        assert bool(self.waiting) <= bool(self.copying)
        assert len(self.copying) <= 1
        ready = [arn for arn in self.arns if self.sharing.row(arn).status is Status.READY]
        assert not (ready and self.waiting)


TestSchedule = Schedule.TestCase
TestSchedule.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
