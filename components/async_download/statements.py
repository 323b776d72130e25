"""The grammar of IAM documents."""

from collections.abc import Sequence
from typing import Any

Statement = dict[str, Any]


def document(statements: Sequence[Statement]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, action: str | list[str], resource: Any) -> Statement:
    """A statement that allows."""
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}


def deny(sid: str, action: str, resource: Any, condition: dict[str, Any]) -> Statement:
    """A statement that denies everyone, under a condition."""
    statement = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource}
    return statement | {"Condition": condition}
