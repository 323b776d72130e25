"""Check of a customer-managed KMS key."""

from __future__ import annotations

from async_download_admin.doctor.check import Finding, failed, ok, skipped
from async_download_admin.doctor.statements import allows, statements_of
from async_download_admin.stack import Stack


def check_key(stack: Stack) -> Finding:
    """Check that the key is enabled, and that its policy allows what services do with it by themselves."""
    key, needed = stack.outputs.key_arn, stack.outputs.key_policy_statements
    if key is None:
        return skipped("the stack has no customer-managed key", "encryption.kmsKeyArn sets one")
    state = stack.call("kms", "DescribeKey", KeyId=key)["KeyMetadata"].get("KeyState")
    if state != "Enabled":
        return failed(f"{key} is {state}: tables, copies and URLs fail", "enable it or cancel its deletion, in KMS")
    policy = stack.call("kms", "GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"]
    statements = statements_of(policy)
    missing = [str(statement.get("Sid")) for statement in needed if not allows(statements, statement)]
    if missing:
        return failed(
            f"the policy of {key} lacks {', '.join(missing)}: logs or failed events are lost",
            "add these statements of the output keyPolicyStatements",
        )
    return ok(f"{key} is enabled, and its policy has the statements of the stack")
