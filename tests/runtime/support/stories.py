"""One download, its clients and its end as a story: what the platform does around the use cases is acted here.

Lambda and Step Functions try again, `$disconnect` may be late or never come, a handshake may fail or its client vanish,
an asynchronous call may come twice, and one call of a port may fail.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

from runtime.errors import (
    DownloadFinishedError,
    PushesGivenUpError,
    RequestError,
    ServiceError,
    TransientServiceError,
)
from runtime.models import Connection, Failure, Status
from tests.runtime.support.schedule import Schedule
from tests.runtime.support.world import ARN, STORED, World

KINDS = {Status.READY: "ready", Status.FAILED: "failed", Status.CANCELLED: "cancelled"}
FAILURE = Failure("ORIGIN_ERROR", "No.")
TRIED_AGAIN = (ServiceError, PushesGivenUpError)
GRACE, RETRY = 120.0, 60.0
TASK_TRIES, ASYNC_TRIES, CLIENT_TRIES = 3, 2, 3


@dataclass(frozen=True)
class Client:
    """Comes back after `drops` breaks, then stays or leaves; `says` is one action, sent whenever it has connected."""

    drops: int = 0
    stays: bool = True
    says: str | None = None
    vanishes: bool = False  # in the first handshake: accepted, and never there
    unnoticed: bool = False  # no `$disconnect` comes for it


@dataclass(frozen=True)
class Fault:
    """The call of a port that fails: which operation, and which time it is called."""

    operation: str
    time: int


class Story:
    """Acted step by step, in the order that `choose` draws."""

    def __init__(
        self, choose: Callable[[int], int], *, limit: int = 10, fault: Fault | None = None, twice: bool = False
    ) -> None:
        self.schedule = Schedule(choose)
        self.world = World(self.schedule)
        self.world.connect = replace(self.world.connect, limit=limit)
        for port in (
            self.world.downloads,
            self.world.connections,
            self.world.sockets,
            self.world.functions,
            self.world.idle_closer,
        ):
            port.before = self._before
        self.ticket = self.world.has()
        self.failed: Fault | None = None
        self._fault, self._twice = fault, twice
        self._calls: Counter[str] = Counter()
        self._numbers = count()
        self._owner: dict[str, str] = {}
        self.world.functions.run = self._invoked
        self.world.idle_closer.after = self._closing
        self.world.sockets.on_close = self._hung_up
        self.world.executions.on_stop = lambda: self.event()

    # Who acts

    def client(self, name: str, client: Client) -> None:
        """Lives through its connections."""
        self._spawn(name, lambda: self._live(name, client))

    def ends(self, how: Status) -> None:
        """The worker, and what the state machine does after it; or somebody who cancels."""
        acts = {Status.READY: self._ready, Status.FAILED: self._failed, Status.CANCELLED: self._cancelled}
        self._spawn(str(how), acts[how])

    def event(self) -> None:
        """The status-change event, at any moment after the end."""

        def late() -> None:
            while not self.world.row.status.is_final:
                self.schedule.sleep(0.0)
            self._tried(lambda: self.world.fail.run(ARN, FAILURE), ASYNC_TRIES)

        self._spawn("event", late)

    def ghosts(self) -> None:
        """What earlier times left behind: an expired row, an id without a row, a socket that went unnoticed."""
        now = int(self.schedule.now())
        rows = {"expired": Connection("expired", ARN, (now - 9000) * 1000, now - 1800)}
        rows["lost"] = Connection("lost", ARN, (now - 900) * 1000, now + 6300)
        self.world.connections.rows.update(rows)
        self.world.downloads.rows[ARN] = replace(self.world.row, connection_ids=frozenset({*rows, "bare"}))

    def play(self) -> None:
        """Until everybody has come to an end, and nobody waits any more."""
        self.schedule.run()

    # What they do

    def _live(self, name: str, client: Client) -> None:
        for number in range(client.drops + 1):
            connection_id = self._connect(name, vanishes=client.vanishes and number == 0)
            if connection_id is None:  # refused: it asks over REST from now on
                self._owner = {one: owner for one, owner in self._owner.items() if owner != name}
                return
            last = number == client.drops
            if last and client.stays:
                self._owner[connection_id] = name
            self.world.sockets.accept(connection_id)
            self.schedule.pause_before("open")
            if client.says is not None:
                self._say(connection_id, client.says)
            if not (last and client.stays):
                self.world.sockets.drop(connection_id)
                self.schedule.pause_before("closed")
                if not client.unnoticed:
                    self._disconnect(connection_id)

    def _connect(self, name: str, *, vanishes: bool = False) -> str | None:
        for _ in range(CLIENT_TRIES):
            connection_id = f"{name}-{next(self._numbers)}"
            try:
                self.world.connect.run(connection_id, self.ticket.text)
            except RequestError:  # the limit
                return None
            except ServiceError:
                continue
            self.schedule.pause_before("handshake")
            if vanishes:
                vanishes = False
                continue
            return connection_id
        return None

    def _say(self, connection_id: str, action: str) -> None:
        try:
            self.world.message.run(connection_id, json.dumps({"action": action}), "m")
        except ServiceError:  # the handler answers the gateway, and nobody else
            return

    def _disconnect(self, connection_id: str) -> None:
        try:
            self.world.disconnect.run(connection_id)
        except ServiceError:  # nobody calls it again
            return

    def _ready(self) -> None:
        finish = partial(self.world.downloads.finish, ARN, stored=STORED, upload_id=None, now=self.schedule.now())
        if self._tried(finish, TASK_TRIES) or self.world.row.status is Status.READY:
            self._tried(lambda: self.world.deliver.run(ARN), TASK_TRIES)
            if self._twice:
                self._tried(lambda: self.world.deliver.run(ARN), TASK_TRIES)
        else:
            self._failed()

    def _failed(self) -> None:
        self._tried(lambda: self.world.fail.run(ARN, FAILURE), TASK_TRIES)

    def _cancelled(self) -> None:
        try:
            self._tried(lambda: self.world.cancel.run(self.world.row), TASK_TRIES)
        except DownloadFinishedError:
            return

    # What the platform does

    def _invoked(self, function: str, payload: Mapping[str, object]) -> None:
        def act() -> None:
            if function == "deliver":
                self._later(lambda: self.world.deliver.run(ARN, str(payload["connectionId"])))
            else:
                self._later(lambda: self.world.fail.run(ARN, FAILURE))

        for _ in range(2 if self._twice else 1):
            self._spawn(function, act)

    def _closing(self, arn: str, connection_ids: list[str], since: float) -> None:
        def act() -> None:
            self.schedule.wait(GRACE)
            self._tried(lambda: self.world.close.run(arn, connection_ids, since), TASK_TRIES)

        self._spawn("closing", act)

    def _hung_up(self, connection_id: str) -> None:
        """A socket that the server closed: its client comes back if it has not heard, as the protocol says."""
        self._spawn("disconnect", lambda: self._disconnect(connection_id))
        name = self._owner.get(connection_id)
        if name is not None and not self.told(name):
            self.client(name, Client())

    def _later(self, work: Callable[[], object]) -> None:
        """An asynchronous call of Lambda's: tried again after a minute."""
        try:
            work()
        except TRIED_AGAIN:
            self.schedule.wait(RETRY)
            work()

    def _tried(self, work: Callable[[], object], tries: int) -> object:
        for _ in range(tries - 1):
            try:
                return work()
            except TRIED_AGAIN:
                self.schedule.sleep(1.0)
        return work()

    def _spawn(self, name: str, work: Callable[[], object]) -> None:
        self.schedule.spawn(f"{name}-{len(self.schedule.actors)}", work)

    def _before(self, operation: str) -> None:
        self.schedule.pause_before(operation)
        self._calls[operation] += 1
        if self._fault == Fault(operation, self._calls[operation]):
            self.failed = self._fault
            raise TransientServiceError(operation, "InternalServerError")

    # What came of it

    def endings(self, connection_id: str) -> list[str]:
        """The ends that a connection was told of."""
        said = [json.loads(data)["type"] for data in self.world.sockets.received.get(connection_id, ())]
        return [kind for kind in said if kind in KINDS.values()]

    def told(self, name: str) -> bool:
        """Whether a client that stays has heard an end on one of its sockets."""
        return any(self.endings(one) for one, owner in self._owner.items() if owner == name)

    def staying(self) -> set[str]:
        """The names of the clients that stay."""
        return set(self._owner.values())
