"""What least privilege is proved with, the reading of the runtime's source, misses nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from async_download.functions import FUNCTIONS

from tests.components.support.adapter_calls import Call, names_of, services
from tests.components.support.function_permissions import rights
from tests.components.support.harness import deploy
from tests.components.support.runtime_calls import NOT_TAKEN, aws_ports, calls_of
from tests.components.support.runtime_source import RUNTIME, module_of, port_name, port_uses, reach

LOGIC = sorted([*(RUNTIME / "logic").rglob("*.py"), *(RUNTIME / "handlers").glob("*.py")])
ADAPTERS = sorted(path.stem for path in (RUNTIME / "adapters").glob("*.py") if path.stem != "__init__")


def annotated(path: Path) -> Iterator[tuple[str, str]]:
    """Name and annotation of every parameter and field."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.arg) and node.annotation is not None:
            yield node.arg, ast.unparse(node.annotation)
        elif isinstance(node, ast.AnnAssign):
            yield ast.unparse(node.target), ast.unparse(node.annotation)


@pytest.mark.parametrize("path", LOGIC, ids=lambda path: path.stem)
def test_whoever_holds_a_port_calls_it_by_its_name(path: Path) -> None:
    """`downloads: Downloads`, or `self._downloads`: that is how its calls are found."""
    for name, annotation in annotated(path):
        port = port_name(annotation.removeprefix("ports."))
        if port in aws_ports():
            assert name.removeprefix("self.").lstrip("_") == port, f"{name}: {annotation}"


def test_the_calls_of_two_handlers_are_those_that_their_code_shows() -> None:
    assert calls_of("disconnect") == {
        Call("dynamodb", "DeleteItem", "connections_table"),
        Call("dynamodb", "UpdateItem", "downloads_table"),
    }
    assert calls_of("connect") >= {
        Call("dynamodb", "GetItem", "downloads_table"),
        Call("dynamodb", "PutItem", "connections_table"),  # both in one transaction
        Call("dynamodb", "UpdateItem", "downloads_table"),
        Call("lambda", "Invoke", "deliver_function"),
    }


def test_a_call_that_a_setting_brings_about_says_so() -> None:
    made = {call: (call.told, call.only_with) for call in calls_of("deliver")}
    assert (None, "copies_table") in [made[call] for call in made if call.operation == "SendTaskSuccess"]
    assert ("copies_table", "copies_table") in made.values()
    assert None in {only_with for _, only_with in made.values()}


@pytest.mark.parametrize(("handler", "port", "method"), NOT_TAKEN)
def test_a_branch_that_is_said_not_to_be_taken_is_there(handler: str, port: str, method: str) -> None:
    """What is left out of the proof by hand, and why, is the code's and nobody's invention."""
    logic, _ = reach(module_of(f"runtime.handlers.{handler}"))
    assert (port, method) in {use[:2] for _, definition in logic for use in port_uses(definition)}


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_call_that_an_adapter_can_make_is_some_handlers(adapter: str) -> None:
    """An operation whose name stands in an adapter, and that no handler was seen to reach, would be unproved."""
    module = module_of(f"runtime.adapters.{adapter}")
    known = {name: operation for service in services(module) for name, operation in names_of(service).items()}
    words = {node.attr for node in nodes(module.definitions.values()) if isinstance(node, ast.Attribute)}
    words |= {str(node.value) for node in nodes(module.definitions.values()) if isinstance(node, ast.Constant)}
    seen = {call.operation for key in FUNCTIONS for call in calls_of(key)} | {"TransactWriteItems"}
    assert {known[word] for word in words if word in known} <= seen


def test_a_call_of_a_new_kind_is_not_passed_over() -> None:
    deployed = deploy()
    with pytest.raises(AssertionError, match="not known here"):
        list(rights(deployed, deployed.one("lambda/function:Function", "copy"), Call("sns", "Publish", "bucket")))


def nodes(definitions: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for definition in definitions:
        yield from ast.walk(definition)
