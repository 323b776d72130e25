"""Inputs are checked against the types of the installed pulumi-aws."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local_provider.errors import UnsupportedError
from local_provider.resource_types import RESOURCE_TYPES
from local_provider.schema import check_inputs, fields_of, input_types, item_type, output_names

LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
FUNCTION = "aws:lambda/function:Function"


@pytest.mark.parametrize(
    ("kind", "inputs", "path", "reason"),
    [
        (LIFECYCLE, {"bucket": "b", "rulez": []}, "rulez", "is not an input"),
        (LIFECYCLE, {"bucket": "b", "rules": [{"id": "i"}]}, "rules[0].status", "is required"),
        (
            LIFECYCLE,
            {"bucket": "b", "rules": [{"id": "i", "status": "s", "filter": {"prefx": "p"}}]},
            "rules[0].filter.prefx",
            "is not an input",
        ),
        (LIFECYCLE, {"bucket": "b", "rules": {"id": "i"}}, "rules", "must be a list, not object"),
        (LIFECYCLE, {"bucket": "b", "rules": ["i"]}, "rules[0]", "must be an object, not string"),
        (LIFECYCLE, {"bucket": 1}, "bucket", "must be string, not integer"),
        (LIFECYCLE, {}, "bucket", "is required"),
        (FUNCTION, {"role": "r", "timeout": "3"}, "timeout", "must be integer, not string"),
        (FUNCTION, {"role": "r", "timeout": True}, "timeout", "must be integer, not boolean"),
        (FUNCTION, {"role": "r", "publish": "no"}, "publish", "must be boolean, not string"),
        (FUNCTION, {"role": "r", "code": "zip"}, "code", "must be Archive, not string"),
        (FUNCTION, {"role": "r", "tags": {"a": 1}}, "tags.a", "must be string, not integer"),
        (FUNCTION, {"role": "r", "tags": ["a"]}, "tags", "must be a map, not list"),
        ("aws:iam/role:Role", {"assumeRolePolicy": 1}, "assumeRolePolicy", "must be one of"),
    ],
)
def test_a_wrong_input_is_named(kind: str, inputs: dict[str, Any], path: str, reason: str) -> None:
    (problem,) = check_inputs(kind, inputs)
    assert problem.property == path
    assert problem.reason.startswith(reason)


def test_right_inputs_pass() -> None:
    rules = [{"id": "i", "status": "Enabled", "filter": {"prefix": "p"}, "expiration": {"days": 3}}]
    assert check_inputs(LIFECYCLE, {"bucket": "b", "rules": rules}) == []
    assert check_inputs("aws:iam/role:Role", {"assumeRolePolicy": "{}"}) == []
    usage = {"throttleSettings": {"rateLimit": 5, "burstLimit": 10}}
    assert check_inputs("aws:apigateway/usagePlan:UsagePlan", usage) == []
    assert check_inputs(FUNCTION, {"role": "r", "runtime": "python3.13"}) == []


@pytest.mark.parametrize("kind", ["aws:s3/bukket:Bukket", "aws:s3/bucket:Bukket", "gcp:s3/bucket:Bucket", "nonsense"])
def test_an_unknown_type_is_refused(kind: str) -> None:
    with pytest.raises(UnsupportedError):
        check_inputs(kind, {})


def has_input(kind: str, path: str) -> bool:
    """Tell whether the SDK has an input, by its dotted path without indexes."""
    fields: Any = input_types(kind)
    for name in path.split("."):
        type_ = (fields or {}).get(name)
        while (item := item_type(type_)) is not None:
            type_ = item
        fields = fields_of(type_)
    return type_ is not None


@pytest.mark.parametrize("kind", sorted(RESOURCE_TYPES))
def test_a_resource_type_describes_inputs_that_the_sdk_has(kind: str) -> None:
    resource = RESOURCE_TYPES[kind]
    paths = [path.rstrip("!") for path in " ".join([resource.inputs, *resource.inert]).split()]
    assert [path for path in paths if not has_input(kind, path)] == []
    assert sorted(paths) == sorted(resource.paths), "one of them is there twice"
    assert resource.named_by in {*resource.paths, "name"}
    assert all(resource.inert.values()), "each says why"


def test_outputs_are_those_of_the_sdk() -> None:
    assert {"arn", "invokeArn", "region", "memorySize"} <= output_names(FUNCTION)


def test_looking_first_leaves_the_sdk_whole() -> None:
    """The SDK loads its packages late; a program must find all of a package that the schema has loaded."""
    read_schema = f"from local_provider.schema import output_names; output_names({FUNCTION!r})"
    code = f"{read_schema}; import pulumi_aws; pulumi_aws.lambda_.Alias"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_types_are_read_by_several_threads_at_once() -> None:
    """Without the lock of the schema, pulumi_aws fails when two threads load one of its packages."""
    code = (
        "from concurrent.futures import ThreadPoolExecutor; from local_provider import resource_types, schema; "
        "list(ThreadPoolExecutor(16).map(schema.input_types, list(resource_types.RESOURCE_TYPES) * 3))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
