"""The WebSocket API's @connections."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.config import Config
from botocore.exceptions import ClientError

from runtime.adapters import aws
from runtime.errors import ConnectionGoneError

_IMPATIENT = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 1},  # tried again by the logic, which knows how old it is
    max_pool_connections=32,
)


@dataclass(frozen=True)
class ManagementSockets:
    """`ports.Sockets`. The endpoint comes from the stack, never from an event."""

    management_url: str

    def post(self, connection_id: str, data: bytes) -> None:
        """Send a message."""
        client = aws.client("apigatewaymanagementapi", _IMPATIENT, self.management_url)
        with aws.safe_errors("PostToConnection"):
            try:
                client.post_to_connection(ConnectionId=connection_id, Data=data)
            except ClientError as error:
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
                if aws.code_of(error) == "GoneException" or status == 410:
                    raise ConnectionGoneError(connection_id) from None
                raise
