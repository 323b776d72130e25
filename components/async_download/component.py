"""The component."""

from typing import Any, Optional

import pulumi

from async_download import rest_keys
from async_download.args import AsyncDownloadArgs
from async_download.bucket_region import existing_bucket
from async_download.functions import Functions
from async_download.idle_closer import IdleCloser
from async_download.observability import AccessLogs, create_dead_letter_queue, key_policy
from async_download.rest_api import RestApi
from async_download.rest_page import page_url, pages
from async_download.scope import Scope
from async_download.settings import resolve
from async_download.settings.checks import camel
from async_download.status_events import send_status_events
from async_download.storage import Storage
from async_download.tables import Tables
from async_download.transfer import Transfer
from async_download.websocket_api import WebSocketApi
from async_download.wiring import Wiring

TOKEN = "async-download:index:AsyncDownload"  # noqa: S105  (a type token of Pulumi's)


class AsyncDownload(pulumi.ComponentResource):
    """Downloads too large or too slow for an API: asked for over REST, announced over a WebSocket, fetched from S3."""

    api_url: pulumi.Output[str]
    """Base URL of the REST API."""

    download_url: pulumi.Output[str]
    """URL of the simplest call: `GET {download_url}?origin=...&path=...`."""

    web_socket_url: pulumi.Output[str]
    """URL of the WebSocket API; clients get it with a ticket from the REST API."""

    web_page_url: pulumi.Output[Optional[str]]  # noqa: UP045  (the schema reads this form)
    """URL of the web page, with `api.web_page`."""

    bucket_name: pulumi.Output[str]
    """Bucket that holds the copies."""

    bucket_rules: pulumi.Output[dict[str, Any]]
    """Policy statements and rules of the bucket: what the owner of an existing one must add to it."""

    downloads_table_name: pulumi.Output[str]
    """Table of downloads, by execution ARN."""

    connections_table_name: pulumi.Output[str]
    """Table of open sockets, by connection id."""

    state_machine_arn: pulumi.Output[str]
    """State machine that copies and delivers."""

    idle_closer_machine_arn: pulumi.Output[str]
    """State machine that closes idle sockets."""

    dead_letter_queue_url: pulumi.Output[str]
    """Queue of events and calls that failed for good; it should be empty."""

    key_policy_statements: pulumi.Output[list[dict[str, Any]]]
    """Statements that the policy of `encryption.kms_key_arn` must hold; none without such a key."""

    function_names: pulumi.Output[dict[str, str]]
    """Names of the functions, by handler."""

    api_key_id: pulumi.Output[Optional[str]]  # noqa: UP045  (the schema reads this form)
    """Id of the API key, with `auth.type` `api_key`."""

    api_key_ids: pulumi.Output[dict[str, str]]
    """Ids of the keys of `auth.api_keys`, by name."""

    def __init__(self, name: str, args: AsyncDownloadArgs, opts: Optional[pulumi.ResourceOptions] = None) -> None:  # noqa: UP045
        super().__init__(TOKEN, name, {}, opts)
        scope = Scope(self, name, resolve(name, args))
        bucket = existing_bucket(scope)

        tables = Tables(scope)
        dead_letter_queue = create_dead_letter_queue(scope)
        rest, socket = RestApi(scope), WebSocketApi(scope)
        storage = Storage(scope, tables.downloads.arn, pages(scope, rest.url(socket.api)), bucket)

        functions = Functions(scope)
        wiring = Wiring(scope, functions, storage, tables, rest, socket)
        wiring.workers(dead_letter_queue.arn)
        transfer, idle_closer = Transfer(scope, functions, tables), IdleCloser(scope, functions, tables.account)
        send_status_events(scope, transfer.machine, idle_closer.machine, functions["fail"], dead_letter_queue)
        wiring.front(transfer.machine.arn)

        logs = AccessLogs(scope)
        rest_stage = rest.serve(functions, logs)
        socket_stage = socket.serve(functions, logs)

        self.api_url = _after(rest_stage, wiring.api_url)
        self.download_url = pulumi.Output.concat(self.api_url, "/download")
        self.web_socket_url = _after(socket_stage, wiring.web_socket_url)
        self.web_page_url = page_url(scope, self.api_url)
        self.bucket_name, self.bucket_rules = storage.bucket, storage.rules
        self.downloads_table_name, self.connections_table_name = tables.downloads.name, tables.connections.name
        self.state_machine_arn = transfer.machine.arn
        self.idle_closer_machine_arn = idle_closer.machine.arn
        self.dead_letter_queue_url = dead_letter_queue.url
        self.key_policy_statements = key_policy(scope, dead_letter_queue)
        self.function_names = functions.names
        self.api_key_ids = rest_keys.ids(rest.api_keys)
        self.api_key_id = rest.api_key.id if rest.api_key else pulumi.Output.from_input(None)
        self.register_outputs({camel(output): getattr(self, output) for output in OUTPUTS})


OUTPUTS = tuple(AsyncDownload.__annotations__)


def _after(stage: pulumi.CustomResource, url: pulumi.Output[str]) -> pulumi.Output[str]:
    """The URL, for those that wait until something answers there."""
    return pulumi.Output.all(url, stage.id).apply(lambda known: str(known[0]))
