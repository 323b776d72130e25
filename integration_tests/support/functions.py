"""Small Lambda functions of the tests' own, made beside the stacks."""

from __future__ import annotations

import io
import json
import secrets
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from integration_tests.support.clouds import Cloud
from integration_tests.support.waiting import wait_for

ROLE_SECONDS = 30  # a new role is known everywhere by then


@contextmanager
def small_function(cloud: Cloud, source: Path, handler: str) -> Iterator[str]:
    """The ARN of a function that is one of a file's; it and its role are gone afterwards."""
    name = f"{source.stem}-{secrets.token_hex(4)}"
    functions = cloud.client("lambda")
    packed = _packed(source)
    with role_of(cloud, "lambda", {}) as role:
        wanted = {
            "FunctionName": name,
            "Runtime": "python3.13",
            "Handler": f"{source.stem}.{handler}",
            "Role": role,
        }
        made = wait_for(lambda: _created(functions, wanted, packed), ROLE_SECONDS)
        try:
            functions.get_waiter("function_active_v2").wait(FunctionName=name)
            yield made
        finally:
            functions.delete_function(FunctionName=name)


@contextmanager
def role_of(cloud: Cloud, service: str, allowed: Mapping[str, list[str]]) -> Iterator[str]:
    """The ARN of a role that a service takes on, and that may do these actions to resources; gone afterwards."""
    name, iam = f"{service}-{secrets.token_hex(4)}", cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document([trust]))["Role"]["Arn"]
    rights = [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in allowed.items()]
    try:
        if rights:
            iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=_document(rights))
        yield role
    finally:
        if rights:
            iam.delete_role_policy(RoleName=name, PolicyName="rights")
        iam.delete_role(RoleName=name)


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _created(functions: Any, wanted: dict[str, str], packed: bytes) -> str:
    """The function's ARN; empty as long as Lambda does not know its role yet."""
    try:
        return str(functions.create_function(**wanted, Code={"ZipFile": packed})["FunctionArn"])
    except functions.exceptions.InvalidParameterValueException:
        return ""


def _packed(source: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(source, source.name)
    return packed.getvalue()
