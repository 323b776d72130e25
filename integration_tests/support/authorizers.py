"""A Lambda function that decides about callers, made beside the stacks that ask it."""

from __future__ import annotations

import io
import json
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from integration_tests.support.clouds import Cloud
from integration_tests.support.waiting import wait_for

ROLE_SECONDS = 30  # a new role is known everywhere by then
SOURCE = Path(__file__).with_name("decides.py")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@contextmanager
def deciding_function(cloud: Cloud) -> Iterator[str]:
    """Its ARN; the function and its role are gone afterwards."""
    name = f"decides-{secrets.token_hex(4)}"
    iam, functions = cloud.client("iam"), cloud.client("lambda")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    try:
        wanted = {"FunctionName": name, "Runtime": "python3.13", "Handler": "decides.handler", "Role": role}
        made = wait_for(lambda: _created(functions, wanted), ROLE_SECONDS)
        try:
            functions.get_waiter("function_active_v2").wait(FunctionName=name)
            yield made
        finally:
            functions.delete_function(FunctionName=name)
    finally:
        iam.delete_role(RoleName=name)


def _created(functions: Any, wanted: dict[str, str]) -> str:
    """The function's ARN; empty as long as Lambda does not know its role yet."""
    try:
        return str(functions.create_function(**wanted, Code={"ZipFile": _packed()})["FunctionArn"])
    except functions.exceptions.InvalidParameterValueException:
        return ""


def _packed() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(SOURCE, SOURCE.name)
    return packed.getvalue()
