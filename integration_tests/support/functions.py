"""Lambda functions and roles that tests create beside the stacks."""

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

ROLE_SECONDS = 30  # until every part of AWS sees a new role


@contextmanager
def small_function(cloud: Cloud, source: Path, handler: str) -> Iterator[str]:
    """Create a Lambda function from a function in a file, yield its ARN, and delete it and its role."""
    name = f"{source.stem}-{secrets.token_hex(4)}"
    functions = cloud.client("lambda")
    packed = _packed(source)
    with service_role(cloud, "lambda", {}) as role:
        settings = {"FunctionName": name, "Runtime": "python3.13", "Handler": f"{source.stem}.{handler}", "Role": role}
        arn = wait_for(lambda: _created(functions, settings, packed), ROLE_SECONDS)
        try:
            functions.get_waiter("function_active_v2").wait(FunctionName=name)
            yield arn
        finally:
            functions.delete_function(FunctionName=name)


@contextmanager
def service_role(cloud: Cloud, service: str, allowed: Mapping[str, list[str]]) -> Iterator[str]:
    """Create a role for a service, yield its ARN, and delete it. `allowed` maps an action to its resources."""
    name, iam = f"{service}-{secrets.token_hex(4)}", cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document([trust]))["Role"]["Arn"]
    statements = [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in allowed.items()]
    try:
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=_document(statements))
        yield role
    finally:
        if statements:
            iam.delete_role_policy(RoleName=name, PolicyName="allowed")
        iam.delete_role(RoleName=name)


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _created(functions: Any, settings: dict[str, str], packed: bytes) -> str:
    """Create the function and return its ARN, or an empty text while Lambda does not see its new role yet."""
    try:
        return str(functions.create_function(**settings, Code={"ZipFile": packed})["FunctionArn"])
    except functions.exceptions.InvalidParameterValueException:
        return ""


def _packed(source: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(source, source.name)
    return packed.getvalue()
