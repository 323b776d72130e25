"""A deployed stack, seen from both sides: as its clients see it, and as its operator does."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from integration_tests.support.clouds import Cloud
from integration_tests.support.engines import Outputs
from integration_tests.support.rest import Answer, Exchange, Rest, Signature
from integration_tests.support.sockets import Socket
from integration_tests.support.waiting import wait_for

Row = dict[str, Any]
CHUNK = 1 << 20


@dataclass(frozen=True)
class Requested:
    """A download that was asked for."""

    id: str
    execution_arn: str
    endpoint: str
    status_url: str

    @property
    def socket_url(self) -> str:
        """The endpoint without its ticket."""
        return self.endpoint.partition("?")[0]

    @property
    def ticket(self) -> str:
        """The ticket in the endpoint."""
        return self.endpoint.partition("?ticket=")[2]

    @property
    def as_header(self) -> dict[str, str]:
        """The ticket as REST takes it."""
        return {"X-Download-Ticket": self.ticket}


@dataclass(frozen=True)
class Fetched:
    """What a URL gave."""

    status: int
    headers: Mapping[str, str]
    size: int
    sha256: str


class Stack:
    """One deployed stack. `origin` is the name of the origin that requests use when they name none.

    `asked` says whether the origin, where it is ours, was asked for a path.
    """

    def __init__(
        self,
        cloud: Cloud,
        outputs: Outputs,
        *,
        origin: str,
        signed: bool = False,
        asked: Callable[[str], bool] | None = None,
    ) -> None:
        self.cloud = cloud
        self.outputs = outputs
        self.origin = origin
        self.signed = signed
        signature = Signature(cloud.credentials, cloud.region) if signed else None
        self.rest = Rest(outputs["apiUrl"], signature)
        self.asked = asked or _never_told
        self.secrets: set[str] = set()

    # As a client

    def post(self, path: str, *, key: str | None = None, **fields: str | int) -> Answer:
        """POST /downloads, whatever the answer."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.rest.call("POST", "/downloads", {"origin": self.origin, "path": path, **fields}, headers)

    def request(self, path: str, *, key: str | None = None, **fields: str | int) -> Requested:
        """POST /downloads, accepted."""
        answer = self.post(path, key=key, **fields)
        assert answer.status == 202, answer
        return self.requested(answer)

    def requested(self, answer: Answer) -> Requested:
        """The download in an answer."""
        body = answer.body
        taken = Requested(body["downloadId"], body["executionArn"], body["webSocketEndpoint"], body["statusUrl"])
        self.secrets.add(taken.ticket.partition(".")[2])
        return taken

    def status(self, download: Requested) -> Answer:
        """GET /downloads/{id} with the ticket."""
        return self.rest.call("GET", download.status_url, headers=download.as_header)

    def cancel(self, download: Requested) -> Answer:
        """DELETE /downloads/{id} with the ticket."""
        return self.rest.call("DELETE", download.status_url, headers=download.as_header)

    @staticmethod
    def connect(download: Requested) -> Socket:
        """A socket, by the URL that was handed out."""
        return Socket(download.endpoint)

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Fetched:
        """GET a URL without holding what comes; an expected link's signature is noted as a secret."""
        self.secrets.update(re.findall(r"X-Amz-Signature=([0-9a-f]{64})", url))
        digest, size = hashlib.sha256(), 0
        with Exchange("GET", url, headers=headers) as response:
            while chunk := response.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
            found = {name.lower(): value for name, value in response.getheaders()}
            return Fetched(response.status, found, size, digest.hexdigest())

    # As its operator

    def download_row(self, download: Requested) -> Row | None:
        """The row in the Downloads table."""
        return self._item(self.outputs["downloadsTableName"], {"executionArn": download.execution_arn})

    def connection_row(self, connection_id: str) -> Row | None:
        """The row in the Connections table."""
        return self._item(self.outputs["connectionsTableName"], {"connectionId": connection_id})

    def connection_ids(self, download: Requested) -> set[str]:
        """Who is connected, by the Downloads table."""
        return set((self.download_row(download) or {}).get("connectionIds", ()))

    def execution(self, download: Requested) -> str:
        """Return the execution's status now; after `ready` Deliver still runs, so that `ended` is for how it ended."""
        arn = download.execution_arn
        return str(self.cloud.client("stepfunctions").describe_execution(executionArn=arn)["status"])

    def ended(self, download: Requested, deadline: float = 15) -> str:
        """How the execution ended, once it has."""
        return wait_for(lambda: self.execution(download), deadline, until=lambda status: status != "RUNNING")

    def history(self, download: Requested) -> list[dict[str, Any]]:
        """Its execution's events."""
        return self.events(download.execution_arn)

    def events(self, execution_arn: str) -> list[dict[str, Any]]:
        """An execution's events."""
        pages = self.cloud.client("stepfunctions").get_paginator("get_execution_history")
        found = pages.paginate(executionArn=execution_arn, includeExecutionData=True)
        return [event for page in found for event in page["events"]]

    def has_entered(self, download: Requested, state: str) -> bool:
        """Whether the execution has come to a state."""
        return any(event.get("stateEnteredEventDetails", {}).get("name") == state for event in self.history(download))

    def executions(self, status: str | None = None) -> list[dict[str, Any]]:
        """The executions of both state machines, or those of a status."""
        pages = self.cloud.client("stepfunctions").get_paginator("list_executions")
        wanted = {"statusFilter": status} if status else {}
        machines = (self.outputs["stateMachineArn"], self.closing_machine)
        found = [pages.paginate(stateMachineArn=machine, **wanted) for machine in machines]
        return [execution for machine in found for page in machine for execution in page["executions"]]

    def items(self, table: str) -> list[dict[str, Any]]:
        """Every item of a table, as DynamoDB writes it."""
        pages = self.cloud.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def left(self) -> dict[str, list[str]]:
        """What nobody needs any more when all downloads have ended: rows of sockets, uploads, executions that run."""
        uploads = self.cloud.client("s3").list_multipart_uploads(Bucket=self.bucket).get("Uploads", ())
        downloads = self.items(self.outputs["downloadsTableName"])
        found = {
            "connections": [item["connectionId"]["S"] for item in self.items(self.outputs["connectionsTableName"])],
            "connection ids": [item["executionArn"]["S"] for item in downloads if "connectionIds" in item],
            "unfinished uploads": [upload["Key"] for upload in uploads],
            "running executions": [execution["executionArn"] for execution in self.executions("RUNNING")],
        }
        return {kind: names for kind, names in found.items() if names}

    def object_key(self, download: Requested) -> str:
        """Where the copy is, or would be."""
        return f"downloads/{download.id}"

    def has_object(self, download: Requested) -> bool:
        """Whether there is a copy."""
        try:
            self.cloud.client("s3").head_object(Bucket=self.bucket, Key=self.object_key(download))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True

    def uploads(self, download: Requested) -> list[str]:
        """Ids of its unfinished uploads."""
        answer = self.cloud.client("s3").list_multipart_uploads(Bucket=self.bucket, Prefix=self.object_key(download))
        return [upload["UploadId"] for upload in answer.get("Uploads", ())]

    def closings(self, download: Requested) -> list[str]:
        """Executions that are to close sockets of it, among the latest."""
        states = self.cloud.client("stepfunctions")
        latest = states.list_executions(stateMachineArn=self.closing_machine, maxResults=20)["executions"]
        described = [states.describe_execution(executionArn=each["executionArn"]) for each in latest]
        ours = [each for each in described if json.loads(each["input"])["executionArn"] == download.execution_arn]
        return [str(each["executionArn"]) for each in ours]

    def close_idle(self, download: Requested, *connection_ids: str, since: float) -> dict[str, int]:
        """What the closing machine does when it has waited; `since` in epoch seconds."""
        told = {"executionArn": download.execution_arn, "connectionIds": connection_ids}
        told["since"] = datetime.fromtimestamp(since, UTC).isoformat()
        answer = self.cloud.client("lambda").invoke(FunctionName=self.function("close"), Payload=json.dumps(told))
        closed: dict[str, int] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, closed
        return closed

    def put_connection(self, download: Requested, connection_id: str, age: float = 60.0) -> None:
        """Rows of a socket that has gone without a `$disconnect`."""
        client, now = self.cloud.client("dynamodb"), time.time()
        item = {"connectionId": {"S": connection_id}, "executionArn": {"S": download.execution_arn}}
        item |= {"connectedAt": {"N": str(int((now - age) * 1000))}, "expiresAt": {"N": str(int(now) + 3600)}}
        client.put_item(TableName=self.outputs["connectionsTableName"], Item=item)
        client.update_item(
            TableName=self.outputs["downloadsTableName"],
            Key={"executionArn": {"S": download.execution_arn}},
            UpdateExpression="ADD connectionIds :ids",
            ExpressionAttributeValues={":ids": {"SS": [connection_id]}},
        )

    def settle_uploads(self) -> None:
        """Clean up after ended downloads whose uploads were left, as an operator does with what is in the queue."""
        for upload in self.cloud.client("s3").list_multipart_uploads(Bucket=self.bucket).get("Uploads", ()):
            arn = str(self.outputs["stateMachineArn"]).replace(":stateMachine:", ":execution:")
            told = {"executionArn": f"{arn}:{upload['Key'].rpartition('/')[2]}"}
            if self.cloud.client("stepfunctions").describe_execution(**told)["status"] != "RUNNING":
                self.cloud.client("lambda").invoke(FunctionName=self.function("fail"), Payload=json.dumps(told))

    def disconnect(self, connection_id: str) -> None:
        """Close a socket from the server's side."""
        self._management.delete_connection(ConnectionId=connection_id)

    def function(self, key: str) -> str:
        """The name of the function of a handler."""
        return str(self.outputs["functionNames"][key])

    def told(self, key: str) -> dict[str, str]:
        """The environment of the function of a handler."""
        configuration = self.cloud.client("lambda").get_function_configuration(FunctionName=self.function(key))
        variables: dict[str, str] = configuration["Environment"]["Variables"]
        return variables

    @cached_property
    def closing_machine(self) -> str:
        """The ARN of the state machine that closes idle sockets."""
        return self.told("deliver")["CLOSING_MACHINE_ARN"]

    @cached_property
    def bucket(self) -> str:
        """The bucket's name."""
        return str(self.outputs["bucketName"])

    @cached_property
    def _management(self) -> Any:
        return self.cloud.client("apigatewaymanagementapi", re.sub("^ws", "http", self.outputs["webSocketUrl"]))

    def _item(self, table: str, key: dict[str, str]) -> Row | None:
        answer = self.cloud.client("dynamodb").get_item(
            TableName=table, Key={name: {"S": value} for name, value in key.items()}, ConsistentRead=True
        )
        decode = TypeDeserializer().deserialize
        return {name: decode(value) for name, value in answer["Item"].items()} if "Item" in answer else None


Deploy = Callable[[str, Mapping[str, object]], AbstractContextManager[Stack]]
"""The stack of this name and configuration, while the context lasts."""


def _never_told(path: str) -> bool:
    raise AssertionError(f"Whether {path} was asked for is not known: the stack was not told of its origin.")


def unique(size: str, options: str = "") -> str:
    """A path of a file of this size that nobody else asks for, e.g. `files/12MB-3f9a?status=404`."""
    return f"files/{size}-{secrets.token_hex(4)}" + (f"?{options}" if options else "")


def moment(text: str) -> datetime:
    """A time as our API writes it."""
    assert text.endswith("Z"), text
    return datetime.fromisoformat(text)
