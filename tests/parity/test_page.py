"""`docs/parity.md` has a row for everything that the product relies on, and names what exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import get_session

from integration_tests.parity.machines import MACHINES, definition
from tests.components.support.adapter_calls import names_of, services
from tests.components.support.harness import REPOSITORY, deploy
from tests.components.support.runtime_source import RUNTIME, module_of
from tests.components.support.service_permissions import states
from tests.components.support.variants import variants
from tools.parity.implementations import IMPLEMENTATIONS, MOTO

PAGE = (REPOSITORY / "docs" / "parity.md").read_text(encoding="utf-8")
BY_HAND = {"dynoxide", "terraform-provider-aws"}
PINNED = {"MiniStack": "ministack", "moto": "moto"}  # name -> package of `uv.lock`
SERVICES = {
    "apigatewaymanagementapi",
    "dynamodb",
    "events",
    "lambda",
    "s3",
    "secretsmanager",
    "ssm",
    "stepfunctions",
    "sts",
}


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its head."""
    section = re.split(rf"^## {heading}$", PAGE, flags=re.MULTILINE)[1].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def implementations() -> dict[str, str]:
    return {name: version for name, version, *_ in rows("Implementations")}


def called_operations() -> set[str]:
    """Return `service:Operation` of every call in an adapter, by its name in the source."""
    operations = set()
    for path in (RUNTIME / "adapters").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        words |= {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        for service in services(module_of(f"runtime.adapters.{path.stem}")):
            operations |= {f"{service}:{operation}" for name, operation in names_of(service).items() if name in words}
    return operations


def integrated_operations() -> set[str]:
    """Return `service:Operation` of every task of a state machine."""
    operations = set()
    for name in MACHINES:
        for _, state in states(definition(name)):
            if state["Type"] == "Task":
                service, operation = re.findall(r"(\w+):(\w+)(?:\.\w+)?$", state["Resource"])[0]
                operations.add(f"{service}:{operation[0].upper()}{operation[1:]}")
    return operations


def quoted(cells: Sequence[str], pattern: str) -> set[str]:
    return {text for cell in cells for text in re.findall(r"`([^`]+)`", cell) if re.fullmatch(pattern, text)}


def test_every_operation_has_a_row_and_every_row_an_operation() -> None:
    called = called_operations()
    assert {operation.partition(":")[0] for operation in called} == SERVICES, "or an adapter was not read"
    assert quoted([row[0] for row in rows("Calls")], r"\w+:\w+") == called | integrated_operations()


def test_every_named_operation_is_one_of_aws() -> None:
    for text in quoted([row[0] for row in rows("Calls")], r"\w+:\w+"):
        service, _, operation = text.partition(":")
        assert operation in get_session().get_service_model(service).operation_names
        assert xform_name(operation) in names_of(service)


def test_every_registered_type_has_a_row_and_every_row_a_type() -> None:
    registered = {item.type for args in variants().values() for item in deploy(args).custom}
    assert {f"aws:{kind}" for kind in quoted([row[1] for row in rows("Resources")], r"\w+/\w+:\w+")} == registered


def test_every_type_of_state_has_a_row() -> None:
    used = {state["Type"] for name in MACHINES for _, state in states(definition(name))}
    (row,) = [row for row in rows("Features") if row[0].startswith("Step Functions: each transition")]
    assert used <= quoted(row, r"[A-Z][a-z]+")


def test_the_versions_are_the_pinned_ones() -> None:
    listed = implementations()
    lock = (REPOSITORY / "uv.lock").read_text(encoding="utf-8")
    expected = {item.name: item.version for item in IMPLEMENTATIONS if item is not MOTO}
    for name, package in PINNED.items():
        expected[name] = re.findall(rf'^name = "{package}"\nversion = "(\S+)"', lock, re.MULTILINE)[0]
    assert {name: version for name, version in listed.items() if name not in BY_HAND} == expected
    assert MOTO.version == expected["moto"], "the server and the library are of one version"


def test_every_implementation_that_a_row_names_is_listed_and_every_listed_one_is_named() -> None:
    columns = {"Calls": 1, "Features": 1, "Resources": 2}
    named = {name for table, column in columns.items() for row in rows(table) for name in row[column].split(", ")}
    assert named == set(implementations())


def named_tests() -> Iterator[Any]:
    for row in [*rows("Calls"), *rows("Features")]:
        tests = quoted(row[2:3], r"[a-z_0-9/]+\.py::test_\w+")
        yield pytest.param(row[0], tests, id=row[0][:40])


@pytest.mark.parametrize(("row", "tests"), list(named_tests()))
def test_the_tests_of_a_row_exist(row: str, tests: set[str]) -> None:
    assert tests, f"{row} names no test"
    for test in tests:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (REPOSITORY / file).read_text(encoding="utf-8") or name in _imported(file), test


def _imported(file: str) -> set[str]:
    """Return the tests that a module takes from another one."""
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    return {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}


def test_every_row_names_a_check_on_aws_that_exists_and_every_check_is_named() -> None:
    numbers = set(re.findall(r"^(\d+)\. \*\*", PAGE, re.MULTILINE))
    named = {number for row in [*rows("Calls"), *rows("Features")] for number in re.findall(r"\d+", row[4])}
    named |= set(re.findall(r"\d+", re.findall(r"On AWS: checks ([\d and]+)\.", PAGE)[0]))
    assert named == numbers
    assert all(re.findall(r"\d+", row[4]) for row in [*rows("Calls"), *rows("Features")])
