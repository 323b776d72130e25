"""Lambda function `fail`: ends a download that failed or was cancelled, and cleans up after it."""

from async_download.functions import environment, permissions
from async_download.functions.definition import AsyncCalls, Environment, FunctionDefinition
from async_download.resources import Resources
from async_download.statements import Statement, allow


def _environment(resources: Resources) -> Environment:
    return {
        "DOWNLOADS_TABLE": resources.downloads_table.name,
        **environment.bucket(resources),
        **environment.end_of_download(resources),
        **({"EVENT_BUS_ARN": resources.event_bus_arn} if resources.event_bus_arn else {}),
    }


def _statements(resources: Resources) -> list[Statement]:
    return [
        permissions.downloads(resources),
        permissions.remove_connections(resources),
        permissions.objects(resources, "AbortMultipartUpload", "DeleteObject", "GetObject", "ListMultipartUploadParts"),
        permissions.list_copies(resources),
        *permissions.end_of_download(resources, "dynamodb:DeleteItem"),
        *([allow("Events", "events:PutEvents", resources.event_bus_arn)] if resources.event_bus_arn else []),
    ]


FAIL = FunctionDefinition(
    description="Marks a download as failed, removes its unfinished upload, notifies its sockets.",
    environment=_environment,
    statements=_statements,
    publish=True,
    timeout_seconds=60,
    async_calls=AsyncCalls(6 * 3600, 2),  # safe at any age, and throttled calls wait as long
)
