"""The requests of `$disconnect` to DynamoDB, counted on the emulator, with empty and with full tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runtime.logic.requests.disconnect import Disconnect
from tests.runtime.support.in_process import InProcess
from tests.runtime.support.stores import Store, create_store, download, open_connection

ROWS = 20
ROW_BYTES = 100_000  # together more than a page of a Scan, which ends at 1 MB


@pytest.fixture
def store(in_process: InProcess) -> Store:
    """Return empty tables."""
    return create_store(in_process.client("dynamodb"))


def fill_connections(in_process: InProcess, rows: int) -> None:
    """Store large connections of other downloads."""
    client = in_process.client("dynamodb")
    for number in range(rows):
        item = {"connectionId": {"S": f"other-{number}"}, "executionArn": {"S": "x" * ROW_BYTES}}
        client.put_item(TableName="connections", Item=item)


def recorded_requests(in_process: InProcess) -> list[tuple[str, str, dict[str, Any]]]:
    """Return operation, table and key of each request."""
    return [
        (str(request.headers["X-Amz-Target"], "ascii").rpartition(".")[2], body["TableName"], body["Key"])
        for request in in_process.requests
        for body in [json.loads(request.body)]
    ]


@pytest.mark.parametrize("rows", [0, ROWS])
def test_disconnect_sends_two_item_operations_by_key(in_process: InProcess, store: Store, rows: int) -> None:
    """It sends no Scan or Query and uses no index, whatever the size of the tables."""
    fill_connections(in_process, rows)
    arn = download().execution_arn
    store.downloads.create(download())
    assert open_connection(store)
    in_process.requests.clear()
    Disconnect(store.downloads, store.connections).run("c1")
    assert recorded_requests(in_process) == [
        ("DeleteItem", "connections", {"connectionId": {"S": "c1"}}),
        ("UpdateItem", "downloads", {"executionArn": {"S": arn}}),
    ]
    assert store.connections.get("c1") is None
    remaining = store.downloads.get(arn)
    assert remaining is not None
    assert not remaining.connection_ids
    scanned = in_process.client("dynamodb").scan(TableName="connections", Select="COUNT")
    assert ("LastEvaluatedKey" in scanned) is (rows > 0)
