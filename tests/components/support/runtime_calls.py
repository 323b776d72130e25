"""Read from the runtime's source which operations of AWS a handler can call.

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

NOT_TAKEN = {  # handler, port, method: a branch of shared code that the handler never takes, and the reason
    ("deliver", "copies", "release"): "deliver ends what is READY",
    ("fail", "copies", "finish"): "fail ends what is not",
}


@cache
def calls_of(handler: str) -> frozenset[Call]:
    """Return every call to AWS that a handler can reach."""
    logic, adapters = reach(module_of(f"runtime.handlers.{handler}"))
    builders = [definition for module, definition in logic if module.name.startswith("runtime.handlers.")]
    calls: set[Call] = set()
    for module, definition in logic:
        for port, method, argument in port_uses(definition):
            if port not in aws_ports() or (handler, port, method) in NOT_TAKEN:
                continue
            adapter = _adapter_of(port, adapters, f"{module.name} for {handler}")
            setting_of_field, requires_setting = _settings_of_adapter(builders, adapter[1])
            for call in operations(*adapter, method):
                target = argument if call.service == "lambda" else setting_of_field.get(call.setting or "")
                calls.add(call._replace(setting=target, requires_setting=requires_setting))
    return frozenset(calls)


def port_methods(handler: str) -> set[tuple[str, str]]:
    """Return (port, method) of every method of a port of AWS that a handler can call."""
    logic, _ = reach(module_of(f"runtime.handlers.{handler}"))
    uses = {(port, method) for _, definition in logic for port, method, _ in port_uses(definition)}
    return {(port, method) for port, method in uses if port in aws_ports() and (handler, port, method) not in NOT_TAKEN}


@cache
def aws_ports() -> frozenset[str]:
    """Return the ports whose adapters create clients of AWS, unlike those for time and for the HTTP of origins."""
    matches = set()
    for path in (RUNTIME / "adapters").glob("*.py"):
        module = module_of(f"runtime.adapters.{path.stem}")
        for node in module.definitions.values():
            if isinstance(node, ast.ClassDef) and services(module):
                matches |= {port for port in ports() if _is_adapter_of(node, port)}
    return frozenset(matches)


def _is_adapter_of(node: ast.ClassDef, port: str) -> bool:
    return port in map(port_name, re.findall(r"`ports\.(\w+)`", ast.get_docstring(node) or ""))


def _adapter_of(port: str, adapters: dict[str, Module], where: str) -> tuple[Module, ast.ClassDef]:
    """Return the adapter of a port among those that a handler uses."""
    matches = []
    for name, module in adapters.items():
        node = module.definitions[name]
        if isinstance(node, ast.ClassDef) and _is_adapter_of(node, port):
            matches.append((module, node))
    assert len(matches) == 1, f"{where} uses {port}: which of {sorted(adapters)} is its adapter?"
    return matches[0]


def _settings_of_adapter(builders: list[Definition], adapter: ast.ClassDef) -> tuple[dict[str, str], str | None]:
    """Return the handler's setting behind each field of an adapter, and the setting that the adapter depends on."""
    for node, requires_setting in _nodes_of(builders):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == adapter.name:
            arguments = zip(fields(adapter), node.args, strict=False)
            return {
                field: value.attr for field, value in arguments if isinstance(value, ast.Attribute)
            }, requires_setting
    return {}, None


def _nodes_of(definitions: list[Definition]) -> Iterator[tuple[ast.AST, str | None]]:
    """Yield every node, and the setting on which it depends: `... if settings.copies_table else None`."""
    todo: list[tuple[ast.AST, str | None]] = [(definition, None) for definition in definitions]
    while todo:
        node, requires_setting = todo.pop()
        yield node, requires_setting
        if isinstance(node, ast.IfExp) and isinstance(node.test, ast.Attribute):
            requires_setting = node.test.attr
        todo += [(child, requires_setting) for child in ast.iter_child_nodes(node)]
