"""`drain`: stops new requests and waits until no execution runs; `drain --undo` accepts requests again.

Requests are stopped by a reserved concurrency of 0 of `request_download`: API Gateway then answers 503 UNAVAILABLE with
Retry-After. A tag of the function remembers its former reserved concurrency. The tag is written first, so that an
interruption between the two calls loses nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from async_download_admin.commands import Result
from async_download_admin.errors import AwsCallError, WaitTimeoutError
from async_download_admin.executions import count_running
from async_download_admin.stack import Stack

TAG = "async-download:drain"
UNRESERVED = "none"
_POLL_SECONDS = 5.0
_RESTORE_BY_HAND = "`pulumi up --refresh` restores what the program says"


@dataclass(frozen=True)
class Clock:
    """Seconds that pass, and the wait between two polls; tests replace it."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Drain:
    """The function `request_download`, and what is waited for."""

    stack: Stack
    report: Callable[[str], None]
    clock: Clock = Clock()

    def run(self, timeout: float, *, before_destroy: bool = False) -> Result:
        """Stop requests and wait, at most `timeout` seconds, until no download runs.

        With `before_destroy`, also until no execution waits for idle WebSockets.

        Raises:
            WaitTimeoutError: executions still run; requests stay stopped.
        """
        former = self._stop_requests()
        started = self.clock.now()
        machines = self.stack.outputs.machine_arns if before_destroy else self.stack.outputs.machine_arns[:1]
        self._wait(machines, started, timeout)
        seconds = round(self.clock.now() - started, 1)
        content = {"isDrained": True, "formerConcurrency": _number(former), "seconds": seconds}
        return Result(content, "No execution runs, and requests are stopped. `drain --undo` accepts them again.")

    def undo(self) -> Result:
        """Restore the reserved concurrency that the tag remembers, and remove the tag. A second call does nothing."""
        current, former = self._concurrency(), self._tags().get(TAG)
        if former is None:
            if current == 0:
                raise AwsCallError(
                    "Requests are stopped, but not by `drain`: the reserved concurrency of request_download is 0, and "
                    f"what it was is not recorded. {_RESTORE_BY_HAND}.",
                    "NotDrained",
                )
            return Result({"isDrained": False, "concurrency": current}, "Requests are accepted; nothing to undo.")
        if current == 0:
            self._restore(former)
            current = _number(former)
        self.stack.call("lambda", "UntagResource", Resource=self._arn, TagKeys=[TAG])
        text = "the account's unreserved concurrency" if current is None else f"a reserved concurrency of {current}"
        return Result({"isDrained": False, "concurrency": current}, f"Requests are accepted again, with {text}.")

    def _stop_requests(self) -> str:
        """Set the reserved concurrency to 0 and return what it was before the first drain.

        A tag beside another concurrency than 0 is that of an interrupted drain, or somebody has set the concurrency
        since: what is set now is then remembered.
        """
        current, tag = self._concurrency(), self._tags().get(TAG)
        if current == 0 and tag is None:
            self.report(f"Requests were stopped already, and not by `drain`: `--undo` cannot; {_RESTORE_BY_HAND}.")
            return UNRESERVED
        if current == 0 and tag is not None:
            return tag
        former = UNRESERVED if current is None else str(current)
        self.stack.call("lambda", "TagResource", Resource=self._arn, Tags={TAG: former})
        self._put(0)
        self.report("Requests are stopped: they get 503 with Retry-After.")
        return former

    def _wait(self, machines: tuple[str, ...], started: float, timeout: float) -> None:
        """Wait until no execution runs, and no call of `request_download` is left that could start one."""
        configuration = self.stack.call("lambda", "GetFunctionConfiguration", FunctionName=self._name)
        calls_end_at = started + float(configuration.get("Timeout", 0))
        reported = None
        while True:
            is_last_count = self.clock.now() >= calls_end_at  # before the executions are counted
            running = sum(count_running(self.stack, machine) for machine in machines)
            if not running and is_last_count:
                return
            left = started + timeout - self.clock.now()
            if left <= 0:
                raise WaitTimeoutError(
                    f"{running} executions still run after {timeout:g} s. Requests stay stopped: run `drain` again to "
                    "wait on, `list --running` to see them, `cancel` to end one, or `drain --undo`."
                )
            if running != reported:
                self.report(f"{running} executions run" if running else "Waiting for calls that were accepted before")
                reported = running
            self.clock.sleep(min(_POLL_SECONDS, left))

    def _restore(self, former: str) -> None:
        number = _number(former)
        if number is None:
            self.stack.call("lambda", "DeleteFunctionConcurrency", FunctionName=self._name)
            return
        try:
            self._put(number)
        except AwsCallError as error:
            raise AwsCallError(
                f"The former reserved concurrency of {number} cannot be set: {error} Free concurrency of other "
                "functions and run `drain --undo` again; what it was stays recorded.",
                error.aws_code,
            ) from None

    def _put(self, executions: int) -> None:
        self.stack.call(
            "lambda", "PutFunctionConcurrency", FunctionName=self._name, ReservedConcurrentExecutions=executions
        )

    def _concurrency(self) -> int | None:
        """Return the reserved concurrency; None without one."""
        response = self.stack.call("lambda", "GetFunctionConcurrency", FunctionName=self._name)
        value = response.get("ReservedConcurrentExecutions")
        return None if value is None else int(value)

    def _tags(self) -> dict[str, str]:
        response = self.stack.call("lambda", "ListTags", Resource=self._arn)
        return dict(response.get("Tags", {}))

    @property
    def _name(self) -> str:
        return self.stack.outputs.function_names["request_download"]

    @property
    def _arn(self) -> str:
        return self.stack.outputs.arn("lambda", f"function:{self._name}")


def _number(former: str) -> int | None:
    """Return the reserved concurrency in a tag; None for an unreserved function, or a tag that somebody changed."""
    return int(former) if former.isascii() and former.isdigit() and int(former) > 0 else None
