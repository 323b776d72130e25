"""The checks of `doctor`: settings of the stack and of its account that would make downloads fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from async_download_admin.doctor.bucket import check_bucket_region, check_bucket_rules
from async_download_admin.doctor.check import Finding, Status, failed, ok, skipped
from async_download_admin.doctor.data import check_dead_letters, check_expiry
from async_download_admin.doctor.functions import (
    check_concurrency,
    check_functions,
    check_quota_request,
    check_requests,
)
from async_download_admin.doctor.gateway import check_access_logs, check_throttling
from async_download_admin.doctor.key import check_key
from async_download_admin.doctor.logs import check_log_groups, check_machines
from async_download_admin.errors import AdminError, PermissionMissingError
from async_download_admin.stack import Stack

__all__ = ["CHECKS", "Finding", "Status", "run_checks"]

Check = Callable[[Stack], Finding]

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "functions": check_functions,
        "requests": check_requests,
        "concurrency": check_concurrency,
        "quota request": check_quota_request,
        "state machines": check_machines,
        "log groups": check_log_groups,
        "access logs": check_access_logs,
        "throttling": check_throttling,
        "expiry of items": check_expiry,
        "dead-letter queue": check_dead_letters,
        "bucket region": check_bucket_region,
        "bucket rules": check_bucket_rules,
        "KMS key": check_key,
    }
)
"""Name -> check, after the check of the credentials."""


def run_checks(stack: Stack) -> dict[str, Finding]:
    """Return name -> finding. Without usable credentials all other checks are skipped."""
    credentials = _run(_check_credentials, stack)
    findings = {"credentials": credentials}
    for name, check in CHECKS.items():
        if credentials.status is Status.OK:
            findings[name] = _run(check, stack)
        else:
            findings[name] = skipped("not checked", "solve the problem of the credentials first")
    return findings


def _check_credentials(stack: Stack) -> Finding:
    identity = stack.aws.check_account(stack.outputs)
    return ok(f"{identity['arn']} in {stack.outputs.region}")


def _run(check: Check, stack: Stack) -> Finding:
    try:
        return check(stack)
    except PermissionMissingError as error:
        return skipped(f"needs the IAM permission {error.action}", "`policy doctor` prints the policy that it needs")
    except AdminError as error:
        return failed(str(error).rstrip("."), "see the message")
