"""Checks of the log groups and of the state machines' logging."""

from __future__ import annotations

import posixpath
from typing import Any

from async_download_admin.doctor.check import Finding, failed, ok, warning
from async_download_admin.stack import Stack


def check_log_groups(stack: Stack) -> Finding:
    """Check that every function has its log group: its role may not create it."""
    names = [stack.outputs.log_group(function) for function in stack.outputs.function_names]
    groups = _groups(stack, posixpath.commonpath(names))
    missing = [name for name in names if name not in groups]
    if missing:
        return failed(f"missing, so nothing is logged: {', '.join(missing)}", "run `pulumi up --refresh`")
    unlimited = [name for name in names if "retentionInDays" not in groups[name]]
    if unlimited:
        return warning(f"logs are kept for ever: {', '.join(unlimited)}", "run `pulumi up --refresh`")
    return ok(f"{len(names)} exist")


def check_machines(stack: Stack) -> Finding:
    """Check that both state machines are active, and that failures of slices are logged.

    Slices are Express executions, which have no history: their errors are in the log of the state machine only.
    """
    described = [
        stack.call("stepfunctions", "DescribeStateMachine", stateMachineArn=arn) for arn in stack.outputs.machine_arns
    ]
    inactive = [machine["name"] for machine in described if machine.get("status", "ACTIVE") != "ACTIVE"]
    if inactive:
        return failed(f"being deleted: {', '.join(inactive)}", "wait until it is deleted, then run `pulumi up`")
    logging = described[0].get("loggingConfiguration") or {}
    destinations = [
        entry.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "") for entry in logging.get("destinations", ())
    ]
    if logging.get("level", "OFF") == "OFF" or not destinations:
        return warning("errors of slices are not logged", "run `pulumi up --refresh`")
    if logging.get("includeExecutionData"):
        return warning("inputs and outputs of executions are logged", "run `pulumi up --refresh`")
    group = destinations[0].partition(":log-group:")[2].removesuffix(":*")
    if group not in _groups(stack, group):
        return failed(f"the log group {group} is missing, so errors of slices are lost", "run `pulumi up --refresh`")
    return ok(f"active; errors are logged to {group}")


def _groups(stack: Stack, prefix: str) -> dict[str, dict[str, Any]]:
    pages = stack.aws.pages("logs", "DescribeLogGroups", logGroupNamePrefix=prefix)
    return {group["logGroupName"]: group for page in pages for group in page["logGroups"]}
