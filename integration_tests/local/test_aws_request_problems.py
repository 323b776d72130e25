"""A wrong request of a function on the emulator fails the test that causes it."""

from __future__ import annotations

from pathlib import Path

from integration_tests.support import aws_request_problems
from integration_tests.support.clouds import Target, open_cloud
from integration_tests.support.functions import small_function

SOURCE = """
import importlib.util
import botocore.session

def handler(event, context):
    try:
        botocore.session.Session().create_client("lambda").invoke(FunctionName="f", InvocationType="Later")
    except AssertionError:  # as code does that forgives whatever goes wrong
        return importlib.util.find_spec("localcloud") is None
"""


def test_a_wrong_request_of_a_function_is_found(tmp_path: Path) -> None:
    source = tmp_path / "f.py"
    source.write_text(SOURCE, encoding="utf-8")
    with open_cloud(Target.EMULATOR, folder=tmp_path) as cloud, small_function(cloud, source, "handler") as arn:
        answer = cloud.client("lambda").invoke(FunctionName=arn)
        assert answer["Payload"].read() == b"true"
    (problem,) = aws_request_problems.collect()
    assert problem.startswith("lambda.Invoke: InvocationType: 'Later' is none of ")


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert aws_request_problems.collect() == []
