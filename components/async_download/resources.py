"""Names, ARNs and URLs of a component's resources, computed before the resources exist."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from async_download import names
from async_download.api import addresses
from async_download.api.rest_base import RestBase
from async_download.names import FunctionName, hyphenated
from async_download.scope import Scope
from async_download.settings import Settings
from async_download.settings.checks import InvalidSetting

DOWNLOADS_TABLE = "downloads"
CONNECTIONS_TABLE = "connections"
COPIES_TABLE = "copies"
DEAD_LETTER_QUEUE = "undelivered"
SIGNER_ROLE = "signer"
TRANSFER_MACHINE = "transfer"
IDLE_CLOSER_MACHINE = "closing"
REST_API = "rest"


@dataclass(frozen=True)
class NamedResource:
    """Name and ARN of one resource."""

    name: str
    arn: str


@dataclass(frozen=True)
class Resources:
    """Settings of a component, and how its resources are named and reached."""

    settings: Settings
    partition: str
    region: str
    account: str
    bucket_name: str
    rest_api_id: str
    socket_api_id: str
    socket_api_endpoint: str
    event_bus: str | None = None
    """`observability.event_bus`, a name or an ARN."""
    rest_base_path: str = ""
    """Path of the resource under which an existing REST API has the routes."""
    origin_secret_arns: tuple[str, ...] = ()
    """Secrets and SSM parameters of the origins; only for the functions that read them."""

    @property
    def downloads_table(self) -> NamedResource:
        """Table of the downloads."""
        return self._table(DOWNLOADS_TABLE)

    @property
    def connections_table(self) -> NamedResource:
        """Table of the open WebSocket connections."""
        return self._table(CONNECTIONS_TABLE)

    @property
    def copies_table(self) -> NamedResource | None:
        """Table of the copies that can be reused; None where copies are not reused."""
        return self._table(COPIES_TABLE) if self.settings.copying.reuse_seconds else None

    @property
    def transfer_machine(self) -> NamedResource:
        """State machine that copies and delivers."""
        return self._machine(TRANSFER_MACHINE)

    @property
    def idle_closer_machine(self) -> NamedResource:
        """State machine that closes idle sockets."""
        return self._machine(IDLE_CLOSER_MACHINE)

    @property
    def dead_letter_queue(self) -> NamedResource:
        """Queue of events and asynchronous calls that failed for good."""
        name = self._name(DEAD_LETTER_QUEUE)
        return NamedResource(name, self._arn("sqs", name))

    @property
    def event_bus_arn(self) -> str | None:
        """ARN of the EventBridge bus for events of downloads; None without one.

        Raises:
            InvalidSetting: The bus is in another region, whose EventBridge the functions do not call.
        """
        if self.event_bus is None or not self.event_bus.startswith("arn:"):
            return self.event_bus and self._arn("events", f"event-bus/{self.event_bus}")
        if self.event_bus.split(":")[3] != self.region:
            allowed = f"a bus in {self.region}, the region of the stack; a rule there can send events to other regions"
            raise InvalidSetting("observability.event_bus", self.event_bus, allowed)
        return self.event_bus

    @property
    def signer_role(self) -> NamedResource:
        """Role that URLs of copies are signed with."""
        return self.role(SIGNER_ROLE)

    def role(self, part: str) -> NamedResource:
        """Role of a part of the component."""
        name, path = self._name(part), self.settings.protection.role_path
        return NamedResource(name, f"arn:{self.partition}:iam::{self.account}:role{path}{name}")

    def function(self, name: FunctionName) -> NamedResource:
        """Lambda function."""
        physical = self._name(hyphenated(name))
        return NamedResource(physical, self._arn("lambda", f"function:{physical}"))

    def rule(self, part: str) -> NamedResource:
        """EventBridge rule."""
        name = self._name(part)
        return NamedResource(name, self._arn("events", f"rule/{name}"))

    def alarm(self, part: str) -> NamedResource:
        """CloudWatch alarm."""
        name = names.physical(self.settings.name_prefix, part, names.MONITORING_LIMIT)
        return NamedResource(name, self._arn("cloudwatch", f"alarm:{name}"))

    def log_group(self, folder: str, part: str) -> NamedResource:
        """CloudWatch log group; `folder` is where it is without `observability.log_group_prefix`."""
        name = f"{self.settings.observability.log_folder(folder)}/{self._name(part)}"
        return NamedResource(name, self._arn("logs", f"log-group:{name}"))

    @property
    def account_arn(self) -> str:
        """ARN of the account, as a policy names it as a principal."""
        return f"arn:{self.partition}:iam::{self.account}:root"

    @property
    def bucket_arn(self) -> str:
        """ARN of the bucket of the copies."""
        return f"arn:{self.partition}:s3:::{self.bucket_name}"

    @property
    def objects_arn(self) -> str:
        """ARN of every object below the prefix of the copies."""
        return f"{self.bucket_arn}/{self.settings.storage.prefix}*"

    def sockets_arn(self, method: str) -> str:
        """ARN of the open sockets, for one HTTP method of the API Gateway Management API."""
        api = self._arn("execute-api", self.socket_api_id)
        return f"{api}/{self.settings.api.stage_name}/{method}/@connections/*"

    @property
    def rest_api_name(self) -> str:
        """Name of the REST API."""
        return self._name(REST_API)

    @property
    def api_url(self) -> str:
        """Base URL of the REST API: of its custom domain, where it has one."""
        if self.settings.api.domain_name:
            return f"https://{self.settings.api.domain_name}"
        return self.execute_api_url

    @property
    def execute_api_url(self) -> str:
        """Base URL of the REST API at its default endpoint."""
        apis = self.rest_api_id, self.socket_api_id, self.socket_api_endpoint
        url = addresses.rest_url(*apis, self.settings.api.stage_name, self.settings.cloud.execute_api_url)
        return url + self.rest_base_path

    @property
    def api_origins(self) -> list[str]:
        """Origins of the REST API, as browsers send them for a page that the API serves."""
        urls = [self.api_url, *([] if self.settings.api.disable_execute_api_endpoint else [self.execute_api_url])]
        return list(dict.fromkeys(map(addresses.origin, urls)))

    @property
    def management_url(self) -> str:
        """URL at which functions post to open sockets: at the default endpoint, also with a custom domain."""
        api = self.socket_api_id, self.socket_api_endpoint
        return addresses.management_url(*api, self.settings.api.stage_name, self.settings.cloud.execute_api_url)

    @property
    def web_socket_url(self) -> str:
        """URL of the WebSocket API: of its custom domain, where it has one."""
        if self.settings.websocket.domain_name:
            return f"wss://{self.settings.websocket.domain_name}"
        return self.web_socket_execute_api_url

    @property
    def web_socket_execute_api_url(self) -> str:
        """URL of the WebSocket API at its default endpoint."""
        return addresses.socket_url(self.management_url)

    def _name(self, part: str) -> str:
        return names.physical(self.settings.name_prefix, part)

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def _table(self, part: str) -> NamedResource:
        name = self._name(part)
        return NamedResource(name, self._arn("dynamodb", f"table/{name}"))

    def _machine(self, part: str) -> NamedResource:
        name = self._name(part)
        return NamedResource(name, self._arn("states", f"stateMachine:{name}"))


def compute_resources(
    scope: Scope,
    downloads_table: aws.dynamodb.Table,
    bucket_name: pulumi.Output[str],
    rest_api: RestBase,
    rest_base_path: pulumi.Output[str],
    socket_api: aws.apigatewayv2.Api,
) -> pulumi.Output[Resources]:
    """Compute names, ARNs and URLs from the first resources.

    Partition, region and account are those in the ARN of a table, so that the provider is not asked for them.
    """

    def compute(values: list[Any]) -> Resources:
        table_arn, bucket, rest_api_id, socket_api_id, socket_api_endpoint, event_bus, base_path = values
        _, partition, _, region, account, _ = table_arn.split(":")
        return Resources(
            scope.settings,
            partition,
            region,
            account,
            bucket,
            rest_api_id,
            socket_api_id,
            socket_api_endpoint,
            event_bus,
            base_path,
        )

    return pulumi.Output.all(
        downloads_table.arn,
        bucket_name,
        rest_api.id,
        socket_api.id,
        socket_api.api_endpoint,
        scope.settings.observability.event_bus,
        rest_base_path,
    ).apply(compute)


def arn_in_stack(resources: pulumi.Output[Resources], setting: str, arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the ARN that a setting names, of a resource in the partition, region and account of the stack.

    Policies of AWS have the account `aws`, and policies have no region.

    Raises:
        InvalidSetting: The resource is elsewhere, where the service does not find it.
    """

    def check(values: dict[str, Any]) -> str:
        stack: Resources = values["resources"]
        _, partition, _, region, account, _ = str(values["arn"]).split(":", 5)
        here = region in ("", stack.region) and account in ("aws", stack.account)
        if partition != stack.partition or not here:
            where = f"partition {stack.partition}, " + (f"region {stack.region} and " if region else "")
            raise InvalidSetting(
                setting, values["arn"], f"an ARN of {where}account {stack.account}, as the stack's own"
            )
        return str(values["arn"])

    return pulumi.Output.all(resources=resources, arn=arn).apply(check)
