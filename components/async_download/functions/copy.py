"""Lambda function `copy`: copies a file, or plans the slices of a large one."""

from async_download.functions import environment, permissions
from async_download.functions.definition import Environment, FunctionDefinition
from async_download.resources import Resources
from async_download.statements import Statement, allow, origin_secrets


def _environment(resources: Resources) -> Environment:
    settings = resources.settings
    reuse = {"REUSE_SECONDS": str(settings.copying.reuse_seconds)} if resources.copies_table else {}
    return {
        "DOWNLOADS_TABLE": resources.downloads_table.name,
        "FAN_OUT_BYTES": str(settings.copying.slice_threshold_mb * 10**6),
        **environment.copying(resources),
        **environment.max_file_bytes(resources),
        **environment.copies_table(resources),
        **reuse,
    }


def _statements(resources: Resources) -> list[Statement]:
    copies = resources.copies_table
    return [
        permissions.downloads(resources),
        permissions.objects(
            resources, "AbortMultipartUpload", "DeleteObject", "GetObject", "ListMultipartUploadParts", "PutObject"
        ),
        permissions.list_copies(resources),
        *origin_secrets(resources.origin_secret_arns),
        permissions.post(resources),  # progress
        *([allow("Copies", ["dynamodb:GetItem", "dynamodb:UpdateItem"], copies.arn)] if copies else []),
    ]


COPY = FunctionDefinition(
    description="Copies a file from its origin to the bucket and verifies it.",
    environment=_environment,
    statements=_statements,
    publish=True,
    reads_origins=True,
    timeout_seconds=900,
    copies=True,
    reserved_concurrency=lambda settings: settings.copying.reserved_concurrency,
)
