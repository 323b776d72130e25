"""Least privilege: each role allows exactly what its function calls, on exactly what it calls it on."""

from __future__ import annotations

import json

import pytest
from async_download.specs import FUNCTIONS, hyphenated

from tests.components.harness import Cloud, Deployed, Registered, deploy
from tests.components.proof import Right, rights_given
from tests.components.test_settings import SECRET, origin

PREFIX = "async-download-test-files"
PLACE = "eu-west-1:123456789012"
DOWNLOADS = f"arn:aws:dynamodb:{PLACE}:table/{PREFIX}-downloads"
CONNECTIONS = f"arn:aws:dynamodb:{PLACE}:table/{PREFIX}-connections"
MACHINE = f"arn:aws:states:{PLACE}:stateMachine:{PREFIX}-transfer"
EXECUTIONS = f"arn:aws:states:{PLACE}:execution:{PREFIX}-transfer:*"
FUNCTION = f"arn:aws:lambda:{PLACE}:function:{PREFIX}-"
SIGNER = f"arn:aws:iam::123456789012:role/{PREFIX}-signer"
SOCKETS = f"arn:aws:execute-api:{PLACE}:sock456/v1/%s/@connections/*"
CLOSING = f"arn:aws:states:{PLACE}:stateMachine:{PREFIX}-closing"
BUCKET = "arn:aws:s3:::files-copies-1234567"
OBJECTS = f"{BUCKET}/downloads/*"
QUEUE = f"arn:aws:sqs:{PLACE}:{PREFIX}-undelivered"

READ_AND_MARK = {("dynamodb:GetItem", DOWNLOADS), ("dynamodb:UpdateItem", DOWNLOADS)}
FORGET = {("dynamodb:GetItem", CONNECTIONS), ("dynamodb:DeleteItem", CONNECTIONS)}
PUSH = {("execute-api:ManageConnections", SOCKETS % "POST")}
CLOSE_LATER = {("states:StartExecution", CLOSING)}
SIGN = {("sts:AssumeRole", SIGNER)}
CALL_FAIL = {("lambda:InvokeFunction", f"{FUNCTION}fail")}
UNDELIVERED = {("sqs:SendMessage", QUEUE)}


def objects(*actions: str) -> set[Right]:
    return {(f"s3:{action}", OBJECTS) for action in actions}


WANTED: dict[str, set[Right]] = {
    "request_download": {
        *READ_AND_MARK,
        ("dynamodb:PutItem", DOWNLOADS),
        ("states:StartExecution", MACHINE),
        ("states:DescribeExecution", EXECUTIONS),
    },
    "get_download": {*READ_AND_MARK, *SIGN, *CALL_FAIL, ("states:DescribeExecution", EXECUTIONS)},
    "cancel_download": {*READ_AND_MARK, *CALL_FAIL, ("states:StopExecution", EXECUTIONS)},
    "connect": {
        *READ_AND_MARK,
        *FORGET,
        ("dynamodb:PutItem", CONNECTIONS),
        ("execute-api:ManageConnections", SOCKETS % "GET"),
        ("lambda:InvokeFunction", f"{FUNCTION}deliver"),
    },
    "disconnect": {("dynamodb:UpdateItem", DOWNLOADS), ("dynamodb:DeleteItem", CONNECTIONS)},
    "message": {
        *READ_AND_MARK,
        *SIGN,
        *PUSH,
        *CALL_FAIL,
        ("dynamodb:GetItem", CONNECTIONS),
        ("dynamodb:UpdateItem", CONNECTIONS),
        ("states:DescribeExecution", EXECUTIONS),
        ("states:StopExecution", EXECUTIONS),
    },
    "copy": {
        *READ_AND_MARK,
        *objects("PutObject", "GetObject", "DeleteObject", "AbortMultipartUpload", "ListMultipartUploadParts"),
        *PUSH,
        ("s3:ListBucket", BUCKET),
    },
    "copy_slice": {*READ_AND_MARK, *PUSH, *objects("PutObject", "ListMultipartUploadParts")},
    "complete": {
        *READ_AND_MARK,
        *objects("PutObject", "GetObject", "DeleteObject", "ListMultipartUploadParts", "AbortMultipartUpload"),
        ("s3:ListBucket", BUCKET),
    },
    "close": {
        *READ_AND_MARK,
        *FORGET,
        *CLOSE_LATER,
        ("execute-api:ManageConnections", SOCKETS % "DELETE"),
    },
    "deliver": {*READ_AND_MARK, *FORGET, *PUSH, *SIGN, *CLOSE_LATER, *UNDELIVERED},
    "fail": {
        *READ_AND_MARK,
        *FORGET,
        *PUSH,
        *CLOSE_LATER,
        *UNDELIVERED,
        *objects("GetObject", "DeleteObject", "AbortMultipartUpload", "ListMultipartUploadParts"),
        ("s3:ListBucket", BUCKET),
    },
}
OWN = {"logs", "xray"}


def test_every_function_is_in_the_table() -> None:
    assert set(WANTED) == set(FUNCTIONS)


@pytest.mark.parametrize("key", FUNCTIONS)
def test_a_function_may_do_what_it_calls_and_nothing_else(deployed: Deployed, key: str) -> None:
    given = rights_given(deployed.statements(hyphenated(key)))
    assert {right for right in given if right[0].split(":")[0] not in OWN} == WANTED[key]


