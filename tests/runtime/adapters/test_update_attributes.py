"""Functions that may update some attributes only: their policies list what the adapters' requests name.

The emulator does not compare the attributes of updates, so this is shown from the requests themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.components.support.harness import deploy
from tests.components.support.runtime_calls import port_methods
from tests.runtime.support.adapter_requests import TABLES, Request, record_requests
from tests.runtime.support.in_process import InProcess

LIMITED = ("connect", "disconnect")


@pytest.fixture
def requests(in_process: InProcess) -> list[Request]:
    """Return every request that the adapters send."""
    return list(record_requests(in_process))


def updates(requests: list[Request], handler: str, table: str) -> Iterator[Mapping[str, Any]]:
    """Yield the updates of a table that a handler can send, on their own or in a transaction."""
    methods = {f"Dynamo{port.capitalize()}.{method}" for port, method in port_methods(handler)}
    for request in requests:
        if request.method in methods:
            parts = request.parameters.get("TransactItems", [])
            alone = [request.parameters] if request.operation == "UpdateItem" else []
            for update in (*alone, *(part["Update"] for part in parts if "Update" in part)):
                if update["TableName"] == table:
                    yield update


def condition(handler: str) -> Mapping[str, Any]:
    """Return the condition under which a function may update downloads; there is one statement that allows it."""
    statements = [
        item
        for item in deploy().statements(handler)
        if item["Resource"].endswith("-downloads") and "dynamodb:UpdateItem" in item["Action"]
    ]
    assert len(statements) == 1, handler
    assert statements[0]["Action"] == "dynamodb:UpdateItem"
    assert set(statements[0]["Condition"]) == {"ForAllValues:StringEquals", "StringEqualsIfExists"}
    limits: Mapping[str, Any] = statements[0]["Condition"]
    return limits


@pytest.mark.security
@pytest.mark.parametrize("handler", LIMITED)
def test_a_limited_function_may_update_exactly_the_attributes_that_it_names(
    requests: list[Request], handler: str
) -> None:
    """Every name in an expression is an alias (test_expressions.py), so the aliases are all attributes besides keys."""
    sent = list(updates(requests, handler, "downloads"))
    assert sent
    named = {name for update in sent for name in (*update["Key"], *update["ExpressionAttributeNames"].values())}
    assert condition(handler)["ForAllValues:StringEquals"] == {"dynamodb:Attributes": sorted(named)}
    assert TABLES["downloads"] in named, "AWS asks for the key of the table"


@pytest.mark.security
@pytest.mark.parametrize("handler", LIMITED)
def test_a_limited_update_returns_nothing(requests: list[Request], handler: str) -> None:
    """In a transaction it could return the item on a failed condition, which is not `ReturnValues`."""
    assert condition(handler)["StringEqualsIfExists"] == {"dynamodb:ReturnValues": "NONE"}
    for update in updates(requests, handler, "downloads"):
        assert not {key for key in update if key.startswith("ReturnValues")}
