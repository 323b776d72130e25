"""Read the policies of the stack's roles, and replace one for the duration of a context."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from integration_tests.support.stack import Stack

SIGNER = "signer"
CACHED = ("sts:AssumeRole", "secretsmanager:GetSecretValue")  # workers keep their results
Document = dict[str, Any]


class Policy(NamedTuple):
    """The one policy of a role; `key` is the handler of the role's function, or `signer`."""

    key: str
    role: str
    name: str
    document: Document


def policy_of(stack: Stack, key: str) -> Policy:
    """Return the policy of a function's role, or of the role that signs URLs."""
    iam, role = stack.cloud.client("iam"), _role_of(stack, key)
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return Policy(key, role, name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])


@contextmanager
def replaced_policy(stack: Stack, policy: Policy, document: Document) -> Iterator[None]:
    """Give the role another policy until the context ends.

    The emulator reads policies at every call, so it takes effect at once. Workers cache secrets and the session that
    signs URLs: if the policy differs in these, the workers are restarted.
    """
    _put(stack, policy, document)
    if _cached(policy.document) != _cached(document):
        end_workers(stack, policy.key)
    try:
        yield
    finally:
        _put(stack, policy, policy.document)
        if policy.key == "fail":
            stack.operator.clean_up_uploads()


def end_workers(stack: Stack, key: str) -> None:
    """End every worker of a function and its versions, busy or idle, by writing its time-out again."""
    functions, name = stack.cloud.client("lambda"), stack.operator.function_name(key)
    timeout = functions.get_function_configuration(FunctionName=name)["Timeout"]
    functions.update_function_configuration(FunctionName=name, Timeout=timeout)


def _cached(document: Document) -> list[Any]:
    return [
        statement
        for statement in document["Statement"]
        if any(action in json.dumps(statement["Action"]) for action in CACHED)
    ]


def _role_of(stack: Stack, key: str) -> str:
    functions = stack.cloud.client("lambda")
    if key == SIGNER:
        arn = stack.operator.environment("deliver")["SIGNER_ROLE_ARN"]
    else:
        arn = functions.get_function_configuration(FunctionName=stack.operator.function_name(key))["Role"]
    return str(arn).rpartition("/")[2]


def _put(stack: Stack, policy: Policy, document: Document) -> None:
    iam = stack.cloud.client("iam")
    if document["Statement"]:
        iam.put_role_policy(RoleName=policy.role, PolicyName=policy.name, PolicyDocument=json.dumps(document))
    else:  # IAM has no empty policies
        iam.delete_role_policy(RoleName=policy.role, PolicyName=policy.name)
