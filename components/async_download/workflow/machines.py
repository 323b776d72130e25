"""Service, time-out and statement that both state machines use."""

from async_download.statements import Statement, allow

SERVICE = "states.amazonaws.com"
DELETE_TIMEOUT = "60m"
"""Time-out of the deletion of a machine.

A machine is deleted when its executions have ended, and they end at their next state transition: a task takes up to
910 s until then, a Map as long as its slices. The provider's own time-out is five minutes.
"""


def trace() -> Statement:
    """Allow to sample and to send segments to X-Ray, which has no resources to name."""
    sampling = ["xray:GetSamplingRules", "xray:GetSamplingTargets"]
    return allow("Tracing", [*sampling, "xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")
