"""Follows a local stack: the observer's records, logs of functions and histories of executions."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.activity import Line, of_client, of_execution, of_function
from localcloud.stack import LocalStack

_TICK_SECONDS = 0.25
_AWAKE_SECONDS = 10.0
"""How long after something was seen logs and executions are asked for; nothing happens without a client."""

_LATE_MILLISECONDS = 2000


class Watch:
    """Calls `show` with each line, in a thread of its own; a context manager."""

    def __init__(self, stack: LocalStack, show: Callable[[Line], None]) -> None:
        self._show = show
        self._clients = _ClientTail(stack.emulator.events_path)
        self._functions = _FunctionTail(stack)
        self._executions = _ExecutionTail(stack)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        awake_until = 0.0
        while not self._stop.wait(_TICK_SECONDS):
            lines = list(self._clients.read())
            if lines:
                awake_until = time.monotonic() + _AWAKE_SECONDS
            if time.monotonic() < awake_until or self._executions.running:
                try:
                    lines += [*self._functions.read(), *self._executions.read()]
                except (BotoCoreError, ClientError):  # the emulator has ended, which its owner reports
                    continue
            for line in sorted(lines, key=lambda line: line.time):
                self._show(line)


class _ClientTail:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> Iterator[Line]:
        """Yield the records since the last call; an incomplete line waits for the next call."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._offset += len(line)
                yield of_client(json.loads(line))


class _FunctionTail:
    def __init__(self, stack: LocalStack) -> None:
        self._logs = stack.client("logs")
        names: dict[str, str] = stack.outputs["functionNames"]
        folder = stack.outputs.get("logGroupPrefix") or "/aws/lambda"
        self._groups = {key: f"{folder}/{name}" for key, name in names.items()}
        self._newest = dict.fromkeys(names, int(time.time() * 1000))
        self._shown_events: dict[tuple[str, str], int] = {}

    def read(self) -> Iterator[Line]:
        """Yield log lines of functions since the last call; events of several streams may come late."""
        for key, group in self._groups.items():
            for event in self._events(group, self._newest[key] - _LATE_MILLISECONDS):
                mark, stamp = (event["logStreamName"], event["message"]), event["timestamp"]
                self._newest[key] = max(self._newest[key], stamp)
                if mark not in self._shown_events:
                    self._shown_events[mark] = stamp
                    if line := of_function(key, stamp, event["message"]):
                        yield line
        forgotten = min(self._newest.values()) - _LATE_MILLISECONDS
        self._shown_events = {mark: stamp for mark, stamp in self._shown_events.items() if stamp >= forgotten}

    def _events(self, group: str, since: int) -> Iterator[dict[str, Any]]:
        for page in self._logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since):
            yield from page["events"]


class _ExecutionTail:
    def __init__(self, stack: LocalStack) -> None:
        self._states = stack.client("stepfunctions")
        self._machine = stack.outputs["stateMachineArn"]
        self._shown: dict[str, int] = {}
        self._over: set[str] = set()
        self.running = False

    def read(self) -> Iterator[Line]:
        """Yield events since the last call of executions that had not ended then."""
        executions = self._states.list_executions(stateMachineArn=self._machine, maxResults=50)["executions"]
        self.running = any(execution["status"] == "RUNNING" for execution in executions)
        for execution in executions:
            arn = execution["executionArn"]
            if arn in self._over:
                continue
            for event in self._history(arn):
                self._shown[arn] = event["id"]
                if line := of_execution(execution["name"], event):
                    yield line
            if execution["status"] != "RUNNING":
                self._over.add(arn)

    def _history(self, arn: str) -> Iterator[dict[str, Any]]:
        shown = self._shown.get(arn, 0)
        for page in self._states.get_paginator("get_execution_history").paginate(executionArn=arn):
            yield from (event for event in page["events"] if event["id"] > shown)
