"""Which requests reach the emulator: hosts, web pages, control endpoints and access keys."""

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
from tests.localcloud.requests_to_filter import (
    API,
    BUCKET,
    FUNCTIONS,
    ISSUED,
    PORT,
    ROOT,
    SCOPE,
    header,
    judged,
    query,
    refused,
    request,
)

pytestmark = pytest.mark.security

FOREIGN = "https://attacker.example"
OBJECT = f"/{BUCKET}/downloads/1"
CROSS_SITE: dict[str, Any] = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors", "sec_fetch_dest": "image"}
NAVIGATION: dict[str, Any] = {
    "sec_fetch_site": "cross-site",
    "sec_fetch_mode": "navigate",
    "sec_fetch_dest": "document",
}
CONNECTIONS = API.replace("/downloads", "/@connections/abc=")


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
    assert refused(request(API, host=host, websocket=websocket)) is FOREIGN_HOST
    assert refused(request("/", host=host, authorization=header())) is FOREIGN_HOST
    assert refused(request("/_ministack/health", host=host)) is FOREIGN_HOST


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.8.9.10", "localhost", "LocalHost", "[::1]", "bucket.localhost", "bucket.s3.us-east-1.localhost"],
)
def test_names_and_addresses_of_this_machine_are_its_own(host: str) -> None:
    assert refused(request("/", host=f"{host}:{PORT}", authorization=header())) is None


def test_a_request_has_exactly_one_host() -> None:
    one = (b"host", f"localhost:{PORT}".encode())
    for headers in ([], [one, one]):
        assert refused(Request(False, "GET", API, b"", headers, PORT)) is FOREIGN_HOST


def test_the_port_of_http_may_be_left_out() -> None:
    assert refused(Request(False, "GET", API, b"", [(b"host", b"localhost")], 80)) is None


@pytest.mark.parametrize("path", ["http://attacker.example/", "*", ""])
def test_a_target_that_is_no_path_is_refused(path: str) -> None:
    assert refused(request(path, authorization=header())) is FOREIGN_HOST


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "headers",
    [{"origin": FOREIGN}, {"origin": "null"}, {"origin": f"http://127.0.0.1:{PORT}"}, {"origin": "http://127.0.0.1:1"}],
)
def test_no_page_reaches_a_service(method: str, headers: dict[str, Any]) -> None:
    """Not even with the right key: simple requests, preflights, and pages of this very port."""
    asked = request(FUNCTIONS, method, authorization=header(), **headers)
    assert refused(asked) is FOREIGN_PAGE
    assert refused(request(FUNCTIONS, method, query(), **headers)) is FOREIGN_PAGE


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "Cross-Site", "anything"])
@pytest.mark.parametrize(
    ("mode", "destination"), [("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe"), ("websocket", "empty")]
)
def test_what_a_page_embeds_or_fetches_is_from_a_page(site: str, mode: str, destination: str) -> None:
    """Browsers send no Origin with an image or a no-cors GET."""
    fetch: dict[str, Any] = {"sec_fetch_site": site, "sec_fetch_mode": mode, "sec_fetch_dest": destination}
    assert refused(request(FUNCTIONS, query=query(), **fetch)) is FOREIGN_PAGE
    assert refused(request("/_ministack/health", **fetch)) is FOREIGN_PAGE


def test_a_link_may_be_followed() -> None:
    """It needs a key like every other request; a form that a page submits is no link."""
    assert refused(request(OBJECT, query=query(), **NAVIGATION)) is None
    assert refused(request("/_ministack/health", **NAVIGATION)) is None
    assert refused(request(OBJECT, **NAVIGATION)) is CREDENTIALS_MISSING
    assert refused(request(FUNCTIONS, "POST", query(), **NAVIGATION)) is FOREIGN_PAGE
    typed = NAVIGATION | {"sec_fetch_site": "none"}
    assert refused(request(OBJECT, query=query(), **typed)) is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [{"origin": FOREIGN}, CROSS_SITE])
def test_on_signed_reads_of_objects_the_bucket_decides(method: str, headers: dict[str, Any]) -> None:
    signed = query(ISSUED, "s3")
    assert judged(request(OBJECT, method, signed, **headers)).keeps_cors
    assert refused(request(OBJECT, method, signed, **headers)) is None
    asked = request(OBJECT, "OPTIONS", signed, access_control_request_method=method, **headers)
    assert (refused(asked), judged(asked).keeps_cors) == (None, True)


@pytest.mark.parametrize(
    "asked",
    [
        request(OBJECT, "PUT", query(ISSUED, "s3"), origin=FOREIGN),
        request(OBJECT, "POST", query(ISSUED, "s3"), origin=FOREIGN),
        request(OBJECT, "OPTIONS", query(ISSUED, "s3"), origin=FOREIGN, access_control_request_method="PUT"),
        request(OBJECT, "OPTIONS", query(ISSUED, "s3"), origin=FOREIGN),
        request(OBJECT, "GET", query(ISSUED, "lambda"), origin=FOREIGN),
        request("/nothing/key", "GET", query(ISSUED, "s3"), origin=FOREIGN),
        request(FUNCTIONS, "GET", query(ISSUED, "s3"), origin=FOREIGN),
        request(OBJECT, "GET", origin=FOREIGN, authorization=header(ISSUED, "s3")),
        request(CONNECTIONS, "POST", origin=FOREIGN, authorization=header(ISSUED, "execute-api")),
    ],
)
def test_nothing_else_that_is_signed_is_let_through(asked: Request) -> None:
    assert refused(asked) is FOREIGN_PAGE


