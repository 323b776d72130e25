"""The Downloads and Connections tables as a pair, and builders of their items."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from async_download.workflow.state_machine import definition

from runtime.adapters.connections import DynamoConnections
from runtime.adapters.downloads import DynamoDownloads
from runtime.models import Checksum, Connection, Download, Failure, Stored
from runtime.ports import Connections, Downloads
from tests.runtime.support.world import ARN, DOWNLOAD_ID

NOW = 1_800_000_000.5
STORED = Stored("downloads/x", 12, '"etag"', "text/csv", Checksum("CRC32", "AAAAAA=="), "ab" * 32)
FAILURE = Failure("ORIGIN_ERROR", "The origin answered HTTP 500.")
HASH = "a" * 64


class Store(NamedTuple):
    """Adapters of both tables."""

    downloads: Downloads
    connections: Connections


def create_table(client: Any, name: str, key: str) -> None:
    """Create an empty table as the component does."""
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def create_store(client: Any) -> Store:
    """Create both tables with this client and return their adapters."""
    create_table(client, "downloads", "executionArn")
    create_table(client, "connections", "connectionId")
    return Store(DynamoDownloads("downloads"), DynamoConnections("connections", "downloads"))


def await_copy_parameters() -> dict[str, Any]:
    """Return the parameters of the UpdateItem that the state machine sends to the table `copies`.

    References to the state's input are replaced by `x`: `{"S.$": "$.fileId"}` becomes `{"S": "x"}`.
    """
    arns = {key: f"arn:aws:lambda:x:y:function:{key}" for key in ("copy", "copy_slice", "complete", "deliver", "fail")}
    machine = definition(**arns, concurrency=1, seconds=1, copies="copies")
    parameters = json.dumps(machine["States"]["AwaitCopy"]["Parameters"])
    filled: dict[str, Any] = json.loads(re.sub(r'"(\w+)\.\$": "[^"]*"', r'"\1": "x"', parameters))
    return filled


def download(**fields: Any) -> Download:
    """Return a new download."""
    defaults: dict[str, Any] = {
        "execution_arn": ARN,
        "download_id": DOWNLOAD_ID,
        "origin": "reports",
        "path": "a/ü.csv",
        "owner": "iam:alice",
        "created_at": NOW,
        "updated_at": NOW,
        "expires_at": int(NOW) + 3600,
        "ticket_hashes": (HASH,),
    }
    return Download(**defaults | fields)


def connection(name: str = "c1", arn: str = ARN, ticket_generation: int = 0) -> Connection:
    """Return an open connection."""
    return Connection(name, arn, int(NOW * 1000), int(NOW) + 7200, ticket_generation=ticket_generation)


def get_download(store: Store) -> Download:
    """Return the download."""
    item = store.downloads.get(ARN)
    assert item is not None
    return item


def open_connection(
    store: Store, name: str = "c1", *, ticket_hash: str = HASH, limit: int = 2, now: float = NOW
) -> bool:
    """Open a connection; return False if it was refused."""
    return store.connections.open(connection(name), ticket_hash=ticket_hash, limit=limit, now=now)
