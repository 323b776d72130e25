"""Environment variables that several functions share."""

import json

from async_download.functions.definition import Environment
from async_download.resources import Resources
from async_download.settings import origins

ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(1024**2)}
"""Makes the C library return large buffers to the system instead of keeping and splitting them."""


def metrics(resources: Resources) -> Environment:
    """Return the dimension `Stack` of the metrics that a function writes into its log; nothing without metrics."""
    return {"METRICS_STACK": resources.settings.name_prefix} if resources.settings.observability.metrics else {}


def origins_file() -> Environment:
    """Return the path of the origins in the archive of the function: they do not fit into its environment."""
    return {"ORIGINS_FILE": origins.FILE}


def max_file_bytes(resources: Resources) -> Environment:
    """Return the size of the largest file that is copied."""
    return {"MAX_FILE_BYTES": str(resources.settings.limits.max_file_mb * 10**6)}


def caller_limits(resources: Resources) -> Environment:
    """Return what one caller may have running at once and copy in a day."""
    settings = resources.settings
    return {
        "DAILY_BYTES_PER_CALLER": str(settings.limits.daily_mb_per_caller * 10**6),
        "MAX_DOWNLOADS_PER_CALLER": str(settings.running_per_caller),
    }


def cors_origins(resources: Resources) -> Environment:
    """Return the origins of web pages that may read answers."""
    return {"CORS_ORIGINS": json.dumps(resources.settings.api.cors_origins)}


def signer(resources: Resources) -> Environment:
    """Return what URLs are signed for, with which role, and for how long."""
    return {
        "BUCKET": resources.bucket_name,
        "SIGNER_ROLE_ARN": resources.signer_role.arn,
        "URL_EXPIRES_SECONDS": str(resources.settings.retention.url_expires_seconds),
    }


def bucket(resources: Resources) -> Environment:
    """Return where copies are stored."""
    return {"BUCKET": resources.bucket_name, "OBJECT_PREFIX": resources.settings.storage.prefix}


def sockets(resources: Resources) -> Environment:
    """Return the table of open sockets, and the URL that messages are posted to."""
    return {"CONNECTIONS_TABLE": resources.connections_table.name, "MANAGEMENT_URL": resources.management_url}


def copies_table(resources: Resources) -> Environment:
    """Return the table of reusable copies, where copies are reused."""
    return {"COPIES_TABLE": resources.copies_table.name} if resources.copies_table else {}


def running_download(resources: Resources) -> Environment:
    """Return what is needed to read a download, its execution, and to end it by `fail`."""
    return {
        "DOWNLOADS_TABLE": resources.downloads_table.name,
        "FAIL_FUNCTION": resources.function("fail").name,
        "STATE_MACHINE_ARN": resources.transfer_machine.arn,
    }


def end_of_download(resources: Resources) -> Environment:
    """Return what is needed to end a download: to notify its sockets, close them later, and release its limits."""
    return {
        "CLOSE_IDLE_SECONDS": str(resources.settings.websocket.idle_timeout_seconds),
        "IDLE_CLOSER_ARN": resources.idle_closer_machine.arn,
        **sockets(resources),
        **caller_limits(resources),
        **copies_table(resources),
    }


def copying(resources: Resources) -> Environment:
    """Return what the functions that copy need: origins, bucket, and the URL that progress is posted to."""
    return {
        "LOOPBACK_ORIGINS": str(resources.settings.cloud.loopback_origins).lower(),
        "MANAGEMENT_URL": resources.management_url,
        **ALLOCATOR,
        **bucket(resources),
        **origins_file(),
    }
