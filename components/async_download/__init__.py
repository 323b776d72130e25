"""Async downloads as one Pulumi component: ask over REST, be told over a WebSocket, fetch from S3."""

from async_download.args import AsyncDownloadArgs, Authorizer, Origin
from async_download.component import AsyncDownload
from async_download.settings.auth import AuthorizerKind, RestAuth
from async_download.settings.checks import InvalidSetting
from async_download.settings.cloud import ExecutionType

__all__ = [
    "AsyncDownload",
    "AsyncDownloadArgs",
    "Authorizer",
    "AuthorizerKind",
    "ExecutionType",
    "InvalidSetting",
    "Origin",
    "RestAuth",
]
