"""Alarms of CloudWatch."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi

from async_download.settings.setting import Group, computed_text, number

TOPIC_NAME = r"[A-Za-z0-9_-]{1,256}"
TOPIC_ARN = rf"arn:[a-z-]+:sns:[a-z0-9-]+:\d{{12}}:{TOPIC_NAME}"
MAX_COUNT = 1_000_000
QUEUE_HOURS = 13 * 24  # a message is lost after 14 days

COUNTED = ("failed_downloads", "missed_messages")
"""Thresholds of metrics that the functions count, with `observability.metrics`."""

_threshold = partial(number, zero="no alarm")


def _count(default: int, description: str) -> Any:
    return _threshold(default, 1, MAX_COUNT, description)


@dataclass(frozen=True)
class Alarms(Group):
    """Alarms of CloudWatch: none without a topic. Each number is the lowest that raises its alarm."""

    topic_arn: pulumi.Input[str] | None = computed_text(
        TOPIC_ARN,
        "the ARN of a standard SNS topic, arn:aws:sns:{region}:{account}:{name}; not of a FIFO topic",
        "ARN of the SNS topic, in the stack's region, that gets a message when an alarm goes to ALARM or OK.",
        unset="no alarms",
    )
    dead_letters: int = _count(1, "Messages in the dead-letter queue.")
    dead_letter_hours: int = _threshold(24, 1, QUEUE_HOURS, "Hours that a message has been in the dead-letter queue.")
    function_errors: int = _count(
        1, "Errors of the functions in five minutes, in three out of four such periods; single errors are retried."
    )
    function_throttles: int = _count(
        10, "Throttled calls of the functions in five minutes, in three out of four such periods."
    )
    dropped_calls: int = _count(1, "Asynchronous calls of functions that Lambda gave up, in five minutes.")
    timed_out_executions: int = _count(1, "Executions of the copying state machine that timed out, in five minutes.")
    failed_executions_percent: int = _threshold(
        50, 1, 100, "Percent of at least ten executions of an hour that failed, for whatever reason."
    )
    failed_downloads: int = _count(
        1, "Downloads that failed through this stack or a service of AWS, not an origin or a caller, in five minutes."
    )
    missed_messages: int = _count(
        10,
        "Messages that connected clients missed because API Gateway throttled or refused them, in five minutes, in "
        "three out of four such periods.",
    )
    rest_server_errors: int = _count(5, "Answers of the REST API with a status of 5xx, in five minutes.")
    websocket_execution_errors: int = _count(
        5, "Calls of functions that the WebSocket API could not make, in five minutes."
    )
    websocket_integration_errors: int = _count(
        100, "Connections and messages that functions refused or failed at, in five minutes. Wrong tickets count."
    )
    table_throttles: int = _count(
        10, "Throttled reads and writes of the tables in five minutes, in three out of four such periods."
    )
    failed_events: int = _count(1, "Events of executions that EventBridge could not deliver, in five minutes.")
    idle_closer_failures: int = _count(1, "Executions that failed to close idle WebSockets, in five minutes.")
