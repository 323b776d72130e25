"""Lambda function `complete`: completes the upload of a large file."""

from async_download.functions import environment, permissions
from async_download.functions.definition import Environment, FunctionDefinition
from async_download.resources import Resources
from async_download.statements import Statement


def _environment(resources: Resources) -> Environment:
    return {"DOWNLOADS_TABLE": resources.downloads_table.name, **environment.bucket(resources)}


def _statements(resources: Resources) -> list[Statement]:
    return [
        permissions.downloads(resources),
        # Aborts the upload after a conflict, and deletes the object of a download that was cancelled meanwhile.
        permissions.objects(
            resources, "AbortMultipartUpload", "DeleteObject", "GetObject", "ListMultipartUploadParts", "PutObject"
        ),
        permissions.list_copies(resources),
    ]


COMPLETE = FunctionDefinition(
    description="Completes and verifies the object of a large file.",
    environment=_environment,
    statements=_statements,
    publish=True,
    timeout_seconds=300,
)