@pytest.mark.parametrize("key", FUNCTIONS)
def test_a_function_writes_to_its_own_log_group_and_creates_none(deployed: Deployed, key: str) -> None:
    group = f"arn:aws:logs:{PLACE}:log-group:/aws/lambda/{PREFIX}-{hyphenated(key)}:*"
    wanted = {("logs:CreateLogStream", group), ("logs:PutLogEvents", group)}
    assert rights_given(deployed.statements(hyphenated(key)), "logs") == wanted


def test_tracing_rights_come_and_go_with_tracing(deployed: Deployed) -> None:
    traced = {("xray:PutTelemetryRecords", "*"), ("xray:PutTraceSegments", "*")}
    plain = deploy({"tracing": False})
    for key in map(hyphenated, FUNCTIONS):
        assert rights_given(deployed.statements(key), "xray") == traced
        assert rights_given(plain.statements(key), "xray") == set()
        assert plain.one("lambda/function:Function", key).inputs["tracingConfig"] == {"mode": "PassThrough"}
    assert rights_given(plain.statements("transfer"), "xray") == set()


def test_the_signer_reads_copies_and_nothing_else(deployed: Deployed) -> None:
    assert rights_given(deployed.statements("signer")) == {("s3:GetObject", OBJECTS)}


def test_the_signer_is_taken_by_those_that_may_take_it_and_by_nobody_else(deployed: Deployed) -> None:
    (statement,) = deployed.one("iam/role:Role", "signer-role").json("assumeRolePolicy")["Statement"]
    trusted = set(statement["Condition"]["ArnEquals"]["aws:PrincipalArn"])
    may = {key for key in FUNCTIONS if SIGN & rights_given(deployed.statements(hyphenated(key)))}
    assert statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    roles = {f"arn:aws:iam::123456789012:role/{PREFIX}-{hyphenated(key)}" for key in may}
    sessions = {f"arn:aws:sts::123456789012:assumed-role/{PREFIX}-{hyphenated(key)}/*" for key in may}
    assert trusted == roles | sessions


def test_listing_is_only_to_tell_a_missing_copy_from_a_forbidden_one(deployed: Deployed) -> None:
    listing = [
        statement
        for key in map(hyphenated, FUNCTIONS)
        for statement in deployed.statements(key)
        if "s3:ListBucket" in statement["Action"]
    ]
    assert len(listing) == 3
    assert all(item["Condition"] == {"StringLike": {"s3:prefix": "downloads/*"}} for item in listing)


def test_secrets_are_readable_by_who_copies_alone_and_only_those_named() -> None:
    deployed = deploy(origin(secret_headers={"Authorization": SECRET, "X-Other": SECRET}))
    readers = {
        key: rights
        for key in FUNCTIONS
        if (rights := rights_given(deployed.statements(hyphenated(key)), "secretsmanager"))
    }
    assert readers == {key: {("secretsmanager:GetSecretValue", SECRET)} for key in ("copy", "copy_slice")}


def documents(deployed: Deployed) -> list[tuple[Registered, str]]:
    keys = ("policy", "assumeRolePolicy", "eventPattern", "definition")
    return [(item, item.inputs[key]) for item in deployed.custom for key in keys if key in item.inputs]


def test_wildcards_are_where_aws_has_nothing_to_name(deployed: Deployed) -> None:
    everywhere = {"logs", "xray"}
    for policy in deployed.all("iam/rolePolicy:RolePolicy"):
        for action, resource in rights_given(policy.json("policy")["Statement"]):
            assert "*" not in action, policy.name
            if resource == "*":
                assert action.split(":")[0] in everywhere, (policy.name, action)
            if resource == "*" and action.startswith("logs:"):
                assert policy.name.endswith("transfer-policy")


def test_every_statement_has_a_name_of_its_own(deployed: Deployed) -> None:
    for policy in deployed.all("iam/rolePolicy:RolePolicy"):
        sids = [statement["Sid"] for statement in policy.json("policy")["Statement"]]
        assert len(sids) == len(set(sids)), policy.name


def test_partition_and_suffix_are_the_providers() -> None:
    cloud = Cloud(partition="aws-cn", suffix="amazonaws.com.cn", region="cn-north-1")
    for args in ({}, {"bucket": "reports", "manage_api_gateway_account": True}):
        deployed = deploy(args, cloud=cloud)
        for resource, text in documents(deployed):
            assert "arn:aws:" not in text, resource.name
        for resource in deployed.custom:
            plain = {key: value for key, value in resource.inputs.items() if key != "code"}
            assert "arn:aws:" not in json.dumps(plain), resource.name
        (outputs,) = deployed.component_outputs.values()
        assert outputs["apiUrl"] == "https://rest123.execute-api.cn-north-1.amazonaws.com.cn/v1"


@pytest.mark.parametrize(
    ("part", "service"), [("copy", "lambda"), ("transfer", "states"), ("api-gateway", "apigateway")]
)
def test_a_role_is_taken_by_its_service(part: str, service: str) -> None:
    role = deploy({"manage_api_gateway_account": True}).one("iam/role:Role", f"{part}-role")
    (statement,) = role.json("assumeRolePolicy")["Statement"]
    assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"
