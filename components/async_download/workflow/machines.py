"""Functions that both state machines use: tracing, and the time in which a machine can be deleted."""

import pulumi

from async_download.scope import Scope
from async_download.statements import Statement, allow

SERVICE = "states.amazonaws.com"
DELETE_TIMEOUT = "60m"
"""A machine is deleted when its executions have ended, and they end at their next state transition.

A task takes up to 910 s to get there, a Map as long as its slices. The provider's own limit is five minutes.
"""


def trace() -> Statement:
    """Allow to sample and to send segments to X-Ray, which has no resources to name."""
    sampling = ["xray:GetSamplingRules", "xray:GetSamplingTargets"]
    return allow("Tracing", [*sampling, "xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")


def machine_options(scope: Scope, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
    """Build the options of a machine, which may take `DELETE_TIMEOUT` to be deleted."""
    options = scope.named(*depends_on)
    options.custom_timeouts = pulumi.CustomTimeouts(delete=DELETE_TIMEOUT)
    return options
