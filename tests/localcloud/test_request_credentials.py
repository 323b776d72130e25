"""The access key of a request, and forms of credentials that are not read."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from localcloud.request_credentials import Credential, CredentialError, find_credential
from tests.localcloud.forged_requests import ISSUED, header, query

pytestmark = pytest.mark.security

OTHER = "Credential=test/20260101/us-east-1/s3/aws4_request"


def of_query(text: str) -> Credential | None:
    return find_credential([], parse_qsl(text, keep_blank_values=True))


def test_what_older_tools_pre_sign_is_read() -> None:
    """boto3 and version 1 of the AWS CLI use this form for S3 in us-east-1."""
    assert of_query(f"AWSAccessKeyId={ISSUED}&Signature=x%3D&Expires=1") == Credential(ISSUED, "s3", in_query=True)
    assert of_query("Signature=x&Expires=1&list-type=2") is None


def test_both_forms_of_signature_version_4_are_read() -> None:
    assert find_credential([header(ISSUED, "s3")], []) == Credential(ISSUED, "s3", in_query=False)
    assert of_query(f"list-type=2&{query(ISSUED, 's3')}&partNumber=1") == Credential(ISSUED, "s3", in_query=True)
    compact = header(ISSUED).replace(", ", ",")
    assert find_credential([compact], []) == find_credential([header(ISSUED)], [])


@pytest.mark.parametrize("authorization", ["Bearer token", "Basic dGVzdDp0ZXN0", "eyJhbGciOi.J9.x", ""])
def test_what_is_not_of_aws_is_none(authorization: str) -> None:
    assert find_credential([authorization], [("ticket", "1.x")]) is None
    assert find_credential([], []) is None


@pytest.mark.parametrize(
    "values",
    [
        [header(), header()],
        ["Bearer token", header()],
        [header(), "Bearer token"],
        [f"{header()}, {OTHER}"],
        [header().replace("Credential=", f"{OTHER}, Credential=")],
        [header().replace("AWS4-HMAC-SHA256", "aws4-hmac-sha256")],
        [header().replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")],
        [header().replace("AWS4-HMAC-SHA256 ", "")],
        [header().replace("Credential=", "credential=")],
        [header().replace("aws4_request", "aws4")],
        [header("")],
        [header("a/b")],
        ["AWS test:signature"],
        ["aws test:signature"],
        ["AWS4-HMAC-SHA256"],
        [f"Bearer x {OTHER}"],
    ],
)
def test_headers_that_the_emulator_may_read_otherwise_are_errors(values: list[str]) -> None:
    """Signature Version 2 and 4a, repeated, missing or unusually written parts are errors."""
    with pytest.raises(CredentialError):
        find_credential(values, [])


@pytest.mark.parametrize(
    "text",
    [
        "AWSAccessKeyId=test&Signature=x",
        "AWSAccessKeyId=test&Signature=x&Expires=1&SignatureVersion=2",
        "AWSAccessKeyId=test&Signature=x&Expires=1&signature=y",
        "AWSAccessKeyId=test&Signature=&Expires=1",
        "AWSAccessKeyId=test&AWSAccessKeyId=x&Signature=x&Expires=1",
        "AWSAccessKeyId=a%2Fb&Signature=x&Expires=1",
        "awsaccesskeyid=test&Signature=x&Expires=1",
        "awsaccesskeyid=test",
        f"{query()}&AWSAccessKeyId=test",
        f"{query()}&{query('test')}",
        f"{query()}&x-amz-credential=test%2F20260101%2Fus-east-1%2Fs3%2Faws4_request",
        query().replace("X-Amz-Credential", "x-amz-credential"),
        query().replace("X-Amz-Credential", "X-AMZ-Credential"),
        "X-Amz-Credential=test",
        "X-Amz-Signature=0",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        query(**{"X-Amz-Algorithm": "AWS4-ECDSA-P256-SHA256"}),
        query(**{"X-Amz-Algorithm": ""}),
        query(**{"X-Amz-Signature": ""}),
        query(**{"X-Amz-Credential": "test"}),
        query(""),
        query("a/b"),
    ],
)
def test_queries_that_the_emulator_may_read_otherwise_are_errors(text: str) -> None:
    with pytest.raises(CredentialError):
        of_query(text)
