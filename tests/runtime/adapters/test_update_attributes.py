"""Functions that may update some attributes only: their policies list the attributes of the adapters' requests.

The emulator does not check the attributes of updates, so the requests themselves are compared.
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
            single_updates = [request.parameters] if request.operation == "UpdateItem" else []
            for update in (*single_updates, *(part["Update"] for part in parts if "Update" in part)):
                if update["TableName"] == table:
                    yield update


def condition(handler: str) -> Mapping[str, Any]:
    """Return the condition of the only statement that allows a function to update downloads."""
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
def test_limited_function_may_update_exactly_the_attributes_of_its_requests(
    requests: list[Request], handler: str
) -> None:
    """Every name in an expression is an alias, so the aliases are all attributes besides keys."""
    sent_updates = list(updates(requests, handler, "downloads"))
    assert sent_updates
    attributes = {
        name for update in sent_updates for name in (*update["Key"], *update["ExpressionAttributeNames"].values())
    }
    assert condition(handler)["ForAllValues:StringEquals"] == {"dynamodb:Attributes": sorted(attributes)}
    assert TABLES["downloads"] in attributes, "AWS asks for the key of the table"


@pytest.mark.security
@pytest.mark.parametrize("handler", LIMITED)
def test_limited_update_returns_nothing(requests: list[Request], handler: str) -> None:
    """In a transaction it could return the item on a failed condition, which is not `ReturnValues`."""
    assert condition(handler)["StringEqualsIfExists"] == {"dynamodb:ReturnValues": "NONE"}
    for update in updates(requests, handler, "downloads"):
        assert not {key for key in update if key.startswith("ReturnValues")}
