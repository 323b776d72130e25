"""Lambda function `copy_slice`: copies some parts of a large file."""

from async_download.functions import environment, permissions
from async_download.functions.definition import Environment, FunctionDefinition
from async_download.resources import Resources
from async_download.statements import Statement, origin_secrets


def _environment(resources: Resources) -> Environment:
    return {
        "COPY_CONCURRENCY": str(resources.settings.copying.concurrency),
        "DOWNLOADS_TABLE": resources.downloads_table.name,
        **environment.copying(resources),
    }


def _statements(resources: Resources) -> list[Statement]:
    return [
        permissions.downloads(resources),
        permissions.objects(resources, "ListMultipartUploadParts", "PutObject"),
        *origin_secrets(resources.origin_secret_arns),
        permissions.post(resources),  # progress
    ]


COPY_SLICE = FunctionDefinition(
    description="Copies one slice of a large file.",
    environment=_environment,
    statements=_statements,
    publish=True,
    reads_origins=True,
    timeout_seconds=150,  # two workers, one after the other, fit in the five minutes of an Express execution
    copies=True,
    reserved_concurrency=lambda settings: settings.copying.slice_reserved_concurrency,
)
