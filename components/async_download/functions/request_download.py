"""Lambda function `request_download`: accepts a download and starts its execution."""

from async_download.functions import environment
from async_download.functions.definition import LATENCY_MB, Environment, FunctionDefinition
from async_download.resources import Resources
from async_download.statements import Statement, allow, executions


def _environment(resources: Resources) -> Environment:
    return {
        "API_URL": resources.api_url,
        "DOWNLOADS_TABLE": resources.downloads_table.name,
        "DOWNLOAD_EXPIRES_SECONDS": str(resources.settings.retention.download_expires_seconds),
        "STATE_MACHINE_ARN": resources.transfer_machine.arn,
        "WEB_SOCKET_URL": resources.web_socket_url,
        **environment.caller_limits(resources),
        **environment.cors_origins(resources),
        **environment.max_file_bytes(resources),
        **environment.origins_file(),
    }


def _statements(resources: Resources) -> list[Statement]:
    machine = resources.transfer_machine.arn
    return [
        allow(
            "Downloads", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], resources.downloads_table.arn
        ),
        allow("Start", "states:StartExecution", machine),
        allow("Reconcile", "states:DescribeExecution", executions(machine)),
    ]


REQUEST_DOWNLOAD = FunctionDefinition(
    description="Accepts a download: stores it, starts its execution, returns a ticket.",
    environment=_environment,
    statements=_statements,
    reads_origins=True,
    memory_mb=LATENCY_MB,
    reserved_concurrency=lambda settings: settings.api.reserved_concurrency,
)
