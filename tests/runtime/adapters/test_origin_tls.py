"""Origins with certificates of an internal CA: trust, its scope, and the messages of refusals."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from runtime.adapters import origin_tls
from runtime.adapters.origin_http import HttpOrigins
from runtime.errors import OriginTlsError
from tests.runtime.support.fakes import do_nothing
from tests.runtime.support.http_server import Exchange, Server, serving
from tools import certificates
from tools.certificates import Certificate

HOST = "files.example.com"
ROOT = certificates.ca("Internal root")
INTERMEDIATE = certificates.ca("Internal issuing", ROOT)
OTHER = certificates.ca("Another root")


@pytest.fixture(autouse=True)
def _resolve_all_names_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolve every name to this machine."""
    getaddrinfo: Any = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _host, *arguments, **options: getaddrinfo("127.0.0.1", *arguments, **options)
    )


@pytest.fixture(params=["as shipped", "lenient interpreter"], autouse=True)
def _interpreter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run each test with the interpreter's own defaults (strict from 3.13 on) and with the lenient ones before."""
    create_context = ssl.create_default_context

    def lenient(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        context = create_context(*args, **kwargs)
        context.verify_flags &= ~origin_tls.STRICT
        return context

    if request.param == "lenient interpreter":
        monkeypatch.setattr(ssl, "create_default_context", lenient)
    origin_tls.context_for.cache_clear()
    origin_tls.public_context.cache_clear()
    yield
    origin_tls.context_for.cache_clear()
    origin_tls.public_context.cache_clear()


def send_hello(exchange: Exchange) -> None:
    exchange.send("HTTP/1.1 206 Partial Content", "Content-Length: 5", body=b"hello")


def serving_tls(folder: Path, certificate: Certificate, *chain: Certificate, keep: bool = False) -> Any:
    """Serve with a certificate and the given rest of its chain."""
    return serving(send_hello, tls=True, keep=keep, certificate=certificate.write(folder / "server.pem", *chain))


def get(server: Server, ca_bundle: str | None, origins: HttpOrigins | None = None) -> bytes:
    """Fetch the file."""
    response = (origins or HttpOrigins()).get(
        server.url, {}, check=lambda _address: None, timeout=5, while_waiting=do_nothing, ca_bundle=ca_bundle
    )
    content = response.read(100, 5)
    response.close()
    return content


def refusal(server: Server, ca_bundle: str | None) -> str:
    """Return the message of the handshake that fails."""
    with pytest.raises(OriginTlsError) as error_info:
        get(server, ca_bundle)
    assert HOST not in str(error_info.value)
    assert error_info.value.__suppress_context__ or error_info.value.__context__ is None
    return str(error_info.value)


@pytest.mark.parametrize(
    ("issuer", "chain", "bundle"),
    [
        (ROOT, [], [ROOT]),
        (INTERMEDIATE, [INTERMEDIATE], [ROOT]),
        (INTERMEDIATE, [], [ROOT, INTERMEDIATE]),
        (INTERMEDIATE, [], [INTERMEDIATE]),
        (ROOT, [], [OTHER, ROOT]),
    ],
    ids=["root", "intermediate sent", "intermediate in the bundle", "intermediate alone", "two roots"],
)
def test_chain_of_an_internal_ca_is_trusted_with_its_bundle_only(
    tmp_path: Path, issuer: Certificate, chain: list[Certificate], bundle: list[Certificate]
) -> None:
    with serving_tls(tmp_path, certificates.server(issuer, HOST), *chain) as server:
        assert get(server, "".join(certificate.pem for certificate in bundle)) == b"hello"
        assert "is not issued by a CA that is trusted" in refusal(server, None)
        assert "is not issued by a CA that is trusted" in refusal(server, OTHER.pem)


def test_bundle_with_comments_and_crlf_is_read(tmp_path: Path) -> None:
    bundle = f"# Internal root, until 2036\n{ROOT.pem}\n".replace("\n", "\r\n")
    with serving_tls(tmp_path, certificates.server(ROOT, HOST)) as server:
        assert get(server, bundle) == b"hello"


def test_missing_intermediate_is_explained(tmp_path: Path) -> None:
    with serving_tls(tmp_path, certificates.server(INTERMEDIATE, HOST)) as server:
        assert "has to send its intermediate certificates" in refusal(server, ROOT.pem)


@pytest.mark.parametrize(
    ("certificate", "message"),
    [
        (certificates.server(ROOT, HOST, expires_in=timedelta(days=-1)), "refused: a certificate has expired."),
        (certificates.server(ROOT, "other.example.com"), "refused: it is for another name than the origin's."),
        (
            certificates.server(ROOT, HOST, authority=False),
            "refused: a certificate lacks an Authority Key Identifier, which the strict verification of Python 3.13",
        ),
    ],
    ids=["expired", "another name", "no authority key identifier"],
)
def test_refused_certificate_is_explained(tmp_path: Path, certificate: Certificate, message: str) -> None:
    with serving_tls(tmp_path, certificate) as server:
        assert message in refusal(server, ROOT.pem)
        assert server.requests == []


@pytest.mark.parametrize(
    ("root", "hint"),
    [
        (certificates.ca("No usage", key_usage=False), "a CA's certificate lacks a Key Usage"),
        (
            certificates.ca("Not critical", critical=False),
            "the Basic Constraints of a CA's certificate are not critical",
        ),
    ],
    ids=["no key usage", "constraints not critical"],
)
def test_ca_that_strict_verification_refuses_is_explained(tmp_path: Path, root: Certificate, hint: str) -> None:
    """Interpreters before 3.13 would accept it: the flags are set so that Lambda and a test machine agree."""
    with serving_tls(tmp_path, certificates.server(root, HOST)) as server:
        message = refusal(server, root.pem)
    assert hint in message
    assert "issued anew" in message


@pytest.mark.parametrize(
    ("bundle", "hint"),
    [
        ("", "holds no BEGIN CERTIFICATE"),
        (" \n", "holds no BEGIN CERTIFICATE"),
        ("s3cret", "holds no BEGIN CERTIFICATE"),
        (ROOT.pem.replace("\n", "\\n"), "no certificate can be read"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate can be read"),
        (ROOT.pem[:200], "no certificate can be read"),
        (ROOT.pem + ROOT.pem[:200], "bad end line"),
        (ROOT.pem + "ü", "outside of ASCII"),
    ],
    ids=["empty", "blank", "another secret", "escaped lines", "no certificate", "cut", "cut later", "not ASCII"],
)
def test_unreadable_bundle_is_explained_with_its_setting(tmp_path: Path, bundle: str, hint: str) -> None:
    """The connection is not opened, so the public CAs do not take the place of the bundle."""
    with serving_tls(tmp_path, certificates.server(ROOT, HOST)) as server:
        message = refusal(server, bundle)
        assert server.connections == 0
    assert message.startswith("The CA bundle of the origin (its setting caBundle) is not CA certificates in PEM: ")
    assert hint in message
    assert "s3cret" not in message


def test_connection_is_reused_under_the_same_trust_only(tmp_path: Path) -> None:
    """Two origins on one host may have different CAs: the idle connection of one is not verified for the other."""
    origins = HttpOrigins()
    with serving_tls(tmp_path, certificates.server(ROOT, HOST), keep=True) as server:
        assert [get(server, ROOT.pem, origins) for _ in range(2)] == [b"hello"] * 2
        assert server.connections == 1
        with pytest.raises(OriginTlsError):
            get(server, None, origins)
        with pytest.raises(OriginTlsError):
            get(server, OTHER.pem, origins)
        assert len(server.requests) == 2


def test_every_context_verifies_strictly() -> None:
    for context in (origin_tls.public_context(), origin_tls.context_for(ROOT.pem)):
        assert context.verify_flags & origin_tls.STRICT == origin_tls.STRICT
        assert context.check_hostname
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_bundle_replaces_the_public_cas() -> None:
    assert origin_tls.context_for(ROOT.pem).cert_store_stats()["x509"] == 1


def test_other_handshake_failure_is_explained() -> None:
    error = ssl.SSLError(1, "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1006)")
    error.reason = "TLSV1_ALERT_PROTOCOL_VERSION"
    assert str(origin_tls.explain(error)) == "TLS with the origin failed: tlsv1 alert protocol version."
