"""The stack's CloudWatch metrics, as members of log lines in the embedded metric format.

CloudWatch Logs reads them from the lines: no call of AWS, and no permission. Alarms use names, units and dimensions.
A line that is written once, because the conditional write before it succeeded once, counts once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

NAMESPACE = "AsyncDownload"
UNITS: Mapping[str, str] = MappingProxyType(
    {
        "DownloadsRequested": "Count",
        "DownloadsReady": "Count",
        "DownloadsFailed": "Count",
        "DownloadsCancelled": "Count",
        "CopiedBytes": "Bytes",
        "SecondsToFirstByte": "Seconds",
        "SecondsToReady": "Seconds",
        "SecondsToPush": "Seconds",
        "Replays": "Count",
        "Evictions": "Count",
        "PushesGivenUp": "Count",
    }
)
STACK_VARIABLE = "METRICS_STACK"
"""Environment variable with the value of the dimension `Stack`; without it there are no metrics."""

NONE: Mapping[str, float] = MappingProxyType({})
NO_DIMENSIONS: Mapping[str, str] = MappingProxyType({})


def members(values: Mapping[str, float], dimensions: Mapping[str, str], milliseconds: int) -> dict[str, object]:
    """Return the members that turn a log line into metrics; none without values, or when metrics are off.

    Args:
        values: values by metric.
        dimensions: further dimensions: each metric also counts for [`Stack`, dimension].
        milliseconds: moment of the line, since the epoch.
    """
    stack = os.environ.get(STACK_VARIABLE, "")
    if not values or not stack:
        return {}
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["Stack"], *(["Stack", name] for name in dimensions)],
        "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in values],
    }
    metadata = {"Timestamp": milliseconds, "CloudWatchMetrics": [directive]}
    return {"_aws": metadata, "Stack": stack, **dimensions, **values}
