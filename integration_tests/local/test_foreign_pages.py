"""Attacks of a web page on a running emulator. Without the filter each of them succeeds."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

import pytest

from integration_tests.support.attacks import (
    BUCKET,
    CONTENT,
    FOREIGN,
    FUNCTIONS,
    KEY,
    TRUST,
    Answer,
    archive,
    code,
    create_role,
    forged_query,
    handshake,
    presigned,
    send,
    session_of,
)
from localcloud.emulator import Emulator

pytestmark = pytest.mark.security

FROM_A_PAGE = {"Origin": FOREIGN, "Content-Type": "text/plain", "Sec-Fetch-Site": "cross-site"}
HEALTH = ("/_ministack/health", "/_ministack/ready", "/_localstack/health")
PAGE = "http://127.0.0.1:40123"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        running.aws().client("s3").create_bucket(Bucket=BUCKET)
        running.aws().client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT)
        yield running


def attack(emulator: Emulator, key: str, headers: dict[str, str]) -> list[Answer]:
    """Create a role and a function, then invoke it, with requests that need no preflight and no secret."""
    role = urlencode(
        {"Action": "CreateRole", "Version": "2010-05-08", "RoleName": "attack", "AssumeRolePolicyDocument": TRUST}
    )
    packed = archive("import os\ndef handler(event, context): return f'ran as user {os.getuid()}'")
    function = {
        "FunctionName": "attack",
        "Runtime": "python3.13",
        "Handler": "f.handler",
        "Role": "arn:aws:iam::000000000000:role/attack",
        "Code": {"ZipFile": base64.b64encode(packed).decode()},
    }
    query, body = forged_query(key), json.dumps(function).encode()
    return [
        send(emulator, "POST", f"/?{role}&{forged_query(key, 'iam')}", headers, b""),
        send(emulator, "POST", f"{FUNCTIONS}?{query}", headers, body),
        send(emulator, "POST", f"{FUNCTIONS}/attack/invocations?{query}", headers, b"{}"),
    ]


@pytest.mark.parametrize("key", ["test", "000000000000"])
def test_a_page_cannot_run_code(emulator: Emulator, key: str) -> None:
    """Without the filter the answers are 200, 201 and 200, and the last body says `ran as user ...`."""
    answers = attack(emulator, key, FROM_A_PAGE)
    assert [(status, body[:60]) for status, _, body in answers if b"ran as user" in body] == []
    assert [code(answer) for answer in answers] == ["ForeignPage"] * 3
    assert [code(answer) for answer in attack(emulator, key, {})] == ["UnknownAccessKey"] * 3, "another user"
    assert emulator.aws().client("lambda").list_functions()["Functions"] == []


def test_every_control_endpoint_of_the_emulator_is_closed(emulator: Emulator) -> None:
    """The paths are read from the emulator's source, so that a new version cannot add one unnoticed."""
    from ministack import app

    source = Path(app.__file__).read_text(encoding="utf-8")
    paths = {path.rstrip("/") for path in re.findall(r"[\"'](/_[a-z][\w./-]*)", source)}
    assert {"/_ministack/reset", "/_ministack/config", "/_aws/execute-api", "/_alb"} <= paths
    opened = set()
    for method, path, sent in product(("GET", "POST", "PUT"), paths, ({}, FROM_A_PAGE)):
        status, headers, _ = send(emulator, method, path, sent, b"{}")
        if (status, headers.get("x-amzn-errortype")) != (403, "ControlEndpointClosed"):
            opened.add((method, path))
    assert opened == {("GET", path) for path in HEALTH}


@pytest.mark.parametrize("host", ["attacker.example", "attacker.example:{port}", "127.0.0.1", "localhost:1"])
def test_a_rebound_name_is_refused(emulator: Emulator, host: str) -> None:
    named = {"Host": host.format(port=emulator.port)}
    for path in ("/_ministack/health", "/_aws/execute-api/api/v1/downloads", "/files/report"):
        assert code(send(emulator, "GET", path, named)) == "ForeignHost"


def test_a_handshake_is_refused_as_a_request_is(emulator: Emulator) -> None:
    api = "/_aws/execute-api/api/v1"
    assert b"403" in handshake(emulator, api, Host="attacker.example").split(b"\r\n")[0]
    assert b"ForeignHost" in handshake(emulator, api, Host=f"attacker.example:{emulator.port}")
    assert b"NoWebSocketApi" in handshake(emulator, "/mqtt")
    assert b"UnknownAccessKey" in handshake(emulator, f"{api}?{forged_query('test', 'execute-api')}")
    # One that is allowed reaches the emulator, which does not know this API.
    assert b"x-amzn-errortype" not in handshake(emulator, api, Origin=FOREIGN).lower()


def test_a_page_fetches_a_pre_signed_url_as_far_as_the_bucket_lets_it(emulator: Emulator) -> None:
    """GET and its preflight get the bucket's CORS headers, or none."""
    s3, page, session = emulator.aws().client("s3"), PAGE, session_of(emulator, create_role(emulator))
    url = presigned(emulator, session)
    preflight = {"Origin": page, "Access-Control-Request-Method": "GET"}
    status, headers, body = send(emulator, "GET", url, {"Origin": page})
    assert (status, body) == (200, CONTENT)
    assert "access-control-allow-origin" not in headers
    assert send(emulator, "OPTIONS", url, preflight)[0] == 403
    s3.put_bucket_cors(
        Bucket="files", CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": [page]}]}
    )
    try:
        assert send(emulator, "GET", url, {"Origin": page})[1]["access-control-allow-origin"] == page
        assert send(emulator, "OPTIONS", url, preflight)[1]["access-control-allow-origin"] == page
        assert "access-control-allow-origin" not in send(emulator, "GET", url, {"Origin": FOREIGN})[1]
        assert send(emulator, "OPTIONS", url, {**preflight, "Origin": FOREIGN})[0] == 403
        put = {**preflight, "Access-Control-Request-Method": "PUT"}
        assert code(send(emulator, "OPTIONS", url, put)) == "ForeignPage"
        assert code(send(emulator, "PUT", presigned(emulator, session, "put_object"), {"Origin": page}))
    finally:
        s3.delete_bucket_cors(Bucket="files")