def test_an_object_read_needs_a_key_of_this_run() -> None:
    signed = query("test", "s3")
    preflight = request(OBJECT, "OPTIONS", signed, origin=FOREIGN, access_control_request_method="GET")
    for asked in (request(OBJECT, "GET", signed, origin=FOREIGN), preflight):
        assert refused(asked) is UNKNOWN_ACCESS_KEY


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("headers", [{}, {"origin": FOREIGN}, CROSS_SITE, {"authorization": "Bearer token"}])
def test_the_stacks_apis_decide_themselves(method: str, headers: dict[str, Any]) -> None:
    verdict = judged(request(API, method, "ticket=1.x", **headers))
    assert (verdict.refusal, verdict.keeps_cors) == (None, True)


def test_a_websocket_reaches_the_stacks_apis_only() -> None:
    assert refused(request(API, websocket=True, origin=FOREIGN)) is None
    assert refused(request(API, websocket=True, query=query("test", "execute-api"))) is UNKNOWN_ACCESS_KEY
    for path in ("/", "/mqtt", CONNECTIONS, "/_ministack/health"):
        assert refused(request(path, websocket=True, query=query())) in (NO_WEBSOCKET_API, CONTROL_ENDPOINT)
    assert refused(request("/v1", websocket=True, host=f"api.execute-api.localhost:{PORT}")) is NO_WEBSOCKET_API


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
    assert refused(request(path, method, authorization=header())) is CONTROL_ENDPOINT


def test_health_is_for_everybody_and_to_be_read() -> None:
    for path in ("/_ministack/health", "/_ministack/ready", "/_localstack/health", "/health"):
        assert refused(request(path)) is None
        assert refused(request(path, "HEAD")) is None
        assert refused(request(path, "POST")) in (CONTROL_ENDPOINT, CREDENTIALS_MISSING)


def test_the_public_keys_of_a_user_pool_are_for_programs() -> None:
    """The emulator's API Gateway fetches them to check a token. No bucket has an underscore in its name."""
    path = "/us-east-1_AbC123/.well-known/jwks.json"
    assert refused(request(path)) is None
    assert refused(request(path, origin=FOREIGN)) is FOREIGN_PAGE
    for other in (path.replace("_", "-"), f"/bucket{path}", f"{path}/x", path.replace("jwks", "other")):
        assert refused(request(other)) is CREDENTIALS_MISSING
    assert refused(request(path, "PUT")) is CREDENTIALS_MISSING


@pytest.mark.parametrize(
    "path",
    ["//_ministack/reset", "/./_ministack/reset", f"{API}/../../../_ministack/reset", "/bucket/_ministack/reset"],
)
def test_a_path_that_only_looks_like_a_control_endpoint_is_what_the_emulator_takes_it_for(path: str) -> None:
    """It compares whole paths, without resolving dots; what is no API needs a key."""
    assert refused(request(path, "POST")) is (None if path.startswith(API) else CREDENTIALS_MISSING)


@pytest.mark.parametrize(
    "key", ["test", "000000000000", "123456789012", "AKIAIOSFODNN7EXAMPLE", ROOT.lower(), ROOT[:-1], f"{ROOT}x", "x"]
)
@pytest.mark.parametrize("service", ["s3", "lambda", "execute-api"])
def test_a_key_that_was_not_issued_is_refused(key: str, service: str) -> None:
    """In the header and in the URL; on the stack's APIs, too, where a root key would pass for any caller."""
    for path in (FUNCTIONS, OBJECT, CONNECTIONS, API, "/"):
        assert refused(request(path, "POST", authorization=header(key, service))) is UNKNOWN_ACCESS_KEY
        assert refused(request(path, "POST", query(key, service))) is UNKNOWN_ACCESS_KEY


@pytest.mark.parametrize("key", [ROOT, ISSUED])
def test_keys_of_this_run_pass(key: str) -> None:
    for path in (FUNCTIONS, OBJECT, CONNECTIONS, API, "/"):
        assert refused(request(path, "POST", authorization=header(key))) is None
        assert refused(request(path, "POST", query(key))) is None


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
    """A form that posts to a bucket has them in its body, which nobody here needs."""
    assert refused(request(path, method, **headers)) is CREDENTIALS_MISSING


@pytest.mark.parametrize(
    "host", ["0ac7dc46.execute-api.localhost", "d1.cloudfront.localhost", "x.lambda-url.localhost"]
)
def test_on_other_hosts_every_path_is_a_services(host: str) -> None:
    """The emulator decides by the host first: what it serves there takes no credentials."""
    for path in ("/v1/downloads", "/v2/email/outbound-emails"):
        assert refused(request(path, "POST", host=f"{host}:{PORT}")) is CREDENTIALS_MISSING
        assert refused(request(path, "POST", host=f"{host}:{PORT}", authorization=header())) is None
    assert refused(request(API, "POST", host=f"{host}:{PORT}")) is CONTROL_ENDPOINT


def test_credentials_in_two_places_are_refused() -> None:
    """With an Authorization header that is not AWS's, the emulator checks no signature in the URL."""
    for authorization in (header(ISSUED), "Bearer token", ""):
        for path in (FUNCTIONS, OBJECT, API):
            asked = request(path, "POST", query(ISSUED, "s3"), authorization=authorization)
            assert refused(asked) is CREDENTIALS_UNREADABLE


def test_an_answer_to_a_program_carries_no_cors_headers() -> None:
    for path in (FUNCTIONS, OBJECT, "/_ministack/health"):
        assert not judged(request(path, authorization=header())).keeps_cors


def test_the_scope_of_a_key_is_what_the_emulator_reads() -> None:
    assert SCOPE in header()
    assert judged(request("/", authorization=header("test", "s3"))).service == "s3"
