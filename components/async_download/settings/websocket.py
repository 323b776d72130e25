"""The WebSocket API."""

from dataclasses import dataclass

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
