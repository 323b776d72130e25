"""Access keys that the filter accepts for AWS services."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.request_refusals import (
    CONTROL_ENDPOINT,
    CREDENTIALS_MISSING,
    FOREIGN_PAGE,
)
from tests.localcloud.forged_requests import (
    API,
    BUCKET,
    CONNECTIONS,
    FOREIGN,
    FUNCTIONS,
    ISSUED,
    OBJECT,
    PORT,
    ROOT,
    SCOPE,
    decide,
    forge,
    header,
    query,
    refusal_of,
)

pytestmark = pytest.mark.security


def test_the_public_keys_of_a_user_pool_are_for_programs() -> None:
    """The emulator's API Gateway fetches them to check a token. No bucket has an underscore in its name."""
    path = "/us-east-1_AbC123/.well-known/jwks.json"
    assert refusal_of(forge(path)) is None
    assert refusal_of(forge(path, origin=FOREIGN)) is FOREIGN_PAGE
    for other in (path.replace("_", "-"), f"/bucket{path}", f"{path}/x", path.replace("jwks", "other")):
        assert refusal_of(forge(other)) is CREDENTIALS_MISSING
    assert refusal_of(forge(path, "PUT")) is CREDENTIALS_MISSING


@pytest.mark.parametrize("key", [ROOT, ISSUED])
def test_keys_of_this_run_pass(key: str) -> None:
    for path in (FUNCTIONS, OBJECT, CONNECTIONS, API, "/"):
        assert refusal_of(forge(path, "POST", authorization=header(key))) is None
        assert refusal_of(forge(path, "POST", query(key))) is None


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", FUNCTIONS, {}),
        ("POST", "/", {"content_type": "application/x-www-form-urlencoded"}),
        ("POST", f"/{BUCKET}", {"content_type": "multipart/form-data; boundary=x"}),
        ("GET", OBJECT, {}),
        ("POST", CONNECTIONS, {}),
        ("GET", "/latest/meta-data/iam/security-credentials/role", {}),
        ("POST", "/oauth2/token", {}),
        ("POST", "/", {"authorization": "Bearer token"}),
        ("POST", "/", {"authorization": "Basic dGVzdDp0ZXN0"}),
        ("POST", "/", {"x_amz_target": "AWSCognitoIdentityProviderService.InitiateAuth"}),
    ],
)
def test_a_service_is_not_called_without_credentials(method: str, path: str, headers: dict[str, Any]) -> None:
    assert refusal_of(forge(path, method, **headers)) is CREDENTIALS_MISSING


@pytest.mark.parametrize(
    "host", ["0ac7dc46.execute-api.localhost", "d1.cloudfront.localhost", "x.lambda-url.localhost"]
)
def test_on_other_hosts_every_path_is_a_services(host: str) -> None:
    """The emulator routes by the host first, and takes no credentials there."""
    for path in ("/v1/downloads", "/v2/email/outbound-emails"):
        assert refusal_of(forge(path, "POST", host=f"{host}:{PORT}")) is CREDENTIALS_MISSING
        assert refusal_of(forge(path, "POST", host=f"{host}:{PORT}", authorization=header())) is None
    assert refusal_of(forge(API, "POST", host=f"{host}:{PORT}")) is CONTROL_ENDPOINT


def test_the_scope_of_a_key_is_what_the_emulator_reads() -> None:
    assert SCOPE in header()
    assert decide(forge("/", authorization=header("test", "s3"))).service == "s3"
