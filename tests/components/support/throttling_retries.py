"""Bounds of the time for which a state machine retries a throttled function, computed from its definition."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from tests.components.support.service_permissions import states

THROTTLED = "Lambda.TooManyRequestsException"
MIN_WAIT_SECONDS = 3600
DEVIATIONS = 6  # standard deviations of the total delay: one execution in 10^9 waits less
HISTORY_EVENTS = 25_000
EVENTS_OF_ATTEMPT = 3  # scheduled, started, failed
Rule = dict[str, Any]


class ShortRetriesError(AssertionError):
    """A task of a Standard execution retries a throttled function for too short a time."""


def delays(rule: Rule) -> list[float]:
    """Return the maximum delay before each retry, in seconds."""
    interval, rate = rule.get("IntervalSeconds", 1), rule.get("BackoffRate", 2.0)
    ceiling = rule.get("MaxDelaySeconds", math.inf)
    return [min(interval * rate**attempt, ceiling) for attempt in range(rule.get("MaxAttempts", 3))]


def min_wait(rule: Rule) -> float:
    """Return the minimum total delay of all retries in seconds; with jitter each delay is random."""
    longest = delays(rule)
    if rule.get("JitterStrategy", "NONE") == "NONE":
        return sum(longest)
    return sum(longest) / 2 - DEVIATIONS * math.sqrt(sum(delay**2 for delay in longest) / 12)


def rule_for(error: str, state: dict[str, Any]) -> Rule | None:
    """Return the rule that Step Functions applies: the first that names the error, or all errors."""
    for rule in state.get("Retry", ()):
        if {error, "States.ALL", "States.TaskFailed"} & set(rule["ErrorEquals"]):
            matching: Rule = rule
            return matching
    return None


def standard_tasks(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the tasks that call a function, except those of Express children, which end after five minutes."""
    express = {
        child
        for _, state in states(machine)
        if state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("ExecutionType") == "EXPRESS"
        for child, _ in states(state["ItemProcessor"])
    }
    for name, state in states(machine):
        if "FunctionName" in state.get("Parameters", {}) and name not in express:
            yield name, state


def check_throttling_retries(machine: dict[str, Any]) -> None:
    """Require that every task of Standard executions retries a throttled function for an hour or more.

    Raises:
        ShortRetriesError: names the task and its retries.
    """
    for name, state in standard_tasks(machine):
        rule = rule_for(THROTTLED, state)
        if rule is None:
            raise ShortRetriesError(f"{name} does not retry a throttled function.")
        if rule["ErrorEquals"] != [THROTTLED]:
            raise ShortRetriesError(f"{name} retries a throttled function like {rule['ErrorEquals']}.")
        if not rule.get("MaxDelaySeconds", math.inf) <= 120:
            raise ShortRetriesError(f"{name} waits between retries for up to {rule.get('MaxDelaySeconds')} s.")
        if (least := min_wait(rule)) < MIN_WAIT_SECONDS:
            raise ShortRetriesError(f"{name} stops retrying a throttled function after {least:.0f} s.")
        if rule["MaxAttempts"] * EVENTS_OF_ATTEMPT > HISTORY_EVENTS / 2:
            raise ShortRetriesError(f"{name} fills the history of its execution with {rule['MaxAttempts']} retries.")
