"""Lambda function `deliver`: sends the end of a download to its sockets."""

from async_download.functions import environment, permissions
from async_download.functions.definition import LATENCY_MB, AsyncCalls, Environment, FunctionDefinition
from async_download.resources import Resources
from async_download.statements import Statement


def _environment(resources: Resources) -> Environment:
    return {
        "DOWNLOADS_TABLE": resources.downloads_table.name,
        **environment.end_of_download(resources),
        **environment.signer(resources),
        **({"FAIL_FUNCTION": resources.function("fail").name} if resources.event_bus_arn else {}),
    }


def _statements(resources: Resources) -> list[Statement]:
    return [
        permissions.downloads(resources),
        permissions.remove_connections(resources),
        permissions.sign(resources),
        *permissions.end_of_download(resources, "dynamodb:UpdateItem"),
        *([permissions.invoke_fail(resources)] if resources.event_bus_arn else []),  # it sends the event
    ]


DELIVER = FunctionDefinition(
    description="Notifies the sockets of a download that it has ended.",
    environment=_environment,
    statements=_statements,
    publish=True,
    timeout_seconds=60,
    memory_mb=LATENCY_MB,
    async_calls=AsyncCalls(180, 1),  # a client that has waited longer asks for the status itself
)
