"""Async downloads as one Pulumi component: ask over REST, be told over a WebSocket, fetch from S3."""

from async_download.args import AsyncDownloadArgs, Authorizer, AuthorizerKind, ExecutionType, Origin, RestAuth
from async_download.checks import InvalidSetting
from async_download.component import AsyncDownload

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
