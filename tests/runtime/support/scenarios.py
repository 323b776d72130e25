"""Acts out the life of a download: its worker, its clients, and the platform around the use cases.

Lambda and Step Functions retry, `$disconnect` may be late or missing, a handshake may fail or its client vanish, an
asynchronous call may arrive twice, and a call of a port may fail.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

from runtime.errors import DownloadFinishedError, PushesGivenUpError, RequestError, ServiceError, TransientServiceError
from runtime.models import Connection, Failure, Status
from tests.runtime.support.schedule import Schedule
from tests.runtime.support.world import ARN, STORED, World

FINAL_TYPES = {Status.READY: "ready", Status.FAILED: "failed", Status.CANCELLED: "cancelled"}
FAILURE = Failure("ORIGIN_ERROR", "No.")
RETRIED_ERRORS = (ServiceError, PushesGivenUpError)
IDLE_SECONDS, RETRY_SECONDS = 120.0, 60.0
TASK_ATTEMPTS, ASYNC_ATTEMPTS, CLIENT_ATTEMPTS = 3, 2, 3


@dataclass(frozen=True)
class Client:
    """A client that reconnects after `drops` breaks, then stays or leaves; `says` is an action that it sends."""

    drops: int = 0
    stays: bool = True
    says: str | None = None
    vanishes: bool = False  # the first handshake succeeds, but the client is gone
    unnoticed: bool = False  # API Gateway never calls `$disconnect` for it


@dataclass(frozen=True)
class Fault:
    """A call of a port that fails: its operation, and the number of the call that fails."""

    operation: str
    time: int


class Scenario:
    """Runs actors step by step, in the order that `choose` selects."""

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
            port.before_call = self._before_call
        self.ticket = self.world.put_download()
        self.failed: Fault | None = None
        self._fault, self._twice = fault, twice
        self._calls: Counter[str] = Counter()
        self._numbers = count()
        self._owner: dict[str, str] = {}
        self.world.functions.run = self._start_function
        self.world.idle_closer.after_start = self._start_idle_closer
        self.world.sockets.on_close = self._socket_closed
        self.world.executions.on_stop = lambda: self.add_status_event()

    # Actors

    def add_client(self, name: str, client: Client) -> None:
        """Add a client, which lives through its connections."""
        self._spawn(name, lambda: self._run_client(name, client))

    def add_end(self, status: Status) -> None:
        """Add the worker and the state machine's steps after it, or a caller that cancels."""
        actions = {Status.READY: self._finish_and_deliver, Status.FAILED: self._fail, Status.CANCELLED: self._cancel}
        self._spawn(str(status), actions[status])

    def add_status_event(self) -> None:
        """Add the status-change event, which may arrive at any moment after the end."""

        def handle_event() -> None:
            while not self.world.row.status.is_final:
                self.schedule.sleep(0.0)
            self._retry(lambda: self.world.fail.run(ARN, FAILURE), ASYNC_ATTEMPTS)

        self._spawn("event", handle_event)

    def add_stale_connections(self) -> None:
        """Leave an expired row, an id without a row, and a socket whose end was never reported."""
        now = int(self.schedule.now())
        connections = {"expired": Connection("expired", ARN, (now - 9000) * 1000, now - 1800)}
        connections["lost"] = Connection("lost", ARN, (now - 900) * 1000, now + 6300)
        self.world.connections.rows.update(connections)
        self.world.downloads.rows[ARN] = replace(self.world.row, connection_ids=frozenset({*connections, "bare"}))

    def run(self) -> None:
        """Run until every actor has ended."""
        self.schedule.run()

    # Steps of the actors

    def _run_client(self, name: str, client: Client) -> None:
        for number in range(client.drops + 1):
            connection_id = self._connect(name, vanishes=client.vanishes and number == 0)
            if connection_id is None:  # refused: the client polls over REST instead
                self._owner = {connection_id: owner for connection_id, owner in self._owner.items() if owner != name}
                return
            is_last = number == client.drops
            if is_last and client.stays:
                self._owner[connection_id] = name
            self.world.sockets.accept(connection_id)
            self.schedule.pause_before("open")
            if client.says is not None:
                self._send_action(connection_id, client.says)
            if not (is_last and client.stays):
                self.world.sockets.drop(connection_id)
                self.schedule.pause_before("closed")
                if not client.unnoticed:
                    self._disconnect(connection_id)

    def _connect(self, name: str, *, vanishes: bool = False) -> str | None:
        for _ in range(CLIENT_ATTEMPTS):
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

    def _send_action(self, connection_id: str, action: str) -> None:
        try:
            self.world.client_message.run(connection_id, json.dumps({"action": action}), "m")
        except ServiceError:  # the handler answers API Gateway only
            return

    def _disconnect(self, connection_id: str) -> None:
        try:
            self.world.disconnect.run(connection_id)
        except ServiceError:  # API Gateway does not retry it
            return

    def _finish_and_deliver(self) -> None:
        finish = partial(self.world.downloads.finish, ARN, stored=STORED, upload_id=None, now=self.schedule.now())
        if self._retry(finish, TASK_ATTEMPTS) or self.world.row.status is Status.READY:
            self._retry(lambda: self.world.deliver.run(ARN), TASK_ATTEMPTS)
            if self._twice:
                self._retry(lambda: self.world.deliver.run(ARN), TASK_ATTEMPTS)
        else:
            self._fail()

    def _fail(self) -> None:
        self._retry(lambda: self.world.fail.run(ARN, FAILURE), TASK_ATTEMPTS)

    def _cancel(self) -> None:
        try:
            self._retry(lambda: self.world.cancel.run(self.world.row), TASK_ATTEMPTS)
        except DownloadFinishedError:
            return

    # Steps of the platform

    def _start_function(self, function: str, payload: Mapping[str, object]) -> None:
        def invoke() -> None:
            if function == "deliver":
                self._invoke_async(lambda: self.world.deliver.run(ARN, str(payload["connectionId"])))
            else:
                self._invoke_async(lambda: self.world.fail.run(ARN, FAILURE))

        for _ in range(2 if self._twice else 1):
            self._spawn(function, invoke)

    def _start_idle_closer(self, arn: str, connection_ids: list[str], since: float) -> None:
        def close() -> None:
            self.schedule.wait(IDLE_SECONDS)
            self._retry(lambda: self.world.close.run(arn, connection_ids, since), TASK_ATTEMPTS)

        self._spawn("idle closer", close)

    def _socket_closed(self, connection_id: str) -> None:
        """Handle a socket that the server closed: its client reconnects if it has got no final message."""
        self._spawn("disconnect", lambda: self._disconnect(connection_id))
        name = self._owner.get(connection_id)
        if name is not None and not self.was_notified(name):
            self.add_client(name, Client())

    def _invoke_async(self, work: Callable[[], object]) -> None:
        """Call a function as Lambda does asynchronously: again after a minute if it fails."""
        try:
            work()
        except RETRIED_ERRORS:
            self.schedule.wait(RETRY_SECONDS)
            work()

    def _retry(self, work: Callable[[], object], tries: int) -> object:
        for _ in range(tries - 1):
            try:
                return work()
            except RETRIED_ERRORS:
                self.schedule.sleep(1.0)
        return work()

    def _spawn(self, name: str, work: Callable[[], object]) -> None:
        self.schedule.spawn(f"{name}-{len(self.schedule.actors)}", work)

    def _before_call(self, operation: str) -> None:
        self.schedule.pause_before(operation)
        self._calls[operation] += 1
        if self._fault == Fault(operation, self._calls[operation]):
            self.failed = self._fault
            raise TransientServiceError(operation, "InternalServerError")

    # Results

    def final_messages(self, connection_id: str) -> list[str]:
        """Return the types of the final messages that a connection received."""
        types = [json.loads(data)["type"] for data in self.world.sockets.received.get(connection_id, ())]
        return [type_ for type_ in types if type_ in FINAL_TYPES.values()]

    def was_notified(self, name: str) -> bool:
        """Return True if a client that stays has received a final message on one of its sockets."""
        return any(self.final_messages(connection_id) for connection_id, owner in self._owner.items() if owner == name)

    def staying_clients(self) -> set[str]:
        """Return the names of the clients that stay."""
        return set(self._owner.values())
