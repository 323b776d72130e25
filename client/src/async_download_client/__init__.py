"""Downloader for async-download stacks: requests a file, waits on the WebSocket, downloads and verifies it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from async_download_client.auth import ApiKey, Auth, Bearer, Iam, OutgoingRequest
from async_download_client.client import Client, ClientOptions, GetOptions
from async_download_client.errors import (
    AsyncDownloadError,
    ChecksumMismatchError,
    CorruptError,
    CredentialsError,
    DownloadCancelledError,
    DownloadFailedError,
    FileError,
    InsecureUrlError,
    LinkRefusedError,
    NetworkError,
    ObjectChangedError,
    ProtocolError,
    ProxyError,
    RefusedError,
    SizeMismatchError,
    StoppedError,
    TooManyDownloadsError,
    UnavailableError,
    WaitTimeoutError,
)
from async_download_client.events import (
    Checking,
    Connected,
    Disconnected,
    Event,
    FileReady,
    Polling,
    Preparing,
    Progress,
    Received,
    Renewed,
    Requested,
    Resumed,
    Retrying,
    Saved,
    Verified,
)
from async_download_client.messages import parse_download
from async_download_client.models import Checksum, Download, ReadyFile, Status
from async_download_client.stop import StopSignal
from async_download_client.timing import Timing

if TYPE_CHECKING:
    from async_download_client.aio import AsyncClient

__all__ = [
    "ApiKey",
    "AsyncClient",
    "AsyncDownloadError",
    "Auth",
    "Bearer",
    "Checking",
    "Checksum",
    "ChecksumMismatchError",
    "Client",
    "ClientOptions",
    "Connected",
    "CorruptError",
    "CredentialsError",
    "Disconnected",
    "Download",
    "DownloadCancelledError",
    "DownloadFailedError",
    "Event",
    "FileError",
    "FileReady",
    "GetOptions",
    "Iam",
    "InsecureUrlError",
    "LinkRefusedError",
    "NetworkError",
    "ObjectChangedError",
    "OutgoingRequest",
    "Polling",
    "Preparing",
    "Progress",
    "ProtocolError",
    "ProxyError",
    "ReadyFile",
    "Received",
    "RefusedError",
    "Renewed",
    "Requested",
    "Resumed",
    "Retrying",
    "Saved",
    "SizeMismatchError",
    "Status",
    "StopSignal",
    "StoppedError",
    "Timing",
    "TooManyDownloadsError",
    "UnavailableError",
    "Verified",
    "WaitTimeoutError",
    "parse_download",
]


def __getattr__(name: str) -> Any:
    """Import `AsyncClient` when it is used: asyncio takes as long to load as all the rest."""
    if name == "AsyncClient":
        from async_download_client.aio import AsyncClient

        return AsyncClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
