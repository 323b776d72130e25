"""Read from the source of an adapter which operations of AWS a method calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import botocore.session
from botocore import xform_name

from tests.components.support.runtime_source import Module, module_of

PARTS_OF_A_TRANSACTION = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}


class Call(NamedTuple):
    """Call of an operation.

    `setting` is the handler's setting that names the target; `requires_setting` the one without which the handler does
    not create the adapter; `signed` calls are made later, by the holder of a pre-signed URL.
    """

    service: str
    operation: str
    setting: str | None = None
    signed: bool = False
    requires_setting: str | None = None


def operations(module: Module, adapter: ast.ClassDef, method: str) -> set[Call]:
    """Return the calls of a method; `setting` is the adapter's field with the table or bucket, or its first field."""
    nodes = list(_nodes_of_method(adapter, method))
    names = {name: service for service in services(module) for name in names_of(service)}
    signed = {id(node.args[0]) for node in nodes if _is_signing(node)}  # type: ignore[attr-defined]
    tables = [table for node in nodes for table in _fields_passed_as(node, "TableName")]
    buckets = [bucket for node in nodes for bucket in _fields_passed_as(node, "Bucket")]
    calls: set[Call] = set()
    for node in nodes:
        name = node.attr if isinstance(node, ast.Attribute) else node.value if isinstance(node, ast.Constant) else None
        if not isinstance(name, str) or name not in names:
            continue
        service, operation = names[name], names_of(names[name])[name]
        if operation == "TransactWriteItems":
            calls |= {Call(service, part, table) for part, table in _transaction(nodes)}
        elif service == "dynamodb":
            assert len(set(tables)) == 1, f"{adapter.name}.{method}: which table?"
            calls.add(Call(service, operation, tables[0]))
        else:
            about = buckets[0] if service == "s3" else next(iter(fields(adapter)), None)
            calls.add(Call(service, operation, about, signed=id(node) in signed))
    assert calls, f"{adapter.name}.{method} calls nothing in AWS that is known here"
    return calls


def fields(adapter: ast.ClassDef) -> list[str]:
    """Return the names of an adapter's fields, in order."""
    targets = [item.target for item in adapter.body if isinstance(item, ast.AnnAssign)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _nodes_of_method(adapter: ast.ClassDef, method: str) -> Iterator[ast.AST]:
    """Yield the nodes of a method and of the methods of its class that it calls."""
    methods = {item.name: item for item in adapter.body if isinstance(item, ast.FunctionDef)}
    todo, visited = [method], set()
    while todo:
        name = todo.pop()
        if name in visited:
            continue
        visited.add(name)
        for node in ast.walk(methods[name]):
            yield node
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
                todo += [node.attr] if node.attr in methods else []


def services(module: Module) -> set[str]:
    """Return the services that a module, or the adapters' module of tables that it imports, creates clients of."""
    service_names = set()
    modules = [module, *(module_of(name) for name in module.imports.values() if name == "runtime.adapters.tables")]
    for definition in (definition for imported in modules for definition in imported.definitions.values()):
        for node in ast.walk(definition):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                first = node.args[0]
                if node.func.attr in ("client", "create_client") and isinstance(first, ast.Constant):
                    service_names.add(str(first.value))
    return service_names


@cache
def names_of(service: str) -> dict[str, str]:
    """Return the operation of each method of a client."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(operation): operation for operation in model.operation_names}


def _is_signing(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "generate_presigned_url"
    )


def _fields_passed_as(node: ast.AST, parameter: str) -> Iterator[str]:
    """Yield the fields of an adapter that are passed as a parameter, such as `TableName`."""
    pairs: list[tuple[object, ast.expr | None]] = []
    if isinstance(node, ast.Dict):
        keys = (key.value if isinstance(key, ast.Constant) else None for key in node.keys)
        pairs = list(zip(keys, node.values, strict=True))
    elif isinstance(node, ast.keyword):
        pairs = [(node.arg, node.value)]
    for key, value in pairs:
        if key == parameter:
            assert isinstance(value, ast.Attribute), f"{parameter} is a field of its adapter"
            yield value.attr


def _transaction(nodes: list[ast.AST]) -> Iterator[tuple[str, str]]:
    """Yield action and table of each part of a transaction: `[{"Put": put}, ...]` with `put = {"TableName": ...}`."""
    assigned = {
        node.targets[0].id: node.value
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in nodes:
        if isinstance(node, ast.keyword) and node.arg == "TransactItems":
            assert isinstance(node.value, ast.List), "the parts of a transaction are written out"
            for part in node.value.elts:
                assert isinstance(part, ast.Dict)
                assert isinstance(part.keys[0], ast.Constant)
                assert isinstance(part.values[0], ast.Name)
                (table,) = _fields_passed_as(assigned[part.values[0].id], "TableName")
                yield PARTS_OF_A_TRANSACTION[str(part.keys[0].value)], table
