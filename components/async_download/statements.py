"""IAM policy documents and their statements. Pure functions."""

from collections.abc import Sequence
from typing import Any

Statement = dict[str, Any]


def document(statements: Sequence[Statement]) -> dict[str, Any]:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, action: str | list[str], resource: Any) -> Statement:
    """Return a statement that allows actions."""
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}


def deny(sid: str, action: str, resource: Any, condition: dict[str, Any]) -> Statement:
    """Return a statement that denies an action to everyone under a condition."""
    statement = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource}
    return statement | {"Condition": condition}


def trust_service(service: str, account: str | None = None) -> dict[str, Any]:
    """Return the trust policy of a role that a service assumes; with an `account`, for that account's resources only.

    Name the account only for a service that documents that it sends `aws:SourceAccount`, as Step Functions does.
    Lambda and API Gateway do not: if they did not send it, no function could be created.
    """
    statement: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if account is not None:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    return document([statement])


def executions(machine_arn: str) -> str:
    """Return the ARN of all executions of a state machine."""
    return machine_arn.replace(":stateMachine:", ":execution:") + ":*"


def origin_secrets(arns: Sequence[str]) -> list[Statement]:
    """Allow to read secrets and SSM parameters of origins, and to decrypt the secrets through Secrets Manager.

    Their owners choose and change the keys of the secrets: every key may be used, but only for these secrets. AWS
    refuses statements without a resource.
    """
    secrets = sorted({arn for arn in arns if arn.split(":")[2] == "secretsmanager"})
    parameters = sorted(set(arns) - set(secrets))
    statements: list[Statement] = []
    if secrets:
        statements += [allow("Secrets", "secretsmanager:GetSecretValue", secrets), _decrypt_secrets(secrets)]
    if parameters:
        statements.append(allow("Parameters", "ssm:GetParameter", parameters))
    return statements


def _decrypt_secrets(secrets: Sequence[str]) -> Statement:
    regions = sorted({(arn.split(":")[1], arn.split(":")[3]) for arn in secrets})  # with their partitions
    keys = [f"arn:{partition}:kms:{region}:*:key/*" for partition, region in regions]
    return allow("SecretKeys", "kms:Decrypt", keys) | {
        "Condition": {
            "StringLike": {"kms:ViaService": [f"secretsmanager.{region}.*" for _, region in regions]},
            "StringEquals": {"kms:EncryptionContext:SecretARN": list(secrets)},
        }
    }
