"""Taking one statement out of one role's policy, and putting it back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from integration_tests.support.stack import Stack

SIGNER = "signer"


def role_of(stack: Stack, key: str) -> str:
    """The name of the role of a function, or of the one that signs URLs."""
    functions = stack.cloud.client("lambda")
    if key == SIGNER:
        arn = stack.told("deliver")["SIGNER_ROLE_ARN"]
    else:
        arn = functions.get_function_configuration(FunctionName=stack.function(key))["Role"]
    return str(arn).rpartition("/")[2]


def statements_of(stack: Stack, key: str) -> set[str]:
    """The ids of the statements of a role."""
    return {statement["Sid"] for _, document in _documents(stack, key) for statement in document["Statement"]}


@contextmanager
def without(stack: Stack, key: str, sid: str) -> Iterator[None]:
    """The role lacks the statement meanwhile.

    The emulator reads policies at every call, so it takes hold at once; but who may sign keeps a session for later,
    and has to start afresh to feel it.
    """
    ((name, document),) = [
        (name, document)
        for name, document in _documents(stack, key)
        if sid in {statement["Sid"] for statement in document["Statement"]}
    ]
    (removed,) = [statement for statement in document["Statement"] if statement["Sid"] == sid]
    _put(stack, key, name, document | {"Statement": [each for each in document["Statement"] if each != removed]})
    if removed["Action"] == "sts:AssumeRole":
        end_workers(stack, key)
    try:
        yield
    finally:
        _put(stack, key, name, document)
        if key == "fail":
            stack.settle_uploads()


def end_workers(stack: Stack, key: str) -> None:
    """End every worker of a function, busy or not: the emulator does so when its configuration is written."""
    functions, name = stack.cloud.client("lambda"), stack.function(key)
    timeout = functions.get_function_configuration(FunctionName=name)["Timeout"]
    functions.update_function_configuration(FunctionName=name, Timeout=timeout)


def _documents(stack: Stack, key: str) -> list[tuple[str, dict[str, Any]]]:
    iam, role = stack.cloud.client("iam"), role_of(stack, key)
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return [(name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]) for name in names]


def _put(stack: Stack, key: str, name: str, document: dict[str, Any]) -> None:
    iam, role = stack.cloud.client("iam"), role_of(stack, key)
    if document["Statement"]:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
    else:  # IAM has no empty policies
        iam.delete_role_policy(RoleName=role, PolicyName=name)
