"""Saved queries of CloudWatch Logs Insights over the log groups of the functions.

docs/operations.md describes the fields of the lines. A query to fill in has `...` in place of a value.
"""

from collections.abc import Mapping

import pulumi_aws as aws

from async_download.functions.lambda_functions import LOG_FOLDER
from async_download.names import FunctionName, hyphenated
from async_download.scope import Scope

QUERIES = {
    "failures": """filter step = "failed"
| stats count(*) as downloads by origin, code, fault
| sort downloads desc""",
    "slowest-downloads": """filter step = "ready"
| sort seconds desc
| limit 25
| display @timestamp, seconds, size, bytes, origin, path, owner, downloadId""",
    "bytes-a-day": """filter step = "ready"
| stats sum(bytes) as copiedBytes, count(*) as downloads by bin(1d)""",
    "throttles": """filter outcome = "THROTTLED" or code = "UNAVAILABLE" or busy > 0
    or code like "Throttl" or code like "TooManyRequests" or code like "LimitExceeded" or code like "SlowDown"
    or reason like "Throttl" or reason like "TooManyRequests" or reason like "LimitExceeded" or reason like "SlowDown"
| stats count(*) as lines by step, code, bin(5m)""",
    "pushes-given-up": """filter pushesGivenUp > 0
| stats sum(pushesGivenUp) as pushes by type, bin(5m)""",
    "find-downloads": """filter step in ["requested", "requestRefused"] and (path = "..." or owner = "...")
| sort @timestamp desc
| limit 100
| display @timestamp, step, downloadId, origin, path, owner, code, status""",
    "one-download": """filter downloadId = "..."
| sort @timestamp asc
| limit 10000
| display @timestamp, level, step, message, code, fault, reason, status, outcome, attempt, slice, size, bytes, seconds,
    bytesPerSecond, type, posted, requestId""",
}
"""Text of each query by the last part of its name; the console shows the parts before it as folders."""


def create_saved_queries(scope: Scope, functions: Mapping[FunctionName, aws.lambda_.Function]) -> None:
    """Save the queries over the log groups of the functions, if `observability.saved_queries` is set."""
    if not scope.settings.observability.saved_queries:
        return
    folder = scope.settings.observability.log_folder(LOG_FOLDER)
    groups = [f"{folder}/{scope.physical(hyphenated(name))}" for name in functions]
    for name, text in QUERIES.items():
        aws.cloudwatch.QueryDefinition(
            scope.logical(f"{name}-query"),
            name=f"{scope.settings.name_prefix}/{name}",
            query_string=text,
            log_group_names=groups,
            opts=scope.options(*functions.values()),  # they depend on their log groups
        )
