"""Step Functions, waiting tasks, other Lambda functions, and the idle closer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from runtime.errors import ExecutionExistsError

STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:files"


class FakeExecutions:
    """The state machine; execution names stay taken, as on AWS."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.started: list[str] = []
        self.stopped: list[str] = []
        self.status_requests: list[str] = []
        self.on_stop: Callable[[], None] = lambda: None
        self.error: Exception | None = None

    def start(self, download_id: str) -> None:
        if self.error:
            raise self.error
        arn = f"{STATE_MACHINE.replace(':stateMachine:', ':execution:')}:{download_id}"
        if arn in self.statuses:
            raise ExecutionExistsError(download_id)
        self.statuses[arn] = "RUNNING"
        self.started.append(download_id)

    def stop(self, execution_arn: str) -> None:
        self.stopped.append(execution_arn)
        self.statuses[execution_arn] = "ABORTED"
        self.on_stop()

    def status(self, execution_arn: str) -> str | None:
        self.status_requests.append(execution_arn)
        if self.error:
            raise self.error
        return self.statuses.get(execution_arn)


@dataclass
class FakeTasks:
    """Tasks that wait for a token."""

    resumed: list[str] = field(default_factory=list)
    error: Exception | None = None

    def resume(self, token: str) -> None:
        if self.error:
            raise self.error
        self.resumed.append(token)


@dataclass
class FakeFunctions:
    """Other Lambda functions; `started` holds the asynchronous calls."""

    started: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    before_call: Callable[[str], None] = lambda _operation: None
    run: Callable[[str, Mapping[str, object]], None] = lambda _function, _payload: None

    def start(self, function: str, payload: Mapping[str, object]) -> None:
        self.before_call("functions.start")
        self.started.append((function, payload))
        self.run(function, payload)


@dataclass
class FakeIdleCloser:
    """The idle closer: `started` holds its inputs; `after_start` is called with each."""

    started: list[tuple[str, list[str], float]] = field(default_factory=list)
    error: Exception | None = None
    before_call: Callable[[str], None] = lambda _operation: None
    after_start: Callable[[str, list[str], float], None] = lambda _arn, _ids, _since: None

    def start(self, execution_arn: str, connection_ids: Sequence[str], *, since: float) -> None:
        self.before_call("idle_closer.start")
        if self.error:
            raise self.error
        self.started.append((execution_arn, list(connection_ids), since))
        self.after_start(execution_arn, list(connection_ids), since)
