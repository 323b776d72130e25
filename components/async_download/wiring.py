"""Which function knows and may do what: its environment, and the ARNs that its policy names."""

import json
from typing import Any

import pulumi

from async_download import addresses, idle_closer, names, policies
from async_download.functions import Functions
from async_download.rest_api import RestApi
from async_download.scope import Scope
from async_download.settings import origins
from async_download.specs import PAGE
from async_download.storage import Storage
from async_download.tables import Tables
from async_download.websocket_api import WebSocketApi

Environment = dict[str, pulumi.Input[str]]


class Wiring:
    """Adds the functions: workers first, since the state machine names them, then those that name the machine."""

    def __init__(
        self, scope: Scope, functions: Functions, storage: Storage, tables: Tables, rest: RestApi, socket: WebSocketApi
    ) -> None:
        settings = scope.settings
        stage, base = settings.api.stage_name, settings.cloud.execute_api_url
        ids = (socket.api.id, socket.api.api_endpoint)
        self.api_url = rest.url(socket.api)
        self.management_url = pulumi.Output.all(*ids).apply(
            lambda known: addresses.management_url(known[0], known[1], stage, base)
        )
        self.web_socket_url = self.management_url.apply(addresses.socket_url)
        self._scope, self._functions = scope, functions
        self._signer = functions.signer(storage.arn)
        self._sockets = {method: self._sockets_of(socket, method) for method in policies.METHODS}
        self._downloads, self._connections, self._copies = tables.downloads, tables.connections, tables.copies
        self._closing = tables.connections.arn.apply(
            lambda arn: names.machine_arn(arn, scope.physical(idle_closer.PART))
        )
        self._bucket = {"bucket": storage.arn, "prefix": settings.storage.prefix}
        self._told_bucket: Environment = {"BUCKET": storage.bucket, "OBJECT_PREFIX": settings.storage.prefix}
        self._told_signer: Environment = {
            "BUCKET": storage.bucket,
            "SIGNER_ROLE_ARN": self._signer.arn,
            "URL_EXPIRES_SECONDS": str(settings.retention.url_expires_seconds),
        }
        self._told_sockets: Environment = {
            "CONNECTIONS_TABLE": self._connections.name,
            "MANAGEMENT_URL": self.management_url,
        }
        self._origins = {origins.FILE: origins.file_content(settings.origins)}
        self._caller_limit: Environment = {
            "DAILY_BYTES_PER_CALLER": str(settings.limits.daily_mb_per_caller * 10**6),
            "MAX_DOWNLOADS_PER_CALLER": str(settings.running_per_caller),
        }
        self._file_limit: Environment = {"MAX_FILE_BYTES": str(settings.limits.max_file_mb * 10**6)}

    def workers(self, undelivered: pulumi.Output[str]) -> None:
        """What the state machine runs."""
        settings, add = self._scope.settings, self._add
        loopback = str(settings.cloud.loopback_origins).lower()
        rows = {"connections": self._connections.arn}
        close = {"closing": self._closing}
        push = rows | close | {"sockets": self._sockets[policies.PUSH], "undelivered": undelivered}
        secrets = origins.secrets(settings.origins)
        told: Environment = {"MANAGEMENT_URL": self.management_url} | self._told_bucket
        told |= {"ORIGINS_FILE": origins.FILE, "LOOPBACK_ORIGINS": loopback}
        threshold = {"FAN_OUT_BYTES": str(settings.copying.slice_threshold_mb * 10**6)} | self._file_limit
        known = {"copies": self._copies.arn} if self._copies else {}
        told_copies: Environment = {"COPIES_TABLE": self._copies.name} if self._copies else {}
        window = {"REUSE_SECONDS": str(settings.copying.reuse_seconds)} if self._copies else {}
        add(
            "copy",
            told | threshold | told_copies | window,
            **self._bucket,
            **known,
            secrets=secrets,
            sockets=self._sockets[policies.PUSH],
        )
        crowd = {"COPY_CONCURRENCY": str(settings.copying.concurrency)}
        add("copy_slice", told | crowd, **self._bucket, secrets=secrets, sockets=self._sockets[policies.PUSH])
        add("complete", self._told_bucket, **self._bucket)
        push |= known
        told_close: Environment = {"CLOSING_MACHINE_ARN": self._closing}
        told_end = (
            self._told_sockets | told_close | {"CLOSE_IDLE_SECONDS": str(settings.websocket.idle_timeout_seconds)}
        )
        told_end |= self._caller_limit
        add("deliver", told_end | self._told_signer | told_copies, **push, signer=self._signer.arn)
        add("fail", told_end | self._told_bucket | told_copies, **push, **self._bucket)
        add("close", self._told_sockets | told_close, **rows, **close, sockets=self._sockets[policies.CLOSE])
        self._functions.configure_async_calls(undelivered)

    def front(self, machine: pulumi.Output[str]) -> None:
        """What the two APIs call."""
        settings, add = self._scope.settings, self._add
        fail, deliver = self._functions["fail"], self._functions["deliver"]
        told: Environment = {"STATE_MACHINE_ARN": machine}
        told_fail: Environment = told | {"FAIL_FUNCTION": fail.name}
        told_rows: Environment = {"CONNECTIONS_TABLE": self._connections.name}
        told_connect = told | self._told_sockets | {"DELIVER_FUNCTION": deliver.name}
        expiry = {"DOWNLOAD_EXPIRES_SECONDS": str(settings.retention.download_expires_seconds)}
        limit = {"MAX_CONNECTIONS": str(settings.websocket.max_connections_per_download)}
        rows = {"connections": self._connections.arn}
        stop = {"machine": machine, "fail": fail.arn}
        sign = {"signer": self._signer.arn}
        urls: Environment = {"API_URL": self.api_url, "WEB_SOCKET_URL": self.web_socket_url}
        request = told | urls | expiry | self._file_limit | self._caller_limit | {"ORIGINS_FILE": origins.FILE}
        pages = {"CORS_ORIGINS": json.dumps(settings.api.cors_origins)}
        add("request_download", request | pages, machine=machine)
        add("get_download", told_fail | self._told_signer | pages, **stop, **sign)
        add("cancel_download", told_fail | pages, **stop)
        look = {"sockets": self._sockets[policies.LOOK]}
        add("connect", told_connect | limit, **rows, **look, deliver=deliver.arn)
        add("disconnect", told_rows, **rows)
        push = {"sockets": self._sockets[policies.PUSH]}
        add("message", told_fail | self._told_sockets | self._told_signer, **rows, **stop, **sign, **push)

        if settings.api.web_page:
            self._functions.add(PAGE, pages | {"REST_AUTH": settings.auth.type.value})

    def _add(self, key: str, environment: Environment, **access: Any) -> None:
        """Add a function, and to its archive the file of the origins if its environment names it."""
        files = self._origins if "ORIGINS_FILE" in environment else {}
        told = {"DOWNLOADS_TABLE": self._downloads.name} | environment
        self._functions.add(key, dict(sorted(told.items())), files, downloads=self._downloads.arn, **access)

    def _sockets_of(self, socket: WebSocketApi, method: str) -> pulumi.Output[str]:
        return socket.api.execution_arn.apply(
            lambda arn: policies.sockets(arn, self._scope.settings.api.stage_name, method)
        )
