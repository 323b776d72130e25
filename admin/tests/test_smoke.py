"""`smoke`, against a stack that behaves as a test says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from async_download_admin.auth import SessionAuth, choose_auth
from async_download_admin.commands import Result
from async_download_admin.commands.smoke import FAILED, STEPS, Request, Smoke
from async_download_admin.errors import CredentialsError, PermissionMissingError
from async_download_admin.outputs import StackOutputs
from async_download_admin.stack import Stack
from async_download_client import ApiKey, Bearer, OutgoingRequest

from admin.tests.conftest import MakeStack
from admin.tests.support.fake_aws import OUTPUTS, PREFIX, FakeAws, refusal
from client.tests.support.fake_stack import FakeStack

CONNECTION = {"connectionId": {"S": "a="}}


@pytest.fixture
def api() -> Iterator[FakeStack]:
    """The API of the stack."""
    with FakeStack() as running:
        yield running


@pytest.fixture
def tables(aws: FakeAws) -> dict[str, Any]:
    """The tables: a connection is recorded until the third look after the end."""
    looks = {"left": 2, "isRemoved": False}

    def read_item(_: object) -> dict[str, Any]:
        return {"Item": {} if looks["isRemoved"] else {"connectionIds": {"SS": ["a="]}}}

    def read_connections(_: object) -> dict[str, Any]:
        looks["left"] -= 1
        looks["isRemoved"] = looks["left"] < 0
        items = [] if looks["isRemoved"] else [CONNECTION]
        return {"Responses": {f"{PREFIX}-connections": items}, "UnprocessedKeys": {}}

    aws.answers |= {"dynamodb.GetItem": read_item, "dynamodb.BatchGetItem": read_connections}
    return aws.answers


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("async_download_admin.commands.smoke.REMOVAL_SECONDS", 0.3)
    monkeypatch.setattr("async_download_admin.commands.smoke._POLL_SECONDS", 0.01)


@pytest.fixture
def stack(make_stack: MakeStack, api: FakeStack) -> Stack:
    """The stack, with the API of the test."""
    return make_stack("smoke", apiUrl=api.api_url)


def smoke(stack: Stack, timeout: float = 20.0) -> Result:
    return Smoke(stack, SessionAuth(stack.aws.session, "smoke"), Request("q3.csv", None, timeout)).run()


def steps(result: Result) -> dict[str, str]:
    assert isinstance(result.content, dict)
    return {row["step"]: row["result"] for row in result.content["steps"]}


def failure(result: Result) -> str:
    assert isinstance(result.content, dict)
    assert (result.exit_code, result.content["passed"]) == (FAILED, False)
    (row,) = [row for row in result.content["steps"] if row["result"] == "failed"]
    return f"{row['step']}: {row['detail']}"


@pytest.mark.usefixtures("tables")
def test_all_steps_of_a_working_stack_pass(stack: Stack) -> None:
    result = smoke(stack)
    assert result.exit_code == 0, result.text
    assert steps(result) == dict.fromkeys(STEPS, "ok")
    assert "The stack works" in result.text
    assert "ticket" not in result.text + json.dumps(result.content)


@pytest.mark.usefixtures("tables")
def test_a_refused_request_fails_and_skips_the_rest(stack: Stack, api: FakeStack) -> None:
    api.rest = [(403, {"error": {"code": "FORBIDDEN", "message": "The caller may not."}})]
    result = smoke(stack)
    assert failure(result) == "request: The caller may not. [FORBIDDEN]"
    assert list(steps(result).values()) == ["failed", *["skipped"] * 5]


def test_a_connection_that_is_not_recorded_fails(stack: Stack, tables: dict[str, Any]) -> None:
    tables["dynamodb.GetItem"] = {"Item": {}}
    assert "connect: the download's item has no connection" in failure(smoke(stack))


def test_a_connection_whose_record_stays_fails(stack: Stack, tables: dict[str, Any]) -> None:
    tables["dynamodb.BatchGetItem"] = {"Responses": {f"{PREFIX}-connections": [CONNECTION]}, "UnprocessedKeys": {}}
    assert "disconnect: 1 of its connections are still recorded" in failure(smoke(stack))


def test_a_connection_that_stays_in_the_item_fails(stack: Stack, tables: dict[str, Any]) -> None:
    tables["dynamodb.GetItem"] = {"Item": {"connectionIds": {"SS": ["a="]}}}
    assert failure(smoke(stack)).startswith("disconnect: ")


def test_a_missing_permission_is_no_failed_step(stack: Stack, tables: dict[str, Any]) -> None:
    tables["dynamodb.GetItem"] = refusal("AccessDeniedException")
    with pytest.raises(PermissionMissingError, match="`smoke` needs the IAM permission dynamodb:GetItem"):
        smoke(stack)


@pytest.mark.usefixtures("tables")
def test_a_refused_websocket_fails_although_the_api_has_the_file(stack: Stack, api: FakeStack) -> None:
    api.sockets = [403]
    api.set_ready()
    assert failure(smoke(stack)).startswith("connect: no WebSocket could be opened: ")


@pytest.mark.usefixtures("tables")
def test_a_failed_download_fails_after_the_connection(stack: Stack, api: FakeStack) -> None:
    api.fail()
    result = smoke(stack)
    assert failure(result) == "ready: The origin has no such file (HTTP 404). [ORIGIN_NOT_FOUND]"
    assert steps(result)["connect"] == "ok"


@pytest.mark.usefixtures("tables")
def test_a_download_that_is_not_ready_in_time_is_cancelled(stack: Stack, api: FakeStack) -> None:
    api.stay_silent()
    assert failure(smoke(stack, 1.0)) == "ready: The file was not ready after 1 s. [WAIT_TIMEOUT]"
    assert [request.method for request in api.requests][-1] == "DELETE"


@pytest.mark.usefixtures("tables")
def test_a_wrong_checksum_fails(stack: Stack, api: FakeStack) -> None:
    api.promised = {"checksum": {"algorithm": "CRC32", "value": "AAAAAA=="}}
    assert "CHECKSUM_MISMATCH" in failure(smoke(stack))


@pytest.mark.usefixtures("tables")
def test_a_file_without_a_checksum_of_the_whole_fails(stack: Stack, api: FakeStack) -> None:
    api.promised = {"checksum": None, "sha256": None}
    assert failure(smoke(stack)) == "verify: the stack announced no checksum of the whole file"


@pytest.mark.parametrize(
    ("variables", "changes", "kind"),
    [
        ({"ASYNC_DOWNLOAD_TOKEN": "t"}, {}, Bearer),
        ({"ASYNC_DOWNLOAD_API_KEY": "k"}, {"apiKeyId": "id"}, ApiKey),
        ({"ASYNC_DOWNLOAD_API_KEY": " "}, {}, SessionAuth),
        ({}, {}, SessionAuth),
    ],
)
def test_credentials_are_those_of_the_environment_or_a_signature(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], changes: dict[str, Any], kind: type
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert isinstance(choose_auth(StackOutputs(OUTPUTS | changes, "o"), aws.session(), "smoke"), kind)


def test_a_missing_api_key_is_said(aws: FakeAws) -> None:
    with pytest.raises(CredentialsError, match="ASYNC_DOWNLOAD_API_KEY to the value of the key abc"):
        choose_auth(StackOutputs(OUTPUTS | {"apiKeyId": "abc"}, "o"), aws.session(), "smoke")


def test_a_signature_names_service_and_region(aws: FakeAws) -> None:
    request = OutgoingRequest("POST", f"{OUTPUTS['apiUrl']}/downloads", {"content-type": "application/json"}, b"{}")
    headers = SessionAuth(aws.session(), "smoke").headers(request)
    assert "/eu-central-1/execute-api/aws4_request" in headers["Authorization"]


def test_a_signature_without_credentials_is_said() -> None:
    request = OutgoingRequest("GET", "https://x.example.com/", {}, None)
    with pytest.raises(CredentialsError, match="No AWS credentials"):
        SessionAuth(boto3.Session(region_name="eu-central-1"), "smoke").headers(request)
