"""The reader of the runtime's source, on which the proof of least privilege rests, misses no call."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from async_download.functions import FUNCTIONS

from tests.components.support.adapter_calls import Call, names_of, services
from tests.components.support.function_permissions import permissions_of_call
from tests.components.support.harness import deploy
from tests.components.support.runtime_calls import NOT_TAKEN, aws_ports, calls_of
from tests.components.support.runtime_source import RUNTIME, module_of, port_name, port_uses, reach

LOGIC = sorted([*(RUNTIME / "logic").rglob("*.py"), *(RUNTIME / "handlers").glob("*.py")])
ADAPTERS = sorted(path.stem for path in (RUNTIME / "adapters").glob("*.py") if path.stem != "__init__")


def annotated(path: Path) -> Iterator[tuple[str, str]]:
    """Yield name and annotation of every parameter and field."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.arg) and node.annotation is not None:
            yield node.arg, ast.unparse(node.annotation)
        elif isinstance(node, ast.AnnAssign):
            yield ast.unparse(node.target), ast.unparse(node.annotation)


@pytest.mark.parametrize("path", LOGIC, ids=lambda path: path.stem)
def test_a_variable_of_a_port_has_the_name_of_the_port(path: Path) -> None:
    """Calls are found by `downloads: Downloads` or `self._downloads`."""
    for name, annotation in annotated(path):
        port = port_name(annotation.removeprefix("ports."))
        if port in aws_ports():
            assert name.removeprefix("self.").lstrip("_") == port, f"{name}: {annotation}"


def test_the_calls_of_two_handlers_are_found() -> None:
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


def test_a_call_that_depends_on_a_setting_names_it() -> None:
    calls = calls_of("deliver")
    resuming = {(call.setting, call.requires_setting) for call in calls if call.operation == "SendTaskSuccess"}
    assert resuming == {(None, "copies_table")}
    assert ("copies_table", "copies_table") in {(call.setting, call.requires_setting) for call in calls}
    assert None in {call.requires_setting for call in calls}


@pytest.mark.parametrize(("handler", "port", "method"), NOT_TAKEN)
def test_each_exception_is_a_call_in_the_code(handler: str, port: str, method: str) -> None:
    """Exceptions of the proof refer to calls that the code contains."""
    logic, _ = reach(module_of(f"runtime.handlers.{handler}"))
    assert (port, method) in {use[:2] for _, definition in logic for use in port_uses(definition)}


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_call_of_an_adapter_is_reached_by_a_handler(adapter: str) -> None:
    """An operation that no handler reaches would have no proof."""
    module = module_of(f"runtime.adapters.{adapter}")
    operations = {name: operation for service in services(module) for name, operation in names_of(service).items()}
    words = {node.attr for node in nodes(module.definitions.values()) if isinstance(node, ast.Attribute)}
    words |= {str(node.value) for node in nodes(module.definitions.values()) if isinstance(node, ast.Constant)}
    reached = {call.operation for key in FUNCTIONS for call in calls_of(key)} | {"TransactWriteItems"}
    assert {operations[word] for word in words if word in operations} <= reached


def test_a_call_of_an_unknown_service_is_refused() -> None:
    deployment = deploy()
    with pytest.raises(AssertionError, match="unknown target"):
        list(
            permissions_of_call(
                deployment, deployment.resource("lambda/function:Function", "copy"), Call("sns", "Publish", "bucket")
            )
        )


def nodes(definitions: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for definition in definitions:
        yield from ast.walk(definition)
