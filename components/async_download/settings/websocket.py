"""The WebSocket API."""

from dataclasses import dataclass
from typing import Self

import pulumi

from async_download.settings.domain import certificate_arn, domain_name, require_both
from async_download.settings.setting import Group, number


@dataclass(frozen=True)
class WebSocket(Group):
    """Connections of the WebSocket API."""

    max_connections_per_download: int = number(10, 1, 100, "Connections that may wait for one download at once.")
    idle_timeout_seconds: int = number(
        120,
        10,  # the handshake of a younger connection may still be running
        240,
        "Seconds until a connection that is idle after the end of its download is closed.",
        zero="never",
    )
    reserved_concurrency: int = number(
        0, 1, 10_000, "Reserved concurrency of the function that accepts connections.", zero="none"
    )
    domain_name: str = domain_name(
        "Custom domain of the WebSocket API, another one than `api.domain_name`. Functions post to `execute-api`."
    )
    certificate_arn: pulumi.Input[str] | None = certificate_arn()

    def validated(self, path: str) -> Self:
        """Refuse half a custom domain."""
        require_both(path, self.domain_name, self.certificate_arn)
        return self
