"""One copy for all who ask for the same version of a file: nobody waits for ever, nobody gets another version."""

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
from tests.runtime.support.fakes import STATE_MACHINE, FakeCopies, FakeTasks
from tests.runtime.support.world import PART, OriginFile, World, content_of

SECONDS = 600


@dataclass
class Sharing:
    """A world in which copies are reused; downloads are known by a letter."""

    world: World = field(default_factory=World)
    copies: FakeCopies = field(default_factory=FakeCopies)
    tasks: FakeTasks = field(default_factory=FakeTasks)

    def __post_init__(self) -> None:
        self.file = self.world.serve(OriginFile(content_of(3 * PART)))
        wake = ResumeWaiters(self.copies, self.tasks)
        world = self.world
        self.deliver = Deliver(world.downloads, world.download_messages, world.notifier, world.clock, wake)
        self.fail = Fail(world.downloads, world.objects, world.notifier, world.clock, "downloads/", wake)

    def has(self, name: str, **fields: object) -> str:
        """A download of the file."""
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
        """Its row."""
        return self.world.downloads.rows[arn]

    @property
    def uploads(self) -> int:
        """How many copies were begun."""
        return self.world.objects.calls["create_upload"]


@pytest.fixture
def sharing() -> Sharing:
    """Nobody has asked yet."""
    return Sharing()


STORED = {"outcome": "STORED"}


def test_a_copy_that_is_there_is_not_made_again(sharing: Sharing) -> None:
    """The second download has the object of the first."""
    first, second = sharing.has("a"), sharing.has("b", file_name="other.csv")
    assert sharing.copy(first) == STORED
    assert sharing.copy(second) == STORED
    assert sharing.uploads == 1
    assert sharing.row(second).stored == sharing.row(first).stored
    assert (sharing.row(second).size, sharing.row(second).copied_bytes) == (3 * PART, 3 * PART)


def test_who_comes_while_it_is_copied_waits_and_is_woken(sharing: Sharing) -> None:
    """By the delivery of the first, not by asking."""
    first, second = sharing.has("a"), sharing.has("b")
    assert sharing.copy(first, fan_out=1)["outcome"] == "PLANNED"
    waits = sharing.copy(second)
    assert waits == {"outcome": "WAIT", "fileId": sharing.row(first).file_id}
    assert sharing.row(second).status is Status.PENDING
    assert sharing.copies.wait(str(waits["fileId"]), "token")
    assert sharing.copy(first) == STORED
    sharing.deliver.run(first)
    assert sharing.tasks.woken == ["token"]
    assert sharing.copy(second) == STORED
    assert sharing.row(second).stored == sharing.row(first).stored


def test_an_end_between_looking_and_waiting_is_seen(sharing: Sharing) -> None:
    """The claim says that nobody needs to wait any more."""
    first, second = sharing.has("a"), sharing.has("b")
    sharing.copy(first, fan_out=1)
    waits = sharing.copy(second)
    sharing.copy(first)
    sharing.deliver.run(first)
    assert not sharing.copies.wait(str(waits["fileId"]), "token")
    assert sharing.copy(second) == STORED


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_leader_that_fails_makes_room_for_one_who_waits(sharing: Sharing, status: str) -> None:
    """Who copies by itself then."""
    first, second = sharing.has("a"), sharing.has("b")
    sharing.copy(first, fan_out=1)
    waits = sharing.copy(second)
    assert sharing.copies.wait(str(waits["fileId"]), "token")
    if status == "cancelled":
        sharing.world.downloads.cancel(first, now=sharing.world.clock.now())
    sharing.fail.run(first, Failure("ORIGIN_ERROR", "No."))
    assert sharing.tasks.woken == ["token"]
    assert sharing.copy(second) == STORED
    assert sharing.row(second).file_id == waits["fileId"]


@pytest.mark.parametrize(
    "fields",
    [{"status": Status.FAILED}, {"status": Status.CANCELLED}, {"expires_at": 1}, None],
    ids=["failed", "cancelled", "expired", "gone"],
)
def test_a_leader_that_died_without_a_word_is_replaced(sharing: Sharing, fields: dict[str, object] | None) -> None:
    """Its row tells, should its call be lost."""
    first, second = sharing.has("a"), sharing.has("b")
    sharing.copy(first, fan_out=1)
    if fields is None:
        del sharing.world.downloads.rows[first]
    else:
        sharing.world.downloads.rows[first] = replace(sharing.row(first), **fields)  # type: ignore[arg-type]
    assert sharing.copy(second) == STORED
    assert sharing.uploads == 2


