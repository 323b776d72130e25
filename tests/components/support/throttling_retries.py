"""How long a state machine waits for a throttled function, bounded from below and above, read from its definition."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from tests.components.support.service_permissions import states

THROTTLED = "Lambda.TooManyRequestsException"
PATIENCE_SECONDS = 3600
DEVIATIONS = 6  # of a sum of random delays: one execution in a thousand million waits less than the bound
HISTORY_EVENTS = 25_000
EVENTS_OF_ATTEMPT = 3  # scheduled, started, failed
Rule = dict[str, Any]


class ImpatientError(AssertionError):
    """A task of a Standard execution gives a throttled function up too soon."""


def delays(rule: Rule) -> list[float]:
    """Return the longest delay before each retry, in seconds."""
    interval, rate = rule.get("IntervalSeconds", 1), rule.get("BackoffRate", 2.0)
    ceiling = rule.get("MaxDelaySeconds", math.inf)
    return [min(interval * rate**attempt, ceiling) for attempt in range(rule.get("MaxAttempts", 3))]


def least_wait(rule: Rule) -> float:
    """Return how many seconds all retries wait at least; with jitter each delay is random from 0 to its length."""
    longest = delays(rule)
    if rule.get("JitterStrategy", "NONE") == "NONE":
        return sum(longest)
    return sum(longest) / 2 - DEVIATIONS * math.sqrt(sum(delay**2 for delay in longest) / 12)


def rule_for(error: str, state: dict[str, Any]) -> Rule | None:
    """Return the rule that Step Functions applies: the first that names the error, or all errors."""
    for rule in state.get("Retry", ()):
        if {error, "States.ALL", "States.TaskFailed"} & set(rule["ErrorEquals"]):
            found: Rule = rule
            return found
    return None


def standard_tasks(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the tasks that call a function, but those of Express children, which end after five minutes."""
    express = {
        child
        for _, state in states(machine)
        if state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("ExecutionType") == "EXPRESS"
        for child, _ in states(state["ItemProcessor"])
    }
    for name, state in states(machine):
        if "FunctionName" in state.get("Parameters", {}) and name not in express:
            yield name, state


def check_patience(machine: dict[str, Any]) -> None:
    """Hold every task of Standard executions against an hour.

    Raises:
        ImpatientError: names the task and says what it does instead.
    """
    for name, state in standard_tasks(machine):
        rule = rule_for(THROTTLED, state)
        if rule is None:
            raise ImpatientError(f"{name} does not retry a throttled function.")
        if rule["ErrorEquals"] != [THROTTLED]:
            raise ImpatientError(f"{name} retries a throttled function like {rule['ErrorEquals']}.")
        if not rule.get("MaxDelaySeconds", math.inf) <= 120:
            raise ImpatientError(f"{name} lets capacity lie idle for up to {rule.get('MaxDelaySeconds')} s.")
        if (least := least_wait(rule)) < PATIENCE_SECONDS:
            raise ImpatientError(f"{name} gives a throttled function up after {least:.0f} s.")
        if rule["MaxAttempts"] * EVENTS_OF_ATTEMPT > HISTORY_EVENTS / 2:
            raise ImpatientError(f"{name} fills the history of its execution with {rule['MaxAttempts']} retries.")
