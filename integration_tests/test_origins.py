"""Two hundred origins, more than an environment can hold, and origins with certificates of an internal CA."""

from __future__ import annotations

import json
import secrets
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.settings import GUARDED, SECRET_HEADER, Origins, config_for
from integration_tests.support.stack import Deploy, Stack, unique_path
from localcloud.origin import Origin
from tools import certificates
from tools.certificates import Certificate

MANY = 200
FIRST, LAST = "warehouse-000", f"warehouse-{MANY - 1:03}"


@pytest.fixture(scope="module")
def root() -> Certificate:
    """The root certificate of an internal CA."""
    return certificates.ca("Internal root")


@pytest.fixture(scope="module")
def internal(root: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origin]:
    """An origin whose certificate an intermediate of the internal CA has issued."""
    issuing = certificates.ca("Internal issuing", root)
    certificate = certificates.server(issuing, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.write(Path(tmp_path_factory.mktemp("tls")) / "server.pem", issuing))
    with Origin(tls=context) as origin:
        yield origin


@pytest.fixture(scope="module")
def bundles(cloud: Cloud, root: Certificate) -> Iterator[dict[str, str]]:
    """ARNs of secrets: the CA, another CA, a text that is no certificate, and a missing secret.

    There is no SSM parameter: the emulator does not find parameters by their ARN, as AWS does.
    """
    values = {"secret": root.pem, "other": certificates.ca("Another root").pem, "wrong": "not a certificate"}
    prefix = f"async-download-e2e-{secrets.token_hex(4)}"
    manager = cloud.client("secretsmanager")
    arns = {
        name: manager.create_secret(Name=f"{prefix}/{name}", SecretString=value)["ARN"]
        for name, value in values.items()
    }
    try:
        yield arns | {"missing": arns["secret"].replace(f"{prefix}/secret", f"{prefix}/missing")}
    finally:
        for name in values:
            manager.delete_secret(SecretId=arns[name], ForceDeleteWithoutRecovery=True)


def warehouses(first: dict[str, object], last: dict[str, object]) -> Origins:
    """Return two hundred origins with URLs of realistic length, of which the first and the last can be reached."""
    urls = {
        f"warehouse-{number:03}": f"https://warehouse-{number:03}.reports.internal.example.com/exports/finance/2026/"
        for number in range(MANY)
    }
    all_origins: Origins = {name: {"baseUrl": url} for name, url in urls.items()}
    return all_origins | {FIRST: first, LAST: last}


@pytest.fixture(scope="module")
def warehouse(
    cloud: Cloud, origins: Origins, internal: Origin, bundles: dict[str, str], deploy: Deploy
) -> Iterator[Stack]:
    """A stack with all of these origins."""
    if cloud.target is Target.AWS:
        pytest.skip("AWS cannot reach an origin with a certificate of this test's CA: use an emulator.")
    internal_origin: dict[str, object] = {"baseUrl": internal.base_url}
    all_origins: Origins = warehouses(origins["files"], origins[GUARDED])
    all_origins |= {f"internal-{name}": internal_origin | {"caBundle": arn} for name, arn in bundles.items()}
    all_origins |= {"internal-none": internal_origin}
    with deploy(
        "origins", config_for(cloud, all_origins, {"auth.type": "none", "copying.sliceThresholdMb": 64})
    ) as stack:
        yield stack


def outcome(stack: Stack, origin: str, path: str) -> dict[str, Any]:
    """Return the message that ends a download from one of the origins."""
    answer = stack.client.rest.call("POST", "/downloads", {"origin": origin, "path": path})
    return stack.client.receive_end(stack.client.parse_download(answer), 60)


@pytest.mark.parametrize("name", [FIRST, LAST])
def test_the_first_and_the_last_of_two_hundred_origins_are_copied_from(
    warehouse: Stack, origin: Origin, secret: tuple[str, str], name: str
) -> None:
    path = unique_path("1MB")
    ready = outcome(warehouse, name, path)
    assert warehouse.client.fetch(ready["url"]).sha256 == Origin.content_sha256(1_000_000)
    (header,) = {
        request.headers.get(SECRET_HEADER.lower()) for request in origin.requests if request.path == f"/{path}"
    }
    assert header == (secret[1] if name == LAST else None)


def test_an_origin_that_is_not_configured_is_unknown(warehouse: Stack) -> None:
    answer = warehouse.client.rest.call("POST", "/downloads", {"origin": "warehouse-200", "path": "a"})
    assert (answer.status, answer.code) == (400, "UNKNOWN_ORIGIN")


@pytest.mark.parametrize("key", ["copy", "copy_slice", "request_download"])
def test_origins_are_not_in_the_environment(warehouse: Stack, key: str) -> None:
    environment = json.dumps(warehouse.operator.environment(key))
    assert "internal.example.com" not in environment
    assert len(environment) < 4096


@pytest.mark.engine
@pytest.mark.parametrize("size", ["1MB", "70MB"], ids=["one worker", "slices"])
def test_an_origin_of_an_internal_ca_is_copied_from(warehouse: Stack, internal: Origin, size: str) -> None:
    path = unique_path(size)
    ready = outcome(warehouse, "internal-secret", path)
    assert ready["type"] == "ready", ready
    assert warehouse.client.fetch(ready["url"]).size == ready["size"]
    assert [request for request in internal.requests if request.path == f"/{path}"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none", "is not issued by a CA that is trusted"),
        ("other", "is not issued by a CA that is trusted"),
        ("wrong", "(its setting caBundle) is not CA certificates in PEM"),
        ("missing", "(its setting caBundle) cannot be read: GetSecretValue: ResourceNotFoundException"),
    ],
)
def test_a_bad_ca_bundle_fails_the_download_with_the_reason(
    warehouse: Stack, internal: Origin, name: str, words: str
) -> None:
    path = unique_path("1")
    failed = outcome(warehouse, f"internal-{name}", path)
    assert failed["type"] == "failed"
    assert failed["error"]["code"] == "ORIGIN_TLS"
    assert words in failed["error"]["message"]
    assert not [request for request in internal.requests if request.path == f"/{path}"]
