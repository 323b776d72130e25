"""Parse the runtime's source: definitions that a module reaches, and its uses of ports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.components.support.harness import REPOSITORY

RUNTIME = REPOSITORY / "runtime"
Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class Module:
    """Module of the runtime, with its definitions and its imports."""

    name: str
    definitions: dict[str, Definition]
    imports: dict[str, str]

    def resolve(self, node: ast.AST) -> tuple[str, str] | None:
        """Return module and name of the runtime's definition that an expression refers to, or None."""
        if isinstance(node, ast.Name):
            if node.id in self.definitions:
                return self.name, node.id
            module, _, name = self.imports.get(node.id, "").rpartition(".")
            return (module, name) if name and _exists(module) else None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = self.imports.get(node.value.id, "")
            return (module, node.attr) if _exists(module) else None
        return None


@cache
def module_of(name: str) -> Module:
    """Parse a module."""
    path = REPOSITORY.joinpath(*name.split("."))
    tree = ast.parse(
        (path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py").read_text(
            encoding="utf-8"
        )
    )
    definitions: dict[str, Definition] = {}
    imports: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            definitions |= {target.id: node for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            imports |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return Module(name, definitions, imports)


def port_name(protocol: str) -> str:
    """Return how code names a port: `IdleCloser` -> `idle_closer`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", protocol).lower()


@cache
def ports() -> dict[str, set[str]]:
    """Return the methods of each port, by the name of variables that hold it."""
    target = {}
    for name, node in module_of("runtime.ports").definitions.items():
        if isinstance(node, ast.ClassDef) and any(
            isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases
        ):
            target[port_name(name)] = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    return target


def reach(start: Module) -> tuple[list[tuple[Module, Definition]], dict[str, Module]]:
    """Return the definitions that a module reaches, and the modules of the adapters among them by name."""
    todo = [(start.name, name) for name in start.definitions]
    visited: set[tuple[str, str]] = set()
    logic: list[tuple[Module, Definition]] = []
    adapters: dict[str, Module] = {}
    while todo:
        module_name, name = todo.pop()
        if (module_name, name) in visited or module_name == "runtime.ports":
            continue
        visited.add((module_name, name))
        module = module_of(module_name)
        definition = module.definitions.get(name)
        if definition is None:
            continue
        if module.name.startswith("runtime.adapters."):
            adapters[name] = module
            continue
        logic.append((module, definition))
        todo += [target for node in ast.walk(definition) if (target := module.resolve(node))]
    return logic, adapters


def port_uses(definition: Definition) -> Iterator[tuple[str, str, str | None]]:
    """Yield port, method, and the setting in the first argument of each call (`self.fail_function`)."""
    port_methods = ports()
    arguments = {id(node.func): node.args for node in ast.walk(definition) if isinstance(node, ast.Call)}
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            port = (node.value.id if isinstance(node.value, ast.Name) else node.value.attr).lstrip("_")
            if node.attr in port_methods.get(port, ()):
                first = next(iter(arguments.get(id(node), ())), None)
                yield port, node.attr, first.attr if isinstance(first, ast.Attribute) else None


def _exists(module: str) -> bool:
    path = REPOSITORY.joinpath(*module.split("."))
    return module.startswith("runtime") and (path.with_suffix(".py").exists() or path.is_dir())
