"""The records of resource types: they fit botocore's models, and a change sends the requests that it needs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import botocore.session
import pulumi
import pytest

from local_provider.aws import Aws
from local_provider.operations import ResourceClient
from local_provider.resource_types import RESOURCE_TYPES

SESSION = botocore.session.Session()
QUEUE, ROLE, FUNCTION = "aws:sqs/queue:Queue", "aws:iam/role:Role", "aws:lambda/function:Function"
LOG_GROUP, BUCKET = "aws:cloudwatch/logGroup:LogGroup", "aws:s3/bucket:Bucket"
METHOD, PLAN = "aws:apigateway/method:Method", "aws:apigateway/usagePlan:UsagePlan"
INTEGRATION = "aws:apigateway/integration:Integration"
PLACE = {"restApi": "api", "resourceId": "path", "httpMethod": "GET"}

Requests = list[tuple[str, dict[str, Any]]]


class RecordingAws(Aws):
    """Clients that record requests and answer each of them with the same fields."""

    def __init__(self, answer: dict[str, Any] | None = None) -> None:
        super().__init__("http://127.0.0.1:9")
        self.answer = answer or {}
        self.requests: Requests = []

    def client(self, service: str) -> Any:
        """Return a client that sends nothing."""
        is_new = service not in self._clients
        client = super().client(service)
        if is_new:
            client.meta.events.register("provide-client-params", self._record)
            client.meta.events.register("before-call", lambda **_: (SimpleNamespace(status_code=200), self.answer))
        return client

    def _record(self, params: dict[str, Any], model: Any, **_event: object) -> None:
        if model.name != "GetCallerIdentity":
            self.requests.append((model.name, dict(params)))


def updated(type_: str, old: dict[str, Any], new: dict[str, Any]) -> Requests:
    """Return the requests of an update."""
    aws = RecordingAws()
    ResourceClient(aws, RESOURCE_TYPES[type_]).update("the-id", old, new)
    return aws.requests


def test_no_variable_of_the_user_reaches_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    for _, names, _, _ in botocore.session.Session.SESSION_VARIABLES.values():
        for name in [names] if isinstance(names, str) else names or []:
            monkeypatch.setenv(name, "absent")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    aws = Aws("http://127.0.0.1:9")
    for service in ("s3", "dynamodb", "lambda"):
        meta = aws.client(service).meta
        assert (meta.endpoint_url, meta.region_name) == ("http://127.0.0.1:9", "us-east-1")


@pytest.mark.parametrize("type_", sorted(RESOURCE_TYPES))
def test_a_record_names_operations_and_parameters_of_its_service(type_: str) -> None:
    kind = RESOURCE_TYPES[type_]
    model = SESSION.get_service_model(kind.service)
    steps = [kind.create, kind.read, kind.delete, *kind.update]
    names = {name for step in steps for name in (step.name, step.unset) if name}
    names |= set(kind.tags or ()) - {""} | {name for name, _ in kind.details.values() if name}
    parameters = {member for name in names for member in model.operation_model(name).input_shape.members}
    assert {path.partition(".")[0] for path in kind.names} <= parameters


@pytest.mark.parametrize(
    ("type_", "parameter", "source"),
    [
        ("aws:apigateway/restApi:RestApi", "restApiId", "id"),
        ("aws:apigateway/model:Model", "restApiId", "restApi"),
        ("aws:apigateway/model:Model", "modelName", "name"),
        (ROLE, "RoleName", "name"),
        ("aws:iam/rolePolicy:RolePolicy", "RoleName", "role"),
        ("aws:sfn/stateMachine:StateMachine", "stateMachineArn", "id"),
        (QUEUE, "QueueUrl", "id"),
        (QUEUE, "TagKeys", "tagKeys"),
        ("aws:dynamodb/table:Table", "ResourceArn", "arn"),
    ],
)
def test_a_parameter_takes_the_input_that_it_names(type_: str, parameter: str, source: str) -> None:
    assert RESOURCE_TYPES[type_].sources([parameter]) == {parameter: source}


@pytest.mark.parametrize("parameter", ["Id", "Name", "PermissionsBoundary", "TableId"])
def test_a_parameter_that_names_no_input_takes_none(parameter: str) -> None:
    assert RESOURCE_TYPES["aws:apigateway/resource:Resource"].sources([parameter]) == {}


@pytest.mark.parametrize(
    ("type_", "id_"),
    [
        ("aws:apigateway/model:Model", "{id}"),
        ("aws:apigatewayv2/route:Route", "{RouteId}"),
        (BUCKET, "{bucket}"),
        ("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "{functionName}"),
    ],
)
def test_an_id_is_the_services_own_or_the_first_input(type_: str, id_: str) -> None:
    assert RESOURCE_TYPES[type_].id == id_


def test_a_creation_sends_inputs_under_the_services_names_and_formats() -> None:
    aws = RecordingAws({"QueueUrl": "url", "Attributes": {"QueueArn": "arn"}})
    created = ResourceClient(aws, RESOURCE_TYPES[QUEUE]).create({"name": "q", "delaySeconds": 5, "tags": {"a": "1"}})
    assert created == ("url", {"arn": "arn", "url": "url"})
    parameters = {"QueueName": "q", "Attributes": {"DelaySeconds": "5"}, "tags": {"a": "1"}}
    assert aws.requests == [("CreateQueue", parameters)]


def test_a_resource_is_read_under_the_names_that_it_is_sent_under() -> None:
    aws = RecordingAws({"deploymentId": "other", "tracingEnabled": False, "Account": "123456789012"})
    state = {"restApi": "api", "stageName": "v1", "deployment": "first", "xrayTracingEnabled": True, "arn": "a"}
    current = ResourceClient(aws, RESOURCE_TYPES["aws:apigateway/stage:Stage"]).read("the-id", state)
    assert (current["deployment"], current["xrayTracingEnabled"]) == ("other", False)


def test_a_creation_sets_afterwards_what_the_creating_operation_does_not_take() -> None:
    aws = RecordingAws({"Account": "123456789012"})
    ResourceClient(aws, RESOURCE_TYPES[LOG_GROUP]).create({"name": "g", "retentionInDays": 3})
    assert aws.requests == [
        ("CreateLogGroup", {"logGroupName": "g"}),
        ("PutRetentionPolicy", {"logGroupName": "g", "retentionInDays": 3}),
    ]


@pytest.mark.parametrize(
    ("type_", "old", "new", "requests"),
    [
        (
            QUEUE,
            {"name": "q", "kmsMasterKeyId": "key"},
            {"name": "q"},
            [("SetQueueAttributes", {"QueueUrl": "the-id", "Attributes": {"KmsMasterKeyId": ""}})],
        ),
        (
            ROLE,
            {"name": "r", "assumeRolePolicy": "{}", "tags": {"a": "1"}},
            {"name": "r", "assumeRolePolicy": '{"Statement": []}', "tags": {"b": "2"}},
            [
                ("UpdateAssumeRolePolicy", {"RoleName": "r", "PolicyDocument": '{"Statement": []}'}),
                ("UntagRole", {"RoleName": "r", "TagKeys": ["a"]}),
                ("TagRole", {"RoleName": "r", "Tags": [{"Key": "b", "Value": "2"}]}),
            ],
        ),
        (
            FUNCTION,
            {"name": "f", "role": "r", "reservedConcurrentExecutions": 5},
            {"name": "f", "role": "r", "reservedConcurrentExecutions": -1},
            [("DeleteFunctionConcurrency", {"FunctionName": "f"})],
        ),
        (
            LOG_GROUP,
            {"name": "g", "retentionInDays": 3},
            {"name": "g"},
            [("DeleteRetentionPolicy", {"logGroupName": "g"})],
        ),
        (
            BUCKET,
            {"bucket": "b", "tags": {"a": "1"}},
            {"bucket": "b", "tags": {"a": "2"}},
            [("PutBucketTagging", {"Bucket": "b", "Tagging": {"TagSet": [{"Key": "a", "Value": "2"}]}})],
        ),
        (BUCKET, {"bucket": "b", "tags": {"a": "1"}}, {"bucket": "b"}, [("DeleteBucketTagging", {"Bucket": "b"})]),
        (
            METHOD,
            {**PLACE, "authorization": "NONE", "requestModels": {"text/html": "Page"}},
            {**PLACE, "authorization": "AWS_IAM"},
            [
                (
                    "UpdateMethod",
                    {
                        "restApiId": "api",
                        "resourceId": "path",
                        "httpMethod": "GET",
                        "patchOperations": [
                            {"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"},
                            {"op": "remove", "path": "/requestModels/text~1html"},
                        ],
                    },
                )
            ],
        ),
        (
            INTEGRATION,
            {**PLACE, "type": "AWS_PROXY", "timeoutMilliseconds": 5000},
            {**PLACE, "type": "AWS_PROXY"},
            [
                (
                    "UpdateIntegration",
                    {
                        "restApiId": "api",
                        "resourceId": "path",
                        "httpMethod": "GET",
                        "patchOperations": [{"op": "replace", "path": "/timeoutInMillis", "value": "29000"}],
                    },
                )
            ],
        ),
        (
            PLAN,
            {"name": "p", "quotaSettings": {"limit": 1, "period": "DAY"}},
            {"name": "p", "apiStages": [{"apiId": "api", "stage": "v1"}]},
            [
                (
                    "UpdateUsagePlan",
                    {
                        "usagePlanId": "the-id",
                        "patchOperations": [
                            {"op": "remove", "path": "/quota"},
                            {"op": "add", "path": "/apiStages", "value": "api:v1"},
                        ],
                    },
                )
            ],
        ),
        (QUEUE, {"name": "q", "tags": {}}, {"name": "q"}, []),
    ],
)
def test_an_update_sends_only_the_requests_of_what_changed(
    type_: str, old: dict[str, Any], new: dict[str, Any], requests: Requests
) -> None:
    assert updated(type_, old, new) == requests


PUBLISHED = {"name": "f", "role": "arn:aws:iam::123456789012:role/r", "handler": "h.handler", "publish": True}
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.mark.parametrize(
    ("change", "operations"),
    [
        ({"timeout": 5}, ["UpdateFunctionConfiguration", "PublishVersion"]),
        ({"reservedConcurrentExecutions": 5}, ["PutFunctionConcurrency"]),
        ({"tags": {"a": "1"}}, ["TagResource"]),
        ({}, []),
    ],
)
def test_a_version_is_published_after_changes_that_it_holds(change: dict[str, Any], operations: list[str]) -> None:
    requests = updated(FUNCTION, PUBLISHED | {"arn": FUNCTION_ARN}, PUBLISHED | change)
    assert [name for name, _ in requests] == operations
    assert [parameters for name, parameters in requests if name == "PublishVersion"] == [
        {"FunctionName": "f"} for name in operations if name == "PublishVersion"
    ]


def test_code_and_configuration_are_published_as_one_version() -> None:
    code = pulumi.AssetArchive({"handler.py": pulumi.StringAsset("pass")})
    requests = updated(FUNCTION, PUBLISHED | {"codeSha256": "other"}, PUBLISHED | {"code": code, "timeout": 5})
    names = [name for name, _ in requests]
    assert names == ["UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion"]
    assert requests[0][1].keys() == {"FunctionName", "ZipFile"}, "Publish would store the former configuration"


def test_an_update_returns_the_published_version() -> None:
    aws = RecordingAws({"Version": "4", "FunctionArn": "f:4", "Account": "123456789012"})
    client = ResourceClient(aws, RESOURCE_TYPES[FUNCTION])
    outputs = client.update("f", PUBLISHED | {"version": "3"}, PUBLISHED | {"timeout": 5})
    versioned = (outputs["version"], outputs["arn"], outputs["qualifiedArn"])
    assert versioned == ("4", FUNCTION_ARN, f"{FUNCTION_ARN}:4")


def test_a_function_is_read_with_its_newest_version() -> None:
    versions = [{"Version": number} for number in ("$LATEST", "1", "2")]
    aws = RecordingAws(
        {"Configuration": {"Version": "$LATEST", "FunctionArn": "f"}, "Versions": versions, "Account": "123456789012"}
    )
    current = ResourceClient(aws, RESOURCE_TYPES[FUNCTION]).read("f", PUBLISHED)
    assert (current["version"], current["qualifiedArn"].rpartition(":")[2]) == ("2", "2")
