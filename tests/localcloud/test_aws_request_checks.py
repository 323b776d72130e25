"""The check of requests finds requests that AWS would refuse, in this process and in others."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import DenormalizedStructureBuilder

from local_provider.aws import Aws
from localcloud import aws_request_checks
from localcloud.aws_request_checks import WrongRequestError, allowing, check_request
from localcloud.aws_request_checks.patterns import UntranslatableError, compile_pattern
from localcloud.aws_request_checks.shapes import shape_problems

TOP = Path(__file__).parents[2]
CALLS = re.compile(r"""(?:create_client|client|_SERVICE|call|pages)\(\s*["']([a-z0-9-]+)["']""")


def services() -> list[str]:
    """Return the services of AWS that code of the project makes clients of."""
    folders = ("admin", "runtime", "localcloud", "local_provider", "integration_tests", "tests", "benchmarks", "tools")
    sources = [path for folder in folders for path in (TOP / folder).rglob("*.py")]
    named = {name for path in sources for name in CALLS.findall(path.read_text(encoding="utf-8"))}
    return sorted(named & set(botocore.session.Session().get_available_services()))


def problems_of(rules: dict[str, Any], value: object) -> list[str]:
    """Return what is wrong with a value under `Name` whose shape has these rules."""
    shape = DenormalizedStructureBuilder().with_members({"Name": rules}).build_model()
    return list(shape_problems(shape, {"Name": value}))


@pytest.mark.parametrize(
    ("rules", "valid", "invalid", "problem"),
    [
        ({"type": "string", "pattern": "[a-z]+"}, "abc", "abc ", "Name: 'abc ' does not match [a-z]+"),
        ({"type": "string", "pattern": r"^\d{2}$"}, "12", "123", r"Name: '123' does not match ^\d{2}$"),
        ({"type": "string", "enum": ["A", "B"]}, "A", "a", "Name: 'a' is none of A, B"),
        ({"type": "string", "min": 1, "max": 3}, "abc", "", "Name: 0 characters, and the least is 1"),
        ({"type": "string", "min": 1, "max": 3}, "abc", "abcd", "Name: 4 characters, and the most is 3"),
        ({"type": "integer", "min": 1, "max": 900}, 900, 901, "Name: 901, and the most is 900"),
        ({"type": "integer", "min": 1, "max": 900}, 1, 0, "Name: 0, and the least is 1"),
        ({"type": "blob", "max": 2}, b"ab", b"abc", "Name: 3 bytes, and the most is 2"),
        ({"type": "list", "min": 1, "member": {"type": "string"}}, ["a"], [], "Name: 0 items, and the least is 1"),
        (
            {"type": "list", "member": {"type": "string", "pattern": "a"}},
            ["a", "a"],
            ["a", "b"],
            "Name[1]: 'b' does not match a",
        ),
        (
            {"type": "map", "key": {"type": "string", "max": 1}, "value": {"type": "string", "max": 1}},
            {"a": "b"},
            {"ab": "b"},
            "Name.ab (the key): 2 characters, and the most is 1",
        ),
        (
            {"type": "map", "key": {"type": "string"}, "value": {"type": "string", "max": 1}},
            {"a": "b"},
            {"a": "bc"},
            "Name.a: 2 characters, and the most is 1",
        ),
    ],
)
def test_a_value_that_breaks_a_rule_of_its_shape(
    rules: dict[str, Any], valid: object, invalid: object, problem: str
) -> None:
    assert problems_of(rules, valid) == []
    assert problems_of(rules, invalid) == [problem]


@pytest.mark.parametrize(
    ("java", "valid", "invalid"),
    [
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "für Tag 1/2", "a\x01"),
        (r"\p{ASCII}*", "abc", "ü"),
        (r"\p{Print}+", "a b", "a\n"),
        (r"[\P{M}]+", "abc", "a\u0301"),
        (r"[\w-_]*", "a-b_c", "a b"),
        (r"[\w-\/.]+", "a-b/c.d", "a b"),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*", "a\U0001f600", "\x01"),
        (r"\w+", "abc", "ü"),
        (r"[\]\p{Upper}]+", "A]", "a"),
    ],
)
def test_a_pattern_means_in_python_what_it_means_in_java(java: str, valid: str, invalid: str) -> None:
    assert compile_pattern(java).fullmatch(valid)
    assert not compile_pattern(java).fullmatch(invalid)


@pytest.mark.parametrize("java", ["[a-z&&[^b]]", r"\p{IsWhitespace}", "[a--b]", "("])
def test_a_pattern_without_an_equivalent_is_refused_and_not_skipped(java: str) -> None:
    with pytest.raises(UntranslatableError, match=re.escape(java[:1])):
        compile_pattern(java)


def test_every_pattern_of_every_service_in_use_has_an_equivalent() -> None:
    assert {"apigateway", "dynamodb", "lambda", "s3", "stepfunctions", "sts"} <= set(services())
    for service in services():
        model = botocore.session.get_session().get_service_model(service)
        for name in model.shape_names:
            pattern = model.shape_for(name).metadata.get("pattern")
            assert pattern is None or compile_pattern(pattern), name


INVALID_CALL = {"FunctionName": "no function", "InvocationType": "Later"}


@pytest.fixture
def invalid_call() -> Callable[[], Any]:
    """Invoke a function that cannot be; nothing listens where it would be sent."""
    return lambda: Aws("http://127.0.0.1:9").client("lambda").invoke(**INVALID_CALL)


def test_a_wrong_request_is_not_sent_and_is_kept(invalid_call: Callable[[], Any]) -> None:
    aws_request_checks.install()
    with pytest.raises(WrongRequestError, match=r"lambda\.Invoke: InvocationType: 'Later' is none of Event"):
        invalid_call()
    assert [problem.partition(": ")[2].partition(":")[0] for problem in aws_request_checks.problems] == [
        "FunctionName",
        "InvocationType",
    ]
    aws_request_checks.problems.clear()


def test_a_url_that_is_signed_is_a_request_too() -> None:
    with pytest.raises(WrongRequestError, match=r"s3\.GetObject: Key: 0 characters"):
        Aws("http://127.0.0.1:9").client("s3").generate_presigned_url("get_object", {"Bucket": "bucket", "Key": ""})
    aws_request_checks.problems.clear()


def test_what_is_wrong_on_purpose_is_let_through_by_its_name() -> None:
    with allowing("lambda.Invoke: FunctionName", "lambda.Invoke: InvocationType"):
        check_request("lambda", "Invoke", INVALID_CALL)
    with allowing("lambda.Invoke: FunctionName"), pytest.raises(WrongRequestError, match="InvocationType"):
        check_request("lambda", "Invoke", INVALID_CALL)
    with pytest.raises(WrongRequestError, match="FunctionName"):
        check_request("lambda", "Invoke", INVALID_CALL)
    aws_request_checks.problems.clear()


def test_a_child_process_checks_its_requests_and_does_not_get_the_projects_modules(tmp_path: Path) -> None:
    file = tmp_path / "problems"
    code = """
import importlib.util, botocore.session
assert importlib.util.find_spec("runtime") is None
session = botocore.session.Session()
session.set_credentials("test", "test")
try:
    session.create_client("lambda", "us-east-1").invoke(FunctionName="f", InvocationType="Later")
except AssertionError:
    pass
"""
    env = aws_request_checks.child_environment(file)
    subprocess.run([sys.executable, "-c", code], check=True, env=env, cwd=tmp_path)
    (problem,) = file.read_text(encoding="utf-8").splitlines()
    assert problem.startswith("lambda.Invoke: InvocationType: 'Later' is none of ")
