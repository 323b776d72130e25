"""Errors of AWS become sentences that say what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from async_download_admin.aws import Aws, open_aws
from async_download_admin.errors import (
    AdminError,
    AwsCallError,
    CredentialsError,
    EndpointError,
    PermissionMissingError,
    WrongStackError,
)
from async_download_admin.outputs import StackOutputs
from async_download_admin.stack import Stack
from botocore import exceptions

from admin.tests.conftest import MakeStack
from admin.tests.support.fake_aws import ACCOUNT, OUTPUTS, REGION, FakeAws, refusal

DENIED = "User: arn:aws:iam::1:user/u is not authorized to perform: sqs:ReceiveMessage"


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (refusal("ExpiredToken"), CredentialsError, "have expired: log in again"),
        (refusal("ExpiredTokenException"), CredentialsError, "have expired"),
        (refusal("InvalidClientTokenId", status=403), CredentialsError, "does not accept the credentials"),
        (refusal("SignatureDoesNotMatch", status=403), CredentialsError, "the clock of this machine"),
        (refusal("AccessDenied", DENIED), PermissionMissingError, f"`redrive` needs the IAM permission .* {DENIED}"),
        (refusal("403", "Forbidden", 403), PermissionMissingError, r"sqs:GetQueueAttributes\. `async-download-admin"),
        (refusal("QueueDoesNotExist"), WrongStackError, "does not exist"),
        (refusal("PermanentRedirect", "eu-west-1", 301), WrongStackError, "another region"),
        (refusal("ThrottlingException", "Rate exceeded"), AwsCallError, "ThrottlingException: Rate exceeded"),
        (exceptions.NoCredentialsError(), CredentialsError, "No AWS credentials: Unable to locate credentials. Set"),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="expired"), CredentialsError, "aws sso login"),
        (
            exceptions.EndpointConnectionError(endpoint_url="https://sqs.eu-central-1.amazonaws.com/?a=b"),
            EndpointError,
            "^sqs.eu-central-1.amazonaws.com does not answer",
        ),
        (exceptions.ReadTimeoutError(endpoint_url="http://127.0.0.1:1/"), EndpointError, "127.0.0.1:1 does not answer"),
        (exceptions.ProxyConnectionError(proxy_url="http://u:p@proxy"), EndpointError, "the endpoint of sqs"),
        (exceptions.SSLError(endpoint_url="https://x/", error="bad"), EndpointError, "SSLError"),
        (
            exceptions.UnknownServiceError(service_name="x", known_service_names="y"),
            AwsCallError,
            "UnknownServiceError",
        ),
    ],
)
def test_an_error_of_a_call_says_what_to_do(
    make_stack: MakeStack, aws: FakeAws, error: Exception, kind: type[AdminError], words: str
) -> None:
    aws.answers["sqs.GetQueueAttributes"] = error
    with pytest.raises(kind, match=words):
        make_stack("redrive").call("sqs", "GetQueueAttributes", QueueUrl="https://queue", AttributeNames=["All"])


def test_an_error_of_a_page_is_translated(stack: Stack, aws: FakeAws) -> None:
    aws.answers["stepfunctions.ListExecutions"] = refusal("AccessDeniedException")
    with pytest.raises(PermissionMissingError) as denied:
        list(stack.aws.pages("stepfunctions", "ListExecutions", stateMachineArn=stack.outputs.state_machine_arn))
    assert denied.value.action == "states:ListExecutions"


def test_an_output_that_aws_does_not_accept_is_said(make_stack: MakeStack) -> None:
    with pytest.raises(AwsCallError, match="not valid for sqs ReceiveMessage"):
        make_stack().call("sqs", "ReceiveMessage", QueueUrl=3)


def test_a_message_of_aws_with_a_secret_is_masked(stack: Stack, aws: FakeAws) -> None:
    aws.answers["s3.HeadBucket"] = refusal("Other", "at https://b/k?X-Amz-Signature=abc\x1b[31m")
    with pytest.raises(AwsCallError) as failed:
        stack.call("s3", "HeadBucket", Bucket="bucket")
    assert "abc" not in str(failed.value)
    assert "\x1b" not in str(failed.value)


def test_credentials_of_another_account_are_refused(stack: Stack, aws: FakeAws) -> None:
    aws.answers["sts.GetCallerIdentity"] = {"Account": "999999999999", "Arn": "arn:aws:iam::999999999999:user/u"}
    with pytest.raises(WrongStackError, match=f"account {ACCOUNT}, the credentials are of account 999999999999"):
        stack.aws.check_account(stack.outputs)


def opened(outputs: dict[str, Any] = OUTPUTS, **options: Any) -> Aws:
    settings = {"profile": None, "region": None, "endpoint_url": None} | options
    return open_aws(StackOutputs(outputs, "outputs.json"), "show", **settings)


def test_the_region_is_that_of_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    assert opened().session.region_name == REGION
    assert opened(region=REGION).session.region_name == REGION
    with pytest.raises(WrongStackError, match=f"The stack is in {REGION}, not in us-west-2"):
        opened(region="us-west-2")


def test_an_unknown_profile_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "absent"))
    with pytest.raises(CredentialsError, match=r"config profile \(absent\) could not be found"):
        opened(profile="absent").call("sts", "GetCallerIdentity")


def test_credentials_come_from_the_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text("[profile ops]\naws_access_key_id = AKIAOPS\naws_secret_access_key = s\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert opened(profile="ops").session.get_credentials().access_key == "AKIAOPS"


LOCAL = OUTPUTS | {"awsEndpoint": "http://127.0.0.1:4566", "accessKeyId": "LOCAL", "secretAccessKey": "s"}


def test_a_local_stack_has_its_own_endpoint_and_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAMINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    local = opened(LOCAL)
    assert local.session.get_credentials().access_key == "LOCAL"
    assert local.client("sts").meta.endpoint_url == "http://127.0.0.1:4566"


def test_a_local_stack_needs_no_profile_and_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "absent")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    client = opened(LOCAL).client("sts")
    assert client.meta.config.proxies == {}
    assert client.meta.endpoint_url == "http://127.0.0.1:4566"


def test_a_local_stack_needs_no_setting_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULTS_MODE", "AWS_STS_REGIONAL_ENDPOINTS", "AWS_RETRY_MODE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "absent")
    assert opened(LOCAL).client("sts").meta.endpoint_url == "http://127.0.0.1:4566"


@pytest.mark.security
def test_own_credentials_are_never_sent_to_an_endpoint_in_the_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAMINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    without_keys = opened(OUTPUTS | {"awsEndpoint": "https://evil.example.com"})
    assert without_keys.client("sts").meta.endpoint_url.endswith("amazonaws.com")
    other_endpoint = opened(LOCAL, endpoint_url="http://127.0.0.1:9999")
    assert other_endpoint.session.get_credentials().access_key == "AKIAMINE"
    assert other_endpoint.client("sts").meta.endpoint_url == "http://127.0.0.1:9999"


def test_the_endpoint_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert opened().client("dynamodb").meta.endpoint_url == "http://127.0.0.1:4566"
