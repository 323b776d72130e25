"""Alarms of the component, each with the metrics that it watches. Pure.

CloudWatch charges for the metrics of an alarm, not for alarms: one alarm for all functions of an API costs as much as
one for each, and sends one message where a failing table makes every function fail. An alarm takes ten metrics at most,
so the functions of the APIs and those of the state machines have alarms of their own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from async_download.monitoring import metrics
from async_download.monitoring.metrics import WORKFLOW_FUNCTIONS, Metric
from async_download.resources import Resources
from async_download.settings.alarms import Alarms
from async_download.workflow.status_events import CLOSE_FAILED, UNCAUGHT

PAGE = "docs/operations.md"
TOTAL = "SUM(FILL(METRICS(), 0))"
"""Sum of all metrics of an alarm.

AWS sends no data where nothing happened. A sum has a value only where each of its metrics has one, and alarms on
metrics of DynamoDB alone never leave ALARM without data; so missing data is filled with 0. A metric may arrive late and
is 0 until then, so these alarms look at more periods than they need.
"""
MIN_EXECUTIONS = 10
ENDED = "(FILL(m1, 0) + FILL(m2, 0))"
FAILED_PERCENT = f"100 * IF({ENDED} >= {MIN_EXECUTIONS}, FILL(m1, 0), 0) / IF({ENDED} > 0, {ENDED}, 1)"
HOUR = 3600


@dataclass(frozen=True)
class Evaluation:
    """Alarm when the threshold is reached in `datapoints` of the last `periods`, each of so many `seconds`."""

    seconds: int
    datapoints: int
    periods: int


ONCE = Evaluation(300, 1, 3)
"""For events that each need a look: the alarm stays for a quarter of an hour."""
SUSTAINED = Evaluation(300, 3, 4)
"""For errors that are retried: a short disturbance raises no alarm."""
LEVEL = Evaluation(300, 1, 1)
"""For levels, which stay until somebody acts."""
HOURLY = Evaluation(HOUR, 1, 1)


@dataclass(frozen=True)
class Alarm:
    """An alarm, by its name without the prefix of the stack."""

    name: str
    event: str
    """Sentence that says what happened."""
    threshold: Callable[[Alarms], int]
    """Returns the lowest value that raises it; 0 for no alarm."""
    metrics: Callable[[Resources], Sequence[Metric]]
    """Returns the metrics that it watches: a single one without an expression."""
    evaluation: Evaluation = ONCE
    expression: str = ""
    missing_data: str = "notBreaching"

    @property
    def part(self) -> str:
        """Return the last part of its names in the stack and in AWS, and its anchor in the documentation."""
        return f"alarm-{self.name}"

    @property
    def description(self) -> str:
        """Return what happened, and where to read on."""
        return f"{self.event} See {PAGE}#{self.part}"


ALARMS: tuple[Alarm, ...] = (
    Alarm(
        "dead-letters",
        "The dead-letter queue holds messages: events or calls that failed in spite of all retries.",
        lambda alarms: alarms.dead_letters,
        lambda resources: [metrics.of_queue(resources, "ApproximateNumberOfMessagesVisible")],
        LEVEL,
        missing_data="ignore",  # SQS sends no data for an idle queue: the state stays until it does
    ),
    Alarm(
        "dead-letter-age",
        "A message in the dead-letter queue has not been handled; SQS deletes it after 14 days.",
        lambda alarms: alarms.dead_letter_hours * HOUR,
        lambda resources: [metrics.of_queue(resources, "ApproximateAgeOfOldestMessage")],
        LEVEL,
    ),
    Alarm(
        "api-errors",
        "Functions of the REST and WebSocket APIs keep crashing or timing out.",
        lambda alarms: alarms.function_errors,
        lambda resources: metrics.of_functions(resources, metrics.api_functions(resources.settings), "Errors"),
        SUSTAINED,
        TOTAL,
    ),
    Alarm(
        "workflow-errors",
        "Functions of the state machines keep failing.",
        lambda alarms: alarms.function_errors,
        lambda resources: metrics.of_functions(resources, WORKFLOW_FUNCTIONS, "Errors"),
        SUSTAINED,
        TOTAL,
    ),
    Alarm(
        "api-throttles",
        "Lambda keeps throttling functions of the REST and WebSocket APIs: clients are refused.",
        lambda alarms: alarms.function_throttles,
        lambda resources: metrics.of_functions(resources, metrics.api_functions(resources.settings), "Throttles"),
        SUSTAINED,
        TOTAL,
    ),
    Alarm(
        "workflow-throttles",
        "Lambda keeps throttling functions of the state machines: downloads queue.",
        lambda alarms: alarms.function_throttles,
        lambda resources: metrics.of_functions(resources, WORKFLOW_FUNCTIONS, "Throttles"),
        SUSTAINED,
        TOTAL,
    ),
    Alarm(
        "dropped-calls",
        "Lambda gave up asynchronous calls of fail or deliver.",
        lambda alarms: alarms.dropped_calls,
        lambda resources: metrics.of_functions(resources, metrics.async_functions(), "AsyncEventsDropped"),
        ONCE,
        TOTAL,
    ),
    Alarm(
        "timed-out-executions",
        "Downloads did not end within retention.downloadExpiresSeconds.",
        lambda alarms: alarms.timed_out_executions,
        lambda resources: [metrics.of_executions(resources.transfer_machine, "ExecutionsTimedOut")],
    ),
    Alarm(
        "failed-executions",
        "Most downloads of an hour failed.",
        lambda alarms: alarms.failed_executions_percent,
        lambda resources: [
            metrics.of_executions(resources.transfer_machine, name)
            for name in ("ExecutionsFailed", "ExecutionsSucceeded")
        ],
        HOURLY,
        FAILED_PERCENT,
    ),
    Alarm(
        "failed-downloads",
        "Downloads failed through this stack or a service of AWS, not through an origin or a caller.",
        lambda alarms: alarms.failed_downloads,
        lambda resources: [
            metrics.of_downloads(resources, "DownloadsFailed", fault=fault) for fault in metrics.OUR_FAULTS
        ],
        ONCE,
        TOTAL,
    ),
    Alarm(
        "missed-messages",
        "Connected clients keep missing messages, because API Gateway throttles or refuses them.",
        lambda alarms: alarms.missed_messages,
        lambda resources: [metrics.of_downloads(resources, "PushesGivenUp")],
        SUSTAINED,
    ),
    Alarm(
        "rest-server-errors",
        "The REST API answered with 5xx.",
        lambda alarms: alarms.rest_server_errors,
        lambda resources: [metrics.of_rest_stage(resources, "5XXError")],
    ),
    Alarm(
        "websocket-execution-errors",
        "The WebSocket API could not call its functions.",
        lambda alarms: alarms.websocket_execution_errors,
        lambda resources: [metrics.of_socket_stage(resources, "ExecutionError")],
    ),
    Alarm(
        "websocket-integration-errors",
        "Functions of the WebSocket API refused connections, or failed.",
        lambda alarms: alarms.websocket_integration_errors,
        lambda resources: [metrics.of_socket_stage(resources, "IntegrationError")],
    ),
    Alarm(
        "table-throttles",
        "DynamoDB keeps throttling requests to the tables.",
        lambda alarms: alarms.table_throttles,
        lambda resources: [
            metric
            for name in ("ReadThrottleEvents", "WriteThrottleEvents")
            for metric in metrics.of_tables(resources, name)
        ],
        SUSTAINED,
        TOTAL,
    ),
    Alarm(
        "failed-events",
        "EventBridge could not deliver the events of executions that ended.",
        lambda alarms: alarms.failed_events,
        lambda resources: [
            metrics.of_rule(resources, UNCAUGHT, "FailedInvocations"),
            metrics.of_rule(resources, UNCAUGHT, "InvocationsFailedToBeSentToDlq"),
            metrics.of_rule(resources, CLOSE_FAILED, "FailedInvocations"),
        ],
        ONCE,
        TOTAL,
    ),
    Alarm(
        "idle-closer-failures",
        "Idle WebSockets could not be closed.",
        lambda alarms: alarms.idle_closer_failures,
        lambda resources: [
            metrics.of_executions(resources.idle_closer_machine, name)
            for name in ("ExecutionsFailed", "ExecutionsTimedOut")
        ],
        ONCE,
        TOTAL,
    ),
)
"""All alarms of a stack, in the order of the documentation."""


def enabled_alarms(settings: Alarms) -> list[Alarm]:
    """Return the alarms whose threshold is not 0; none without a topic."""
    return [alarm for alarm in ALARMS if alarm.threshold(settings)] if settings.topic_arn is not None else []
