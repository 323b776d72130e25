"""Policies without one permission: a statement, an action of it, or a resource of it. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Document = dict[str, Any]
WHOLE = "all of it"
UNENFORCED = {  # action or service -> reason why the emulator does not enforce it
    "logs": "Lambda writes the logs itself, unchecked",
    "xray": "there is no X-Ray",
    "kms": "Secrets Manager decrypts secrets itself, unchecked",
    "ec2": "Lambda joins a VPC itself, unchecked",
    "sqs:SendMessage": "Lambda puts what failed into the queue itself, unchecked",
    "s3:ListBucket": "a missing object is 404 there without it; on AWS 403",
}


class Mutant(NamedTuple):
    """A role without a permission. `without` is WHOLE for the statement, else an action or a resource of it."""

    role: str
    statement: str
    without: str


def mutants(role: str, document: Document) -> Iterator[Mutant]:
    """Yield every mutant of a role's policy, in its order."""
    for statement in document["Statement"]:
        sid = statement["Sid"]
        yield Mutant(role, sid, WHOLE)
        actions, resources = _listed(statement, "Action"), _listed(statement, "Resource")
        if len(actions) > 1:
            yield from (Mutant(role, sid, action) for action in actions)
        if len(resources) > 1:
            yield from (Mutant(role, sid, _resource(number, resources)) for number in range(len(resources)))


def mutated(document: Document, mutant: Mutant) -> Document:
    """Return the policy of a mutant; it may have no statement left."""
    statements = []
    for statement in document["Statement"]:
        if statement["Sid"] != mutant.statement:
            statements.append(statement)
        elif mutant.without != WHOLE:
            resources = _listed(statement, "Resource")
            kept = [arn for number, arn in enumerate(resources) if _resource(number, resources) != mutant.without]
            actions = [action for action in _listed(statement, "Action") if action != mutant.without]
            statements.append(statement | {"Action": actions, "Resource": kept})
    assert statements != document["Statement"], f"{mutant} is not in the policy"
    return document | {"Statement": statements}


def denied_actions(document: Document, mutant: Mutant) -> set[str]:
    """Return the actions that the mutant is denied, on one resource at least."""
    (statement,) = [statement for statement in document["Statement"] if statement["Sid"] == mutant.statement]
    actions = set(_listed(statement, "Action"))
    return {mutant.without} if mutant.without in actions else actions


def unenforced(actions: set[str]) -> str | None:
    """Return the reason why the emulator enforces none of these actions; None if it enforces one."""
    reasons = {UNENFORCED.get(action) or UNENFORCED.get(action.partition(":")[0]) for action in actions}
    return None if None in reasons else "; ".join(sorted(filter(None, reasons)))


def _listed(statement: dict[str, Any], key: str) -> list[str]:
    value = statement[key]
    return [value] if isinstance(value, str) else list(value)


def _resource(number: int, resources: list[str]) -> str:
    return f"resource {number + 1} of {len(resources)}"
