"""Hosts, paths, WebSocket handshakes and access keys that the filter lets through; control endpoints are closed."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.request_refusals import (
    CONTROL_ENDPOINT,
    CREDENTIALS_MISSING,
    CREDENTIALS_UNREADABLE,
    FOREIGN_HOST,
    FOREIGN_PAGE,
    NO_WEBSOCKET_API,
    UNKNOWN_ACCESS_KEY,
)
from localcloud.request_rules import Request
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


@pytest.mark.parametrize(
    "host",
    [
        "attacker.example",
        f"attacker.example:{PORT}",
        f"127.0.0.1.attacker.example:{PORT}",
        f"localhost.attacker.example:{PORT}",
        f"notlocalhost:{PORT}",
        f"10.0.0.1:{PORT}",
        f"[2001:db8::1]:{PORT}",
        "127.0.0.1",
        "127.0.0.1:80",
        f"localhost:{PORT + 1}",
        f"user@localhost:{PORT}",
        f"attacker.example\\@localhost:{PORT}",
        f"localhost:{PORT}, attacker.example",
        f".localhost:{PORT}",
        f"a..localhost:{PORT}",
        f"localhost.:{PORT}",
    ],
)
@pytest.mark.parametrize("websocket", [False, True])
def test_a_host_that_is_not_this_machines_is_refused(host: str, websocket: bool) -> None:
    assert refusal_of(forge(API, host=host, websocket=websocket)) is FOREIGN_HOST
    assert refusal_of(forge("/", host=host, authorization=header())) is FOREIGN_HOST
    assert refusal_of(forge("/_ministack/health", host=host)) is FOREIGN_HOST


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.8.9.10", "localhost", "LocalHost", "[::1]", "bucket.localhost", "bucket.s3.us-east-1.localhost"],
)
def test_names_and_addresses_of_this_machine_are_its_own(host: str) -> None:
    assert refusal_of(forge("/", host=f"{host}:{PORT}", authorization=header())) is None


def test_a_request_has_exactly_one_host() -> None:
    host = (b"host", f"localhost:{PORT}".encode())
    for headers in ([], [host, host]):
        assert refusal_of(Request(False, "GET", API, b"", headers, PORT)) is FOREIGN_HOST


def test_the_port_of_http_may_be_left_out() -> None:
    assert refusal_of(Request(False, "GET", API, b"", [(b"host", b"localhost")], 80)) is None


@pytest.mark.parametrize("path", ["http://attacker.example/", "*", ""])
def test_a_target_that_is_no_path_is_refused(path: str) -> None:
    assert refusal_of(forge(path, authorization=header())) is FOREIGN_HOST


def test_a_websocket_reaches_the_stacks_apis_only() -> None:
    assert refusal_of(forge(API, websocket=True, origin=FOREIGN)) is None
    assert refusal_of(forge(API, websocket=True, query=query("test", "execute-api"))) is UNKNOWN_ACCESS_KEY
    for path in ("/", "/mqtt", CONNECTIONS, "/_ministack/health"):
        assert refusal_of(forge(path, websocket=True, query=query())) in (NO_WEBSOCKET_API, CONTROL_ENDPOINT)
    assert refusal_of(forge("/v1", websocket=True, host=f"api.execute-api.localhost:{PORT}")) is NO_WEBSOCKET_API


@pytest.mark.parametrize(
    "path",
    [
        "/_ministack/reset",
        "/_ministack/config",
        "/_ministack/rds/iam-auth",
        "/_ministack/health/x",
        "/_ministack",
        "/_localstack/state/save",
        "/_localstack/init",
        "/_aws/lambda-url/abc/",
        "/_aws/execute-api/abc",
        "/_aws/ses",
        "/_alb/name/",
        "/_anything",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_control_endpoints_are_closed_to_everybody(path: str, method: str) -> None:
    assert refusal_of(forge(path, method, authorization=header())) is CONTROL_ENDPOINT


def test_health_is_for_everybody_and_to_be_read() -> None:
    for path in ("/_ministack/health", "/_ministack/ready", "/_localstack/health", "/health"):
        assert refusal_of(forge(path)) is None
        assert refusal_of(forge(path, "HEAD")) is None
        assert refusal_of(forge(path, "POST")) in (CONTROL_ENDPOINT, CREDENTIALS_MISSING)


@pytest.mark.parametrize(
    "path",
    ["//_ministack/reset", "/./_ministack/reset", f"{API}/../../../_ministack/reset", "/bucket/_ministack/reset"],
)
def test_a_path_that_only_looks_like_a_control_endpoint_is_what_the_emulator_takes_it_for(path: str) -> None:
    """It compares whole paths, without resolving dots; what is no API needs a key."""
    assert refusal_of(forge(path, "POST")) is (None if path.startswith(API) else CREDENTIALS_MISSING)


@pytest.mark.parametrize(
    "key", ["test", "000000000000", "123456789012", "AKIAIOSFODNN7EXAMPLE", ROOT.lower(), ROOT[:-1], f"{ROOT}x", "x"]
)
@pytest.mark.parametrize("service", ["s3", "lambda", "execute-api"])
def test_a_key_that_was_not_issued_is_refused(key: str, service: str) -> None:
    for path in (FUNCTIONS, OBJECT, CONNECTIONS, API, "/"):
        assert refusal_of(forge(path, "POST", authorization=header(key, service))) is UNKNOWN_ACCESS_KEY
        assert refusal_of(forge(path, "POST", query(key, service))) is UNKNOWN_ACCESS_KEY


def test_credentials_in_two_places_are_refused() -> None:
    """With an Authorization header that is not AWS's, the emulator checks no signature in the URL."""
    for authorization in (header(ISSUED), "Bearer token", ""):
        for path in (FUNCTIONS, OBJECT, API):
            request = forge(path, "POST", query(ISSUED, "s3"), authorization=authorization)
            assert refusal_of(request) is CREDENTIALS_UNREADABLE


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
