"""Checks of the bucket: its region, and the rules that the stack needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from async_download_admin.doctor.check import Finding, failed, ok, skipped
from async_download_admin.doctor.statements import holds, statements_of
from async_download_admin.errors import AwsCallError, WrongStackError
from async_download_admin.stack import Stack

_ADD = "of an existing bucket: add them from the output bucketRules; else run `pulumi up --refresh`"
Rule = Mapping[str, Any]


def check_bucket_region(stack: Stack) -> Finding:
    """Check that the bucket exists in the region of the stack."""
    name, region = stack.outputs.bucket_name, stack.outputs.region
    try:
        response = stack.call("s3", "HeadBucket", Bucket=name)
    except WrongStackError:
        return failed(f"{name} is in another region: every copy fails", f"set storage.bucket to a bucket in {region}")
    except AwsCallError as error:
        if error.aws_code != "404":
            raise
        return failed(f"{name} does not exist", "create it, or run `pulumi up --refresh`")
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    actual = response.get("BucketRegion") or headers.get("x-amz-bucket-region") or region
    if actual != region:
        return failed(f"{name} is in {actual}: every copy fails", f"set storage.bucket to a bucket in {region}")
    return ok(f"{name} in {region}")


def check_bucket_rules(stack: Stack) -> Finding:
    """Check that the bucket has the policy, lifecycle, CORS and encryption that the stack needs."""
    if not stack.outputs.bucket_rules:
        return skipped("the stack does not export bucketRules", "export the output as __main__.py does")
    missing = [*_missing_statements(stack), *_missing_lifecycle(stack), *_missing_cors(stack), *_missing_key(stack)]
    if missing:
        return failed(f"{stack.outputs.bucket_name} lacks {', '.join(missing)}", _ADD)
    return ok(f"{stack.outputs.bucket_name} has the rules of the stack")


def _missing_statements(stack: Stack) -> Iterator[str]:
    needed: Sequence[Rule] = stack.outputs.bucket_rules.get("policyStatements", ())
    policy = _read(stack, "GetBucketPolicy", "NoSuchBucketPolicy").get("Policy")
    statements = statements_of(policy) if policy else []
    for statement in needed:
        if not holds(statements, statement):
            yield f"the policy statement {statement.get('Sid')}"


def _missing_lifecycle(stack: Stack) -> Iterator[str]:
    needed = stack.outputs.bucket_rules.get("lifecycleRule") or {}
    rules = _read(stack, "GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration").get("Rules", ())
    covering = [rule for rule in rules if rule.get("Status") == "Enabled" and _covers(rule, stack.outputs.prefix)]
    for name, days in (
        ("Expiration", "Days"),
        ("NoncurrentVersionExpiration", "NoncurrentDays"),
        ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
    ):
        most = (needed.get(name) or {}).get(days)
        if most is not None and not any(0 < (rule.get(name) or {}).get(days, 0) <= most for rule in covering):
            yield f"the lifecycle's {name} after {most} days"


def _covers(rule: Rule, prefix: str) -> bool:
    """Return whether a lifecycle rule is for all objects below a prefix."""
    filters = rule.get("Filter")
    if filters is None:
        return prefix.startswith(str(rule.get("Prefix", "")))
    return set(filters) <= {"Prefix"} and prefix.startswith(str(filters.get("Prefix", "")))


def _missing_cors(stack: Stack) -> Iterator[str]:
    needed = stack.outputs.bucket_rules.get("corsRule")
    if not needed:
        return
    rules = _read(stack, "GetBucketCors", "NoSuchCORSConfiguration").get("CORSRules", ())
    names = ("AllowedOrigins", "AllowedMethods", "AllowedHeaders", "ExposeHeaders")
    includes: Callable[[Rule, str], bool] = lambda rule, name: (  # noqa: E731
        "*" in rule.get(name, ()) or set(needed.get(name, ())) <= set(rule.get(name, ()))
    )
    if not any(all(includes(rule, name) for name in names) for rule in rules):
        yield "the CORS rule"


def _missing_key(stack: Stack) -> Iterator[str]:
    needed = stack.outputs.bucket_rules.get("encryptionRule")
    if not needed:
        return
    response = _read(stack, "GetBucketEncryption", "ServerSideEncryptionConfigurationNotFoundError")
    rules = (response.get("ServerSideEncryptionConfiguration") or {}).get("Rules", ())
    expected_encryption = needed["ApplyServerSideEncryptionByDefault"]
    if not any(rule.get("ApplyServerSideEncryptionByDefault") == expected_encryption for rule in rules):
        yield "the encryption with the stack's key"


def _read(stack: Stack, operation: str, absent: str) -> dict[str, Any]:
    """Return a part of the bucket's configuration; empty if there is none."""
    try:
        return stack.call("s3", operation, Bucket=stack.outputs.bucket_name)
    except AwsCallError as error:
        if error.aws_code == absent:
            return {}
        raise
