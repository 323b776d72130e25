"""Who a client says it is, to the REST API and to nobody else."""

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
    """Nothing of this machine's AWS settings."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")


def scope_of(headers: object) -> str:
    """The credential scope in the header Authorization."""
    return str(dict(headers)["Authorization"]).split("Credential=")[1].split(",")[0]  # type: ignore[call-overload]


def test_api_key_and_bearer() -> None:
    """A key and a token are headers; a token may be fresh each time."""
    assert ApiKey("made-up").headers(REQUEST) == {"x-api-key": "made-up"}
    assert Bearer("made-up").headers(REQUEST) == {"Authorization": "Bearer made-up"}
    numbers = count()
    fresh = Bearer(lambda: str(next(numbers)))
    assert [fresh.headers(REQUEST)["Authorization"] for _ in range(2)] == ["Bearer 0", "Bearer 1"]


@pytest.mark.usefixtures("keys")
def test_signature() -> None:
    """The signature is the one that AWS computes for the same request, over its body and headers."""
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
def test_region(
    monkeypatch: pytest.MonkeyPatch, url: str, region: str | None, environment: str | None, expected: str
) -> None:
    """The region is the one that was named, the host's, or the environment's, in this order."""
    if environment:
        monkeypatch.setenv("AWS_DEFAULT_REGION", environment)
    headers = Iam(region=region).headers(OutgoingRequest("GET", url, {}, None))
    assert scope_of(headers).split("/")[2:] == [expected, "execute-api", "aws4_request"]


@pytest.mark.usefixtures("keys")
def test_no_region() -> None:
    """Without any region it says how to name one."""
    with pytest.raises(CredentialsError, match="AWS_REGION"):
        Iam().headers(OutgoingRequest("GET", "https://files.example.com", {}, None))


@pytest.mark.usefixtures("keys")
def test_region_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_REGION counts, as in Lambda and the newer SDKs."""
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert "/eu-west-3/" in scope_of(Iam().headers(OutgoingRequest("GET", "https://files.example.com", {}, None)))


def test_profile(tmp_path: Path) -> None:
    """A profile has keys, a token and a region."""
    (tmp_path / "credentials").write_text(
        "[files]\naws_access_key_id=AKIDFILES\naws_secret_access_key=x\naws_session_token=made-up-token\n"
    )
    (tmp_path / "config").write_text("[profile files]\nregion=eu-west-1\n")
    headers = Iam("files").headers(OutgoingRequest("GET", "https://files.example.com", {}, None))
    assert scope_of(headers).startswith("AKIDFILES/")
    assert "/eu-west-1/" in scope_of(headers)
    assert headers["X-Amz-Security-Token"] == "made-up-token"
    with pytest.raises(CredentialsError, match="nobody"):
        Iam("nobody").headers(REQUEST)


def test_no_credentials(stack: FakeStack) -> None:
    """Without credentials nothing is sent."""
    client = Client(stack.api_url, timing=QUICK, auth=Iam(region="us-east-1"))
    with client, pytest.raises(CredentialsError, match="AWS_PROFILE"):
        client.request("q3.csv")
    assert stack.requests == []


@pytest.mark.usefixtures("keys")
def test_role_that_cannot_be_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What AWS says against a role is an error of credentials, not a traceback."""

    def refuse(_: object) -> object:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized to assume it"}}, "AssumeRole")

    monkeypatch.setattr(Credentials, "get_frozen_credentials", refuse)
    with pytest.raises(CredentialsError, match="not authorized"):
        Iam().headers(REQUEST)


@pytest.mark.usefixtures("keys")
def test_signature_replaces_a_header() -> None:
    """An Authorization that was there before does not hide the signature."""
    request = replace(REQUEST, headers={**REQUEST.headers, "Authorization": "something else"})
    assert Iam().headers(request)["Authorization"].startswith("AWS4-HMAC-SHA256 ")


def test_no_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without botocore it says how to get it."""
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(CredentialsError, match=r"async-download-client\[iam\]"):
        Iam().headers(REQUEST)


def test_every_call_and_attempt(stack: FakeStack, target: Path) -> None:
    """Each attempt at each call of the REST API is signed anew; S3 and the socket see nothing of it."""
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
    others = [request for request in stack.requests if not request.path.startswith("/v1/")]
    assert [request.headers.get("authorization") for request in others] == [None] * len(others)
