"""The WebSocket API's @connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from runtime.adapters import aws
from runtime.errors import ConnectionGoneError

_FAST = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={
        "mode": "standard",
        "total_max_attempts": 1,
    },  # the logic retries, depending on the connection's age
    max_pool_connections=32,
)


@dataclass(frozen=True)
class ManagementSockets:
    """`ports.Sockets`. The endpoint comes from the stack, never from an event."""

    management_url: str

    def warm_up(self) -> None:
        """Prepare the first call."""
        aws.open_connection(self._client, "get_connection", ConnectionId="none")

    def post(self, connection_id: str, data: bytes) -> None:
        """Send a message."""
        with _errors("PostToConnection", connection_id):
            self._client.post_to_connection(ConnectionId=connection_id, Data=data)

    def is_open(self, connection_id: str) -> bool:
        """Return whether API Gateway still has it."""
        try:
            with _errors("GetConnection", connection_id):
                self._client.get_connection(ConnectionId=connection_id)
        except ConnectionGoneError:
            return False
        return True

    def close(self, connection_id: str) -> None:
        """Close it."""
        with _errors("DeleteConnection", connection_id):
            self._client.delete_connection(ConnectionId=connection_id)

    @property
    def _client(self) -> Any:
        return aws.client("apigatewaymanagementapi", _FAST, self.management_url)


@contextmanager
def _errors(operation: str, connection_id: str) -> Iterator[None]:
    with aws.safe_errors(operation):
        try:
            yield
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if aws.code_of(error) == "GoneException" or status == 410:
                raise ConnectionGoneError(connection_id) from None
            raise
