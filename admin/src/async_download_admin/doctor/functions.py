"""Checks of the Lambda functions and of the account's concurrency."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from async_download_admin.doctor.check import Finding, failed, ok, skipped, warning
from async_download_admin.errors import AwsCallError, EndpointError
from async_download_admin.stack import Stack

CONCURRENCY_QUOTA = "L-B99A9384"
"""Service Quotas' code of Lambda's concurrent executions."""
_RESERVE = 2  # executions that a large file leaves to everything else
_PENDING = ("PENDING", "CASE_OPENED")


def check_functions(stack: Stack) -> Finding:
    """Check that every function is active, and that its last update succeeded."""
    wrong, updating = [], []
    for name in stack.outputs.function_names.values():
        configuration = stack.call("lambda", "GetFunctionConfiguration", FunctionName=name)
        state, update = configuration.get("State", "Active"), configuration.get("LastUpdateStatus", "Successful")
        if state == "Failed" or update == "Failed":
            reason = configuration.get("StateReason") or configuration.get("LastUpdateStatusReason") or "no reason"
            wrong.append(f"{name}: {reason}")
        elif state not in ("Active", "Inactive") or update != "Successful":
            updating.append(name)
    if wrong:
        return failed("; ".join(wrong), "remove the reason and run `pulumi up`")
    if updating:
        return warning(f"being created or updated: {', '.join(updating)}", "wait a minute and check again")
    return ok(f"{len(stack.outputs.function_names)} are active")


def check_requests(stack: Stack) -> Finding:
    """Check that requests are accepted."""
    name = stack.outputs.function_names["request_download"]
    if reserved_concurrency(stack, name) == 0:
        return warning("requests are stopped: they get 503", "`drain --undo` accepts them again")
    return ok("accepted")


def check_concurrency(stack: Stack) -> Finding:
    """Check that a large file leaves executions to everything else."""
    limit = stack.call("lambda", "GetAccountSettings")["AccountLimit"]
    total, unreserved = int(limit["ConcurrentExecutions"]), int(limit["UnreservedConcurrentExecutions"])
    copying = max(_map_concurrencies(stack), default=0)
    slices = stack.outputs.function_names.get("copy_slice")
    reserved = reserved_concurrency(stack, slices) if slices else None
    text = f"a large file uses {copying} executions; {unreserved} of the account's {total} are unreserved"
    if reserved is not None:
        text = f"a large file uses {copying} executions; {reserved} are reserved for slices"
        return ok(text) if reserved >= copying else warning(text, "raise copying.sliceReservedConcurrency")
    if copying + _RESERVE > unreserved:
        action = f"request more ({CONCURRENCY_QUOTA} in Service Quotas, free), or lower copying.concurrency"
        return warning(f"{text}; requests and other downloads wait", action)
    return ok(text)


def check_quota_request(stack: Stack) -> Finding:
    """Say whether a higher limit of concurrent executions was requested and is not granted yet."""
    try:
        response = stack.call(
            "service-quotas",
            "ListRequestedServiceQuotaChangeHistoryByQuota",
            ServiceCode="lambda",
            QuotaCode=CONCURRENCY_QUOTA,
        )
    except (AwsCallError, EndpointError) as error:
        return skipped(str(error).rstrip("."), "Service Quotas has to be available in the region")
    pending = [quota for quota in response.get("RequestedQuotas", ()) if quota.get("Status") in _PENDING]
    if pending:
        return warning(
            f"{pending[0].get('DesiredValue', 0):g} concurrent executions are requested and not granted yet",
            "wait for AWS, or answer its question in the support case",
        )
    return ok("no request for concurrent executions is pending")


def reserved_concurrency(stack: Stack, name: str) -> int | None:
    """Return the reserved concurrency of a function; None without one."""
    value = stack.call("lambda", "GetFunctionConcurrency", FunctionName=name).get("ReservedConcurrentExecutions")
    return None if value is None else int(value)


def _map_concurrencies(stack: Stack) -> Iterator[int]:
    """Yield the concurrency of every Map in the definition of the state machine."""
    arn = stack.outputs.state_machine_arn
    definition = json.loads(stack.call("stepfunctions", "DescribeStateMachine", stateMachineArn=arn)["definition"])
    states: Mapping[str, Any] = definition.get("States", {})
    for state in states.values():
        if state.get("Type") == "Map" and isinstance(state.get("MaxConcurrency"), int):
            yield state["MaxConcurrency"]
