"""WebSocket: $default and the actions status, refresh, cancel, ping."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cache

from runtime import config
from runtime.adapters import startup
from runtime.adapters.clock import SystemClock
from runtime.adapters.connections import DynamoConnections
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.executions import StepFunctions
from runtime.adapters.functions import LambdaFunctions
from runtime.adapters.signer import RoleSigner
from runtime.adapters.sockets import ManagementSockets
from runtime.handlers.boundary import Event, web_socket
from runtime.logic.ending.cancel import Cancel
from runtime.logic.ending.reconcile import Reconcile
from runtime.logic.requests.message import ClientMessage
from runtime.logic.sockets.download_messages import DownloadMessages


@dataclass(frozen=True)
class Settings:
    """The environment variables."""

    downloads_table: str
    connections_table: str
    state_machine_arn: str
    management_url: str
    bucket: str
    signer_role_arn: str
    url_expires_seconds: int
    fail_function: str


@cache
def build_use_case() -> ClientMessage:
    """Build the use case on AWS."""
    settings = config.load(Settings)
    downloads, clock, functions = DynamoDownloads(settings.downloads_table), SystemClock(), LambdaFunctions()
    executions = StepFunctions(settings.state_machine_arn)
    sockets = ManagementSockets(settings.management_url)
    signer = RoleSigner(settings.signer_role_arn, settings.bucket, settings.url_expires_seconds)
    startup.prepare(downloads, sockets, signer)
    return ClientMessage(
        downloads=downloads,
        connections=DynamoConnections(settings.connections_table, settings.downloads_table),
        sockets=sockets,
        clock=clock,
        reconcile=Reconcile(downloads, executions, functions, clock, settings.fail_function),
        download_messages=DownloadMessages(signer),
        cancel=Cancel(downloads, executions, functions, clock, settings.fail_function),
    )


startup.run(build_use_case)


@web_socket
def handler(event: Event) -> None:
    """Answer the client over its socket."""
    context = event["requestContext"]
    build_use_case().run(context["connectionId"], event.get("body") or "", context.get("messageId") or uuid.uuid4().hex)
