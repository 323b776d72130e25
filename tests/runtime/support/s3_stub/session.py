"""Connects botocore to the stub, without the waits between its attempts."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import pytest
from botocore.session import Session

from runtime.adapters import aws
from tests.runtime.support.s3_stub.server import CERTIFICATE, S3Stub


def use_stub(stub: S3Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the runtime's clients send their requests to the stub."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", stub.url)
    monkeypatch.setattr(aws, "session", _session)
    monkeypatch.setattr(aws, "_clients", {})
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))


@cache
def _session() -> Session:
    """Return the session of this process: loading a service's model takes longer than the tests."""
    session = Session()
    session.set_credentials("test", "test")
    session.set_config_variable("region", "eu-central-1")
    session.set_config_variable("ca_bundle", str(CERTIFICATE))
    return session
