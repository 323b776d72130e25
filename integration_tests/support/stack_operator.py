"""The operator's view of a stack: tables, executions, objects and functions, by the APIs of AWS."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from integration_tests.support.clouds import Cloud
from integration_tests.support.engines import Outputs
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import wait_for
from local_provider.resource_types.special_cases import stop_running_executions

Item = dict[str, Any]


class StackOperator:
    """Reads, and where a test needs it changes, the resources of a stack."""

    def __init__(self, cloud: Cloud, outputs: Outputs) -> None:
        self._cloud = cloud
        self._outputs = outputs

    def download_item(self, download: Download) -> Item:
        """Return the download's item in the Downloads table, empty if there is none."""
        return self._get_item(self._outputs["downloadsTableName"], {"executionArn": download.execution_arn})

    def connection_item(self, connection_id: str) -> Item:
        """Return the connection's item in the Connections table, empty if there is none."""
        return self._get_item(self._outputs["connectionsTableName"], {"connectionId": connection_id})

    def connection_ids(self, download: Download) -> set[str]:
        """Return the ids of the download's open connections, from the Downloads table."""
        return set(self.download_item(download).get("connectionIds", ()))

    def scan(self, table: str) -> list[dict[str, Any]]:
        """Return every item of a table in DynamoDB's own format."""
        paginator = self._cloud.client("dynamodb").get_paginator("scan")
        results = paginator.paginate(TableName=table, ConsistentRead=True)
        return [item for page in results for item in page["Items"]]

    def put_connection(self, download: Download, connection_id: str, age: float = 60.0) -> None:
        """Write a connection to both tables, `age` seconds old, as a client leaves it that vanished."""
        client, now = self._cloud.client("dynamodb"), time.time()
        item = {"connectionId": {"S": connection_id}, "executionArn": {"S": download.execution_arn}}
        item |= {"connectedAt": {"N": str(int((now - age) * 1000))}, "expiresAt": {"N": str(int(now) + 3600)}}
        client.put_item(TableName=self._outputs["connectionsTableName"], Item=item)
        client.update_item(
            TableName=self._outputs["downloadsTableName"],
            Key={"executionArn": {"S": download.execution_arn}},
            UpdateExpression="ADD connectionIds :ids",
            ExpressionAttributeValues={":ids": {"SS": [connection_id]}},
        )

    def execution_status(self, download: Download) -> str:
        """Return the execution's status now; it is still RUNNING for a moment after the client got `ready`."""
        arn = download.execution_arn
        return str(self._cloud.client("stepfunctions").describe_execution(executionArn=arn)["status"])

    def wait_until_ended(self, download: Download, deadline: float = 15) -> str:
        """Wait until the execution has ended, at most `deadline` seconds; return its status."""
        return wait_for(lambda: self.execution_status(download), deadline, until=lambda status: status != "RUNNING")

    def executions(self, status: str | None = None) -> list[dict[str, Any]]:
        """Return the executions of both state machines, or those with a status."""
        paginator = self._cloud.client("stepfunctions").get_paginator("list_executions")
        status_filter = {"statusFilter": status} if status else {}
        machines = (self._outputs["stateMachineArn"], self.idle_closer_arn)
        results = [page for arn in machines for page in paginator.paginate(stateMachineArn=arn, **status_filter)]
        return [execution for page in results for execution in page["executions"]]

    def history(self, download: Download) -> list[dict[str, Any]]:
        """Return the events of the download's execution."""
        return self.execution_events(download.execution_arn)

    def execution_events(self, execution_arn: str) -> list[dict[str, Any]]:
        """Return the events of an execution."""
        paginator = self._cloud.client("stepfunctions").get_paginator("get_execution_history")
        results = paginator.paginate(executionArn=execution_arn, includeExecutionData=True)
        return [event for page in results for event in page["events"]]

    def entered_states(self, execution_arn: str) -> list[str]:
        """Return the names of the states that an execution has entered, in order."""
        details = [event.get("stateEnteredEventDetails") for event in self.execution_events(execution_arn)]
        return [entered["name"] for entered in details if entered]

    def has_entered(self, download: Download, state: str) -> bool:
        """Return whether the download's execution has entered a state."""
        return state in self.entered_states(download.execution_arn)

    def idle_closer_executions(self, download: Download) -> list[str]:
        """Return the ARNs of executions that close idle sockets of the download, among the latest 20."""
        states = self._cloud.client("stepfunctions")
        latest = states.list_executions(stateMachineArn=self.idle_closer_arn, maxResults=20)["executions"]
        described = [states.describe_execution(executionArn=execution["executionArn"]) for execution in latest]
        return [
            str(execution["executionArn"])
            for execution in described
            if json.loads(execution["input"])["executionArn"] == download.execution_arn
        ]

    def stop_idle_closers(self) -> None:
        """Stop the executions that would close idle sockets later."""
        stop_running_executions(self._cloud.client("stepfunctions"), self.idle_closer_arn)

    def close_idle(self, download: Download, *connection_ids: str, since: float) -> dict[str, int]:
        """Invoke `close` as the state machine does after its wait; `since` in epoch seconds. Return its result."""
        payload = {
            "executionArn": download.execution_arn,
            "connectionIds": connection_ids,
            "since": datetime.fromtimestamp(since, UTC).isoformat(),
        }
        answer = self._cloud.client("lambda").invoke(
            FunctionName=self.function_name("close"), Payload=json.dumps(payload)
        )
        result: dict[str, int] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, result
        return result

    def settle(self, download: Download) -> None:
        """Call `fail` as docs/operations.md does: it repeats what was left undone after the end of a download."""
        answer = self._cloud.client("lambda").invoke(
            FunctionName=self.function_name("fail"),
            Payload=json.dumps({"executionArn": download.execution_arn}).encode(),
        )
        assert "FunctionError" not in answer, answer["Payload"].read()

    def disconnect(self, connection_id: str) -> None:
        """Close a socket from the server's side."""
        management_url = re.sub("^ws", "http", self._outputs["webSocketUrl"])
        self._cloud.client("apigatewaymanagementapi", management_url).delete_connection(ConnectionId=connection_id)

    def object_key(self, download: Download) -> str:
        """Return the S3 key of the download's copy."""
        return f"downloads/{download.id}"

    def has_object(self, download: Download) -> bool:
        """Return whether the bucket holds the download's copy."""
        try:
            self._cloud.client("s3").head_object(Bucket=self.bucket, Key=self.object_key(download))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True

    def uploads(self, download: Download) -> list[str]:
        """Return the ids of the download's unfinished multipart uploads."""
        return [upload["UploadId"] for upload in self._list_uploads(self.object_key(download))]

    def clean_up_uploads(self) -> None:
        """Invoke `fail` for ended downloads with unfinished uploads, as an operator does for dead letters."""
        for upload in self._list_uploads():
            arn = str(self._outputs["stateMachineArn"]).replace(":stateMachine:", ":execution:")
            event = {"executionArn": f"{arn}:{upload['Key'].rpartition('/')[2]}"}
            if self._cloud.client("stepfunctions").describe_execution(**event)["status"] != "RUNNING":
                self._cloud.client("lambda").invoke(FunctionName=self.function_name("fail"), Payload=json.dumps(event))

    def leftovers(self) -> dict[str, list[str]]:
        """Return connections, uploads and running executions that should be gone when all downloads have ended."""
        downloads = self.scan(self._outputs["downloadsTableName"])
        connections = self.scan(self._outputs["connectionsTableName"])
        leftovers = {
            "connections": [item["connectionId"]["S"] for item in connections],
            "connection ids": [item["executionArn"]["S"] for item in downloads if "connectionIds" in item],
            "unfinished uploads": [upload["Key"] for upload in self._list_uploads()],
            "running executions": [execution["executionArn"] for execution in self.executions("RUNNING")],
        }
        return {kind: names for kind, names in leftovers.items() if names}

    def function_name(self, key: str) -> str:
        """Return the name of a handler's Lambda function, e.g. of `deliver`."""
        return str(self._outputs["functionNames"][key])

    def environment(self, key: str) -> dict[str, str]:
        """Return the environment of a handler's Lambda function."""
        configuration = self._cloud.client("lambda").get_function_configuration(FunctionName=self.function_name(key))
        variables: dict[str, str] = configuration["Environment"]["Variables"]
        return variables

    @property
    def idle_closer_arn(self) -> str:
        """The ARN of the state machine that closes idle sockets."""
        return str(self._outputs["idleCloserMachineArn"])

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return str(self._outputs["bucketName"])

    def _list_uploads(self, prefix: str = "") -> list[dict[str, Any]]:
        answer = self._cloud.client("s3").list_multipart_uploads(Bucket=self.bucket, Prefix=prefix)
        return list(answer.get("Uploads", ()))

    def _get_item(self, table: str, key: dict[str, str]) -> Item:
        answer = self._cloud.client("dynamodb").get_item(
            TableName=table, Key={name: {"S": value} for name, value in key.items()}, ConsistentRead=True
        )
        decode = TypeDeserializer().deserialize
        return {name: decode(value) for name, value in answer.get("Item", {}).items()}
