"""Custom domains on the emulator, which serves a domain to requests with its name in the Host header."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from async_download_client.auth import Iam, OutgoingRequest

from integration_tests.conftest import deploy_stack
from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.settings import FILES, Origins, config_for
from integration_tests.support.sockets import Socket
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.waiting import wait_for

MAX_WAIT_SECONDS = 30


@pytest.fixture(scope="module")
def domain_stack(cloud: Cloud, origins: Origins, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack with two domains under localhost, which no other name server knows."""
    if cloud.target is not Target.EMULATOR:
        pytest.skip("Custom domains need a certificate and a DNS zone: only the emulator serves any name.")
    account = cloud.client("sts").get_caller_identity()["Account"]
    certificate = f"arn:aws:acm:{cloud.region}:{account}:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"
    name = secrets.token_hex(3)
    settings = {
        "auth.type": "iam",
        "api.domainName": f"files-{name}.localhost",
        "api.certificateArn": certificate,
        "websocket.domainName": f"sockets-{name}.localhost",
        "websocket.certificateArn": certificate,
    }
    with deploy_stack(request, cloud, "domains", config_for(cloud, origins, settings)) as deployment:
        yield deployment


def call(stack: Stack, method: str, url: str, body: object = None, headers: dict[str, str] | None = None) -> Any:
    """Send a signed request to a URL under the custom domain, as the downloader signs it; return its JSON."""
    port = urlsplit(str(stack.cloud.endpoint)).port
    parts = urlsplit(url)
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", "Host": f"{parts.hostname}:{port}", **(headers or {})}
    address = parts._replace(scheme="http", netloc=sent["Host"]).geturl()
    auth = Iam(region=stack.cloud.region)
    signed = {**sent, **auth.headers(OutgoingRequest(method, address, sent, data))}
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, parts.path, body=data, headers=signed)
        response = connection.getresponse()
        answer = json.loads(response.read())
        assert response.status < 300, (response.status, answer)
        return answer
    finally:
        connection.close()


@pytest.mark.engine
def test_a_download_through_the_custom_domain(domain_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature names the host of the custom domain, and messages are posted at the default endpoint."""
    credentials = domain_stack.cloud.credentials
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_key)
    api, socket = domain_stack.outputs["apiUrl"], domain_stack.outputs["webSocketUrl"]
    assert (urlsplit(api).path, urlsplit(socket).path) == ("", "")
    requested = call(domain_stack, "POST", f"{api}/downloads", {"origin": FILES, "path": unique_path("1000")})
    assert requested["statusUrl"] == f"{api}/downloads/{requested['downloadId']}"
    assert requested["webSocketEndpoint"].startswith(f"{socket}?ticket=")
    ticket = requested["webSocketEndpoint"].partition("ticket=")[2]
    with Socket(f"{domain_stack.outputs['webSocketExecuteApiUrl']}?ticket={ticket}") as connection:
        assert connection.receive("ready", deadline=MAX_WAIT_SECONDS)["size"] == 1000
    headers = {"X-Download-Ticket": ticket}
    status = wait_for(lambda: call(domain_stack, "GET", requested["statusUrl"], headers=headers), MAX_WAIT_SECONDS)
    assert status["status"] == "READY"
    assert domain_stack.client.fetch(status["url"]).size == 1000


def test_the_targets_of_dns_records_are_outputs(domain_stack: Stack) -> None:
    for output in ("apiDomainTarget", "webSocketDomainTarget"):
        assert ".execute-api." in domain_stack.outputs[output], output
    assert domain_stack.outputs["apiDomainZoneId"]