@pytest.mark.parametrize("change", ["gone", "another"])
def test_an_object_that_is_not_the_leaders_any_more_is_copied_anew(sharing: Sharing, change: str) -> None:
    """A lifecycle rule, or an operator, took it."""
    first, second = sharing.has("a"), sharing.has("b")
    sharing.copy(first)
    key = "downloads/" + "a" * 32
    if change == "gone":
        del sharing.world.objects.objects[key]
    else:
        sharing.world.objects.objects[key].body = b"another"
    assert sharing.copy(second) == STORED
    assert sharing.uploads == 2
    third = sharing.has("c")
    assert sharing.copy(third) == STORED
    assert sharing.uploads == 2


@pytest.mark.parametrize("change", ["version", "path", "window", "no validator", "sha256"])
def test_what_is_not_known_to_be_the_same_is_copied(sharing: Sharing, change: str) -> None:
    """Another version or file, a copy that is too old, an origin that says nothing of versions, bytes to be hashed."""
    first = sharing.has("a")
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
    assert sharing.copy(sharing.has("b", **fields)) == STORED
    assert sharing.uploads == 2


def test_more_than_a_row_can_hold_do_not_wait(sharing: Sharing) -> None:
    """They copy by themselves."""
    sharing.copy(sharing.has("a"), fan_out=1)
    (claim,) = sharing.copies.rows.values()
    claim.waiting = ["token"] * MAX_WAITING
    assert sharing.copy(sharing.has("b")) == STORED
    assert sharing.uploads == 2


def test_a_repeated_leader_goes_on(sharing: Sharing) -> None:
    """It does not wait for itself."""
    first = sharing.has("a")
    assert sharing.copy(first, fan_out=1)["outcome"] == "PLANNED"
    assert sharing.copy(first, fan_out=1)["outcome"] == "PLANNED"
    assert sharing.uploads == 1


def test_a_leader_that_was_cancelled_meanwhile_does_not_begin(sharing: Sharing) -> None:
    """The claim stays until its row is looked at."""
    first = sharing.has("a")
    sharing.world.downloads.before = lambda operation: (
        sharing.world.downloads.rows.update({first: replace(sharing.row(first), status=Status.CANCELLED)})
        if operation == "downloads.record_file_id"
        else None
    )
    assert sharing.copy(first)["outcome"] == "FAILED"
    sharing.world.downloads.before = lambda _operation: None
    assert sharing.copy(sharing.has("b")) == STORED


def test_a_call_that_is_lost_fails_nobody(sharing: Sharing) -> None:
    """Who waits looks again after a while."""
    first = sharing.has("a")
    sharing.copy(first, fan_out=1)
    (claim,) = sharing.copies.rows.values()
    claim.waiting = ["token", "other"]
    sharing.copy(first)
    sharing.tasks.error = ServiceError("SendTaskSuccess", "ThrottlingException")
    assert sharing.deliver.run(first) == {}


class Schedule(RuleBasedStateMachine):
    """Downloads of one file, asked for, copied, failing and waiting in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.sharing = Sharing()
        self.arns: list[str] = []
        self.copying: set[str] = set()
        self.waiting: dict[str, str] = {}

    @rule()
    @precondition(lambda self: len(self.arns) < 6)
    def ask(self) -> None:
        """Another download."""
        self.arns.append(self.sharing.has("abcdef"[len(self.arns)]))
        self.look(self.arns[-1])

    @rule(choice=st.integers(0, 5), good=st.booleans())
    def end(self, choice: int, good: bool) -> None:
        """One that copies ends, well or not; whoever it wakes looks again."""
        if not self.copying:
            return
        arn = sorted(self.copying)[choice % len(self.copying)]
        self.copying.remove(arn)
        if good:
            assert self.sharing.copy(arn) == STORED
            self.sharing.deliver.run(arn)
        else:
            self.sharing.fail.run(arn, Failure("ORIGIN_ERROR", "No."))
        woken, self.sharing.tasks.woken = self.sharing.tasks.woken, []
        for token in woken:
            self.look(self.waiting.pop(token))

    def look(self, arn: str) -> None:
        """What the execution does until it copies, waits or has ended."""
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
    def somebody_copies_for_those_who_wait(self) -> None:
        """Or they would wait for ever; and nobody copies beside them."""
        assert bool(self.waiting) <= bool(self.copying)
        assert len(self.copying) <= 1
        ready = [arn for arn in self.arns if self.sharing.row(arn).status is Status.READY]
        assert not (ready and self.waiting)


TestSchedule = Schedule.TestCase
TestSchedule.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
