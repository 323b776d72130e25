"""Credentials for the REST API."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from async_download_client import ApiKey, Bearer, Client, CredentialsError, Iam
from async_download_client.auth import OutgoingRequest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from client.tests.conftest import QUICK
from client.tests.support.fake_stack import FakeStack

REQUEST = OutgoingRequest(
    "POST",
    "https://abc123.execute-api.eu-central-1.amazonaws.com/v1/downloads",
    {"Content-Type": "application/json", "Idempotency-Key": "made-up"},
    b'{"path": "q3.csv"}',
)


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hides this machine's AWS settings."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS credentials in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")


def scope_of(headers: object) -> str:
    """Return the credential scope in the header Authorization."""
    return str(dict(headers)["Authorization"]).split("Credential=")[1].split(",")[0]  # type: ignore[call-overload]


def test_an_api_key_and_a_bearer_token_are_headers() -> None:
    assert ApiKey("made-up").headers(REQUEST) == {"x-api-key": "made-up"}
    assert Bearer("made-up").headers(REQUEST) == {"Authorization": "Bearer made-up"}
    numbers = count()
    with_new_url = Bearer(lambda: str(next(numbers)))
    assert [with_new_url.headers(REQUEST)["Authorization"] for _ in range(2)] == ["Bearer 0", "Bearer 1"]


@pytest.mark.usefixtures("keys")
def test_the_signature_is_the_one_that_botocore_computes_for_the_request() -> None:
    headers = Iam().headers(REQUEST)
    assert "Content-Type" not in headers, "only what is to be sent beside the others"
    again = AWSRequest(REQUEST.method, REQUEST.url, dict(REQUEST.headers), REQUEST.body)
    again.context["timestamp"] = headers["X-Amz-Date"]
    again.headers["X-Amz-Date"] = headers["X-Amz-Date"]
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "made-up"), "execute-api", "eu-central-1")
    expected = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
    assert headers["Authorization"].endswith(f"Signature={expected}")
    assert "content-type;host;idempotency-key;x-amz-date" in headers["Authorization"]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("url", "region", "environment", "expected"),
    [
        (REQUEST.url, None, None, "eu-central-1"),
        (REQUEST.url, None, "us-west-2", "eu-central-1"),
        (REQUEST.url, "us-west-2", None, "us-west-2"),
        ("https://abc123.execute-api.cn-north-1.amazonaws.com.cn/v1", None, None, "cn-north-1"),
        ("https://files.example.com/downloads", None, "us-west-2", "us-west-2"),
    ],
)
def test_the_region_is_the_argument_or_that_of_the_host_or_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, url: str, region: str | None, environment: str | None, expected: str
) -> None:
    if environment:
        monkeypatch.setenv("AWS_DEFAULT_REGION", environment)
    headers = Iam(region=region).headers(OutgoingRequest("GET", url, {}, None))
    assert scope_of(headers).split("/")[2:] == [expected, "execute-api", "aws4_request"]


@pytest.mark.usefixtures("keys")
def test_without_a_region_the_error_says_how_to_name_one() -> None:
    with pytest.raises(CredentialsError, match="AWS_REGION"):
        Iam().headers(OutgoingRequest("GET", "https://files.example.com", {}, None))


@pytest.mark.usefixtures("keys")
def test_the_region_comes_from_aws_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert "/eu-west-3/" in scope_of(Iam().headers(OutgoingRequest("GET", "https://files.example.com", {}, None)))


def test_a_profile_holds_keys_a_token_and_a_region(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(
        "[files]\naws_access_key_id=AKIDFILES\naws_secret_access_key=x\naws_session_token=made-up-token\n",
        encoding="utf-8",
    )
    (tmp_path / "config").write_text("[profile files]\nregion=eu-west-1\n", encoding="utf-8")
    headers = Iam("files").headers(OutgoingRequest("GET", "https://files.example.com", {}, None))
    assert scope_of(headers).startswith("AKIDFILES/")
    assert "/eu-west-1/" in scope_of(headers)
    assert headers["X-Amz-Security-Token"] == "made-up-token"
    with pytest.raises(CredentialsError, match="nobody"):
        Iam("nobody").headers(REQUEST)


def test_without_credentials_no_request_is_sent(stack: FakeStack) -> None:
    client = Client(stack.api_url, timing=QUICK, auth=Iam(region="us-east-1"))
    with client, pytest.raises(CredentialsError, match="AWS_PROFILE"):
        client.request("q3.csv")
    assert stack.requests == []


@pytest.mark.usefixtures("keys")
def test_a_role_that_cannot_be_assumed_raises_a_credentials_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> object:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized to assume it"}}, "AssumeRole")

    monkeypatch.setattr(Credentials, "get_frozen_credentials", refuse)
    with pytest.raises(CredentialsError, match="not authorized"):
        Iam().headers(REQUEST)


@pytest.mark.usefixtures("keys")
def test_the_signature_replaces_an_earlier_authorization_header() -> None:
    request = replace(REQUEST, headers={**REQUEST.headers, "Authorization": "something else"})
    assert Iam().headers(request)["Authorization"].startswith("AWS4-HMAC-SHA256 ")


def test_without_botocore_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(CredentialsError, match=r"async-download-client\[iam\]"):
        Iam().headers(REQUEST)


def test_every_attempt_gets_new_credentials_and_s3_and_sockets_get_none(stack: FakeStack, target: Path) -> None:
    numbers = count()
    stack.rest = [503]
    stack.set_ready()
    stack.sockets = [405]
    with Client(stack.api_url, timing=QUICK, auth=Bearer(lambda: str(next(numbers)))) as client:
        client.get("q3.csv", target)
        client.cancel(client.request("q3.csv"))
    api = [request for request in stack.requests if request.path.startswith("/v1/")]
    assert [request.headers["authorization"] for request in api] == [f"Bearer {number}" for number in range(len(api))]
    assert {request.method for request in api} == {"POST", "GET", "DELETE"}
    rest = [request for request in stack.requests if not request.path.startswith("/v1/")]
    assert [request.headers.get("authorization") for request in rest] == [None] * len(rest)
