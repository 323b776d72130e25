"""What a handler can call in AWS, read from the runtime's source: handler -> logic -> port -> adapter -> boto3.

Nothing is run. From a handler's module every function and class that its code names is followed. A port is known by its
name (`downloads`, `self._downloads`: a test holds the runtime to it), its adapter by its docstring (`ports.Downloads`),
and a call to AWS by being called like an operation of a service that the adapter makes a client of.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from tests.components.support.adapter_calls import Call, fields, operations, services
from tests.components.support.runtime_source import (
    RUNTIME,
    Definition,
    Module,
    module_of,
    port_name,
    port_uses,
    ports,
    reach,
)

NOT_TAKEN = {  # handler, port, method: a branch of code that handlers share, and why this one never takes it
    ("deliver", "copies", "release"): "deliver ends what is READY",
    ("fail", "copies", "finish"): "fail ends what is not",
}


@cache
def calls_of(handler: str) -> frozenset[Call]:
    """Every call to AWS that a handler can come to."""
    logic, adapters = reach(module_of(f"runtime.handlers.{handler}"))
    builders = [definition for module, definition in logic if module.name.startswith("runtime.handlers.")]
    calls: set[Call] = set()
    for module, definition in logic:
        for port, method, argument in port_uses(definition):
            if port not in aws_ports() or (handler, port, method) in NOT_TAKEN:
                continue
            adapter = _adapter_of(port, adapters, f"{module.name} for {handler}")
            told, only_with = _told(builders, adapter[1])
            for call in operations(*adapter, method):
                named = argument if call.service == "lambda" else told.get(call.told or "")
                calls.add(call._replace(told=named, only_with=only_with))
    return frozenset(calls)


def port_methods(handler: str) -> set[tuple[str, str]]:
    """Return (port, method) of every method of a port of AWS that a handler can call."""
    logic, _ = reach(module_of(f"runtime.handlers.{handler}"))
    uses = {(port, method) for _, definition in logic for port, method, _ in port_uses(definition)}
    return {(port, method) for port, method in uses if port in aws_ports() and (handler, port, method) not in NOT_TAKEN}


@cache
def aws_ports() -> frozenset[str]:
    """The ports whose adapters make clients of AWS; time and the origins' HTTP are others'."""
    found = set()
    for path in (RUNTIME / "adapters").glob("*.py"):
        module = module_of(f"runtime.adapters.{path.stem}")
        for node in module.definitions.values():
            if isinstance(node, ast.ClassDef) and services(module):
                found |= {port for port in ports() if _is_adapter_of(node, port)}
    return frozenset(found)


def _is_adapter_of(node: ast.ClassDef, port: str) -> bool:
    return port in map(port_name, re.findall(r"`ports\.(\w+)`", ast.get_docstring(node) or ""))


def _adapter_of(port: str, adapters: dict[str, Module], where: str) -> tuple[Module, ast.ClassDef]:
    """The one adapter among those that a handler wires that says it is this port's."""
    found = []
    for name, module in adapters.items():
        node = module.definitions[name]
        if isinstance(node, ast.ClassDef) and _is_adapter_of(node, port):
            found.append((module, node))
    assert len(found) == 1, f"{where} uses {port}: which of {sorted(adapters)} is its adapter?"
    return found[0]


def _told(builders: list[Definition], adapter: ast.ClassDef) -> tuple[dict[str, str], str | None]:
    """Field of an adapter -> the handler's setting that it is made with; and the setting without which it is not."""
    for node, only_with in _nodes_of(builders):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == adapter.name:
            given = zip(fields(adapter), node.args, strict=False)
            return {field: each.attr for field, each in given if isinstance(each, ast.Attribute)}, only_with
    return {}, None


def _nodes_of(definitions: list[Definition]) -> Iterator[tuple[ast.AST, str | None]]:
    """Every node, and the setting on which it depends: `... if settings.copies_table else None`."""
    todo: list[tuple[ast.AST, str | None]] = [(definition, None) for definition in definitions]
    while todo:
        node, only_with = todo.pop()
        yield node, only_with
        if isinstance(node, ast.IfExp) and isinstance(node.test, ast.Attribute):
            only_with = node.test.attr
        todo += [(child, only_with) for child in ast.iter_child_nodes(node)]
