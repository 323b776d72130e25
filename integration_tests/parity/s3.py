"""Run versitygw as S3, over TLS with the test certificate."""

from __future__ import annotations

import secrets
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from functools import cached_property
from typing import Any

import pytest
from botocore.config import Config
from botocore.session import Session

from integration_tests.parity.servers import serving
from runtime.adapters import aws
from tests.runtime.support.s3_stub.server import CERTIFICATE
from tools.parity.implementations import VERSITYGW

REGION = "us-east-1"
ACCESS_KEY_ID = SECRET_ACCESS_KEY = "test"


@dataclass(frozen=True)
class Response:
    """An HTTP response; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class S3Server:
    """A running versitygw."""

    def __init__(self, url: str) -> None:
        self.url = url

    def use(self, monkeypatch: pytest.MonkeyPatch) -> str:
        """Point the adapters of the runtime to this server until the test ends; return the name of a new bucket."""
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", self.url)
        monkeypatch.setattr(aws, "session", lambda: self.session)
        monkeypatch.setattr(aws, "_clients", {})
        name = f"parity-{secrets.token_hex(6)}"
        self.client().create_bucket(Bucket=name)
        return name

    def client(self, config: Config | None = None) -> Any:
        """Return a client that does not use the adapters."""
        return self.session.create_client("s3", endpoint_url=self.url, config=config)

    @cached_property
    def session(self) -> Session:
        """A session with the keys, the region and the certificate of the server."""
        session = Session()
        session.set_credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)
        session.set_config_variable("region", REGION)
        session.set_config_variable("ca_bundle", str(CERTIFICATE))
        return session


@contextmanager
def running() -> Iterator[S3Server]:
    """Run versitygw on an empty folder."""
    keys = ["--access", ACCESS_KEY_ID, "--secret", SECRET_ACCESS_KEY, "--region", REGION]
    tls = ["--cert", str(CERTIFICATE), "--key", str(CERTIFICATE)]
    with serving(
        lambda server: [
            *(
                str(VERSITYGW.executable),
                *keys,
                "--quiet",
                "--port",
                f"127.0.0.1:{server.port}",
                *tls,
                "posix",
                str(server.folder / "data"),
            ),
        ],
        prepare=lambda server: (server.folder / "data").mkdir(),
    ) as server:
        yield S3Server(f"https://127.0.0.1:{server.port}")


def get(url: str, headers: Mapping[str, str] | None = None) -> Response:
    """GET a URL without credentials; return the response, errors included."""
    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - the server's own URL
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:  # noqa: S310
            return Response(answer.status, _lower(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Response(error.code, _lower(error.headers), error.read())


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
