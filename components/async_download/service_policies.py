"""What AWS's own services may do: trust, the state machine, the rule's queue, the bucket. Pure functions."""

from collections.abc import Sequence
from typing import Any

from async_download.statements import Statement, allow, deny, document


def trust(service: str, account: str | None = None) -> dict[str, Any]:
    """Return the trust of a role that a service of AWS assumes; with an `account`, for that account's resources only.

    Name the account only for a service that documents that it sends `aws:SourceAccount`, as Step Functions does.
    Lambda and API Gateway do not: if they did not send it, no function could be created.
    """
    statement: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if account is not None:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    return document([statement])


def signer_trust(roles: Sequence[str]) -> dict[str, Any]:
    """A role that only the named roles of its own account may take; it outlives their being replaced.

    Each is named twice, as role and as session, since not every cloud compares the same of the two.
    """
    account = ":".join(roles[0].split(":")[:5])
    sessions = [role.replace(":iam:", ":sts:", 1).replace(":role/", ":assumed-role/", 1) + "/*" for role in roles]
    statement = allow("NamedRoles", "sts:AssumeRole", None)
    statement |= {
        "Principal": {"AWS": f"{account}:root"},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": [*roles, *sessions]}},
    }
    del statement["Resource"]
    return document([statement])


def state_machine(
    *, functions: Sequence[str], machine: str, tracing: bool, copies: str | None = None
) -> list[Statement]:
    """Call the functions of the definition; run its map; wait; deliver logs, which AWS wants on everything; trace."""
    executions = machine.replace(":stateMachine:", ":execution:")
    verbs = ("Describe", "Redrive", "Stop")
    log_actions = [f"logs:{verb}LogDelivery" for verb in ("Create", "Delete", "Get", "Update")]
    log_actions += ["logs:ListLogDeliveries", "logs:PutResourcePolicy"]
    log_actions += ["logs:DescribeLogGroups", "logs:DescribeResourcePolicies"]
    statements = [
        allow("Functions", "lambda:InvokeFunction", list(functions)),
        allow("StartSlices", "states:StartExecution", machine),
        allow("Slices", [f"states:{verb}Execution" for verb in verbs], [f"{executions}:*", f"{executions}/*"]),
        allow("LogDelivery", sorted(log_actions), "*"),
    ]
    if copies:
        statements.append(allow("AwaitCopies", "dynamodb:UpdateItem", copies))
    return [*statements, _tracing()] if tracing else statements


def closing_machine(*, close: str, tracing: bool) -> list[Statement]:
    """Call one function; trace."""
    statements = [allow("Functions", "lambda:InvokeFunction", close)]
    return [*statements, _tracing()] if tracing else statements


def queue(*, undelivered: str, rules: Sequence[str]) -> list[Statement]:
    """Let these rules send events to the dead-letter queue."""
    statement = allow("FromRules", "sqs:SendMessage", undelivered)
    return [
        statement
        | {
            "Principal": {"Service": "events.amazonaws.com"},
            "Condition": {"ArnEquals": {"aws:SourceArn": list(rules)}},
        }
    ]


def api_gateway_account() -> list[Statement]:
    """What API Gateway wants of the role that writes all access logs of an account."""
    verbs = (
        "CreateLogGroup CreateLogStream DescribeLogGroups DescribeLogStreams FilterLogEvents GetLogEvents PutLogEvents"
    )
    return [allow("Logs", [f"logs:{verb}" for verb in verbs.split()], "*")]


def bucket(*, bucket: str, prefix: str, account: str, url_seconds: int, tls_only: bool) -> list[Statement]:
    """Readers from other accounts, URLs that are too old, and plain http are refused."""
    objects = f"{bucket}/{prefix}*"
    foreign = {"StringNotEquals": {"aws:PrincipalAccount": account}}
    old = {"NumericGreaterThan": {"s3:signatureAge": str(url_seconds * 1000)}}  # milliseconds
    statements = [
        deny("ForeignReaders", "s3:GetObject", objects, foreign),
        deny("OldSignatures", "s3:GetObject", objects, old),
    ]
    plain = deny("PlainHttp", "s3:*", [bucket, f"{bucket}/*"], {"Bool": {"aws:SecureTransport": "false"}})
    return [*statements, plain] if tls_only else statements


def _tracing() -> Statement:
    """Sampling and segments; X-Ray has no resources to name."""
    sampling = ["xray:GetSamplingRules", "xray:GetSamplingTargets"]
    return allow("Tracing", [*sampling, "xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")
