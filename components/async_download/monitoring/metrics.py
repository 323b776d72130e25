"""Metrics of AWS for the resources of a component. Pure functions.

AWS has each metric for certain sets of dimensions only: an alarm on another set never gets data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from async_download.functions import ALL_FUNCTIONS, FUNCTIONS
from async_download.names import FunctionName
from async_download.resources import NamedResource, Resources
from async_download.settings import Settings
from async_download.workflow import transfer

NAMESPACE = "AsyncDownload"
"""Namespace of the metrics that the functions count, with `observability.metrics`."""
OUR_FAULTS = ("internal", "service")
"""Values of the dimension `Fault` of failures that the operator of the stack has to act on."""

WORKFLOW_FUNCTIONS: tuple[FunctionName, ...] = (*transfer.FUNCTIONS, "close")
"""Functions that the state machines invoke; the APIs invoke the others."""


@dataclass(frozen=True)
class Metric:
    """A metric of CloudWatch and the statistic to read of it."""

    namespace: str
    name: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Sum"


def api_functions(settings: Settings) -> list[FunctionName]:
    """Return the functions that the APIs invoke."""
    names = ALL_FUNCTIONS if settings.api.web_page else FUNCTIONS
    return [name for name in names if name not in WORKFLOW_FUNCTIONS]


def async_functions() -> list[FunctionName]:
    """Return the functions that are invoked asynchronously, whose failed calls go to the dead-letter queue."""
    return [name for name, definition in FUNCTIONS.items() if definition.async_calls is not None]


def of_functions(
    resources: Resources, functions: Sequence[FunctionName], name: str, statistic: str = "Sum"
) -> list[Metric]:
    """Return a metric of several functions."""
    return [
        Metric("AWS/Lambda", name, {"FunctionName": resources.function(function).name}, statistic)
        for function in functions
    ]


def of_queue(resources: Resources, name: str) -> Metric:
    """Return a metric of the dead-letter queue: of its messages or their age, the maximum."""
    return Metric("AWS/SQS", name, {"QueueName": resources.dead_letter_queue.name}, "Maximum")


def of_executions(machine: NamedResource, name: str, statistic: str = "Sum") -> Metric:
    """Return a metric of the executions of a state machine."""
    return Metric("AWS/States", name, {"StateMachineArn": machine.arn}, statistic)


def of_rest_stage(resources: Resources, name: str, statistic: str = "Sum") -> Metric:
    """Return a metric of the stage of the REST API, which CloudWatch knows by the name of the API."""
    stage = {"ApiName": resources.rest_api_name, "Stage": resources.settings.api.stage_name}
    return Metric("AWS/ApiGateway", name, stage, statistic)


def of_socket_stage(resources: Resources, name: str) -> Metric:
    """Return a metric of the stage of the WebSocket API, which CloudWatch knows by the id of the API."""
    stage = {"ApiId": resources.socket_api_id, "Stage": resources.settings.api.stage_name}
    return Metric("AWS/ApiGateway", name, stage)


def of_tables(resources: Resources, name: str) -> list[Metric]:
    """Return a metric of all tables."""
    tables = (resources.downloads_table, resources.connections_table, resources.copies_table)
    return [Metric("AWS/DynamoDB", name, {"TableName": table.name}) for table in tables if table]


def of_rule(resources: Resources, part: str, name: str) -> Metric:
    """Return a metric of a rule of the default event bus."""
    return Metric("AWS/Events", name, {"RuleName": resources.rule(part).name})


def of_downloads(resources: Resources, name: str, statistic: str = "Sum", *, fault: str = "") -> Metric:
    """Return a metric that the functions count; of failures, those of one fault."""
    dimensions = {"Stack": resources.settings.name_prefix} | ({"Fault": fault} if fault else {})
    return Metric(NAMESPACE, name, dimensions, statistic)
