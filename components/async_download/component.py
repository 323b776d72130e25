"""The component."""

from typing import Any, Optional

import pulumi

from async_download.api import rest_keys
from async_download.api.custom_domains import MappedDomain, map_rest_domain, map_socket_domain
from async_download.api.firewall import associate_web_acl
from async_download.api.rest_api import RestApi
from async_download.api.rest_page import page_url
from async_download.api.websocket_api import WebSocketApi
from async_download.args import AsyncDownloadArgs
from async_download.data.bucket import configure_bucket, create_bucket, owner_rules
from async_download.data.bucket_region import existing_bucket
from async_download.data.tables import Tables
from async_download.functions.lambda_functions import create_functions
from async_download.functions.signer import create_signer
from async_download.monitoring import create_monitoring
from async_download.observability import AccessLogs, create_dead_letter_queue, key_policy
from async_download.resources import Resources, compute_resources
from async_download.scope import Scope
from async_download.settings import resolve
from async_download.settings.checks import camel
from async_download.workflow.idle_closer import create_idle_closer
from async_download.workflow.status_events import send_status_events
from async_download.workflow.transfer import create_transfer

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

    execute_api_url: pulumi.Output[Optional[str]]  # noqa: UP045  (the schema reads this form)
    """Base URL of the REST API at its default endpoint, with `api.domain_name`."""

    web_socket_execute_api_url: pulumi.Output[Optional[str]]  # noqa: UP045  (the schema reads this form)
    """URL of the WebSocket API at its default endpoint, with `websocket.domain_name`."""

    log_group_prefix: pulumi.Output[Optional[str]]  # noqa: UP045  (the schema reads this form)
    """Prefix of the names of all log groups, with `observability.log_group_prefix`."""

    rest_deployment_triggers: pulumi.Output[Optional[dict[str, str]]]  # noqa: UP045  (the schema reads this form)
    """Triggers of the owner's deployment of the REST API, with `api.rest_api_id`; known when all routes exist."""

    api_domain_target: pulumi.Output[Optional[str]]  # noqa: UP045  (the schema reads this form)
    """Host that the DNS record of `api.domain_name` points to."""

    api_domain_zone_id: pulumi.Output[Optional[str]]  # noqa: UP045  (the schema reads this form)
    """Route 53 zone of that host, for an alias record."""

    web_socket_domain_target: pulumi.Output[Optional[str]]  # noqa: UP045  (the schema reads this form)
    """Host that the DNS record of `websocket.domain_name` points to."""

    web_socket_domain_zone_id: pulumi.Output[Optional[str]]  # noqa: UP045  (the schema reads this form)
    """Route 53 zone of that host, for an alias record."""

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
        existing = existing_bucket(scope)

        tables, dead_letter_queue = Tables(scope), create_dead_letter_queue(scope)
        socket = WebSocketApi(scope)
        rest = RestApi(scope, socket.api)
        self.bucket_name = create_bucket(scope) if existing is None else existing
        resources = compute_resources(scope, tables.downloads, self.bucket_name, rest.api, rest.base_path, socket.api)
        if existing is None:
            configure_bucket(scope, self.bucket_name, resources)

        signer = create_signer(scope, resources)
        functions = create_functions(scope, resources, dead_letter_queue)
        transfer = create_transfer(scope, resources, functions)
        idle_closer = create_idle_closer(scope, resources, functions)
        send_status_events(scope, resources, transfer, idle_closer, functions["fail"], dead_letter_queue)

        logs, backends = AccessLogs(scope, resources), (*tables.all, signer, transfer, idle_closer)
        rest_stage = rest.serve(functions, logs, *backends)
        socket_stage = socket.serve(functions, logs, *backends)
        create_monitoring(scope, resources, functions)

        associate_web_acl(scope, resources, rest_stage)
        rest_domain = map_rest_domain(scope, resources, rest.api, rest_stage)
        socket_domain = map_socket_domain(scope, resources, socket.api, socket_stage)

        self._set_addresses(scope, resources, rest_domain, socket_domain)
        self.rest_deployment_triggers = rest.triggers
        self.log_group_prefix = pulumi.Output.from_input(scope.settings.observability.log_group_prefix or None)
        self.bucket_rules = owner_rules(scope, resources)
        self.downloads_table_name, self.connections_table_name = tables.downloads.name, tables.connections.name
        self.state_machine_arn, self.idle_closer_machine_arn = transfer.arn, idle_closer.arn
        self.dead_letter_queue_url = dead_letter_queue.url
        self.key_policy_statements = key_policy(scope, resources)
        self.function_names = pulumi.Output.all(**{name: function.name for name, function in functions.items()})
        self.api_key_ids = rest_keys.ids(rest.api_keys)
        self.api_key_id = rest.api_key.id if rest.api_key else pulumi.Output.from_input(None)
        self.register_outputs({camel(output): getattr(self, output) for output in OUTPUTS})

    def _set_addresses(
        self,
        scope: Scope,
        resources: pulumi.Output[Resources],
        rest_domain: MappedDomain,
        socket_domain: MappedDomain,
    ) -> None:
        """Set the URLs of both APIs, and what the DNS records of their custom domains point to."""
        api, websocket = scope.settings.api, scope.settings.websocket
        self.api_url = rest_domain.served(resources.apply(lambda resources: resources.api_url))
        self.download_url = pulumi.Output.concat(self.api_url, "/download")
        self.web_socket_url = socket_domain.served(resources.apply(lambda resources: resources.web_socket_url))
        self.web_page_url = page_url(scope, self.api_url)
        self.execute_api_url = resources.apply(lambda resources: resources.execute_api_url if api.domain_name else None)
        self.web_socket_execute_api_url = resources.apply(
            lambda resources: resources.web_socket_execute_api_url if websocket.domain_name else None
        )
        self.api_domain_target, self.api_domain_zone_id = rest_domain.target, rest_domain.zone_id
        self.web_socket_domain_target, self.web_socket_domain_zone_id = socket_domain.target, socket_domain.zone_id


OUTPUTS = tuple(AsyncDownload.__annotations__)
