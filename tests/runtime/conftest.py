"""Fixtures of the runtime's tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from runtime import log, steps
from runtime.adapters import aws
from tests.runtime.support import in_moto as moto
from tests.runtime.support import in_process as services
from tests.runtime.support.in_moto import InMoto
from tests.runtime.support.in_process import InProcess
from tests.runtime.support.s3_stub import S3Stub, serving_s3
from tests.runtime.support.s3_stub.session import use_stub
from tests.runtime.support.world import World

settings.register_profile("any machine", deadline=None)  # no test measures time to pass or fail
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def _documented_lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail the test whose code logs a field that docs/operations.md does not name for the step."""
    problems: list[str] = []
    write = log.write

    def checked(step: steps.Step, *counted: Any, **fields: Any) -> None:
        problems.extend(f"{step.identifier} has no field {name}" for name in fields if name not in step.fields.split())
        write(step, *counted, **fields)

    log.start_call()
    monkeypatch.setattr(log, "write", checked)
    yield
    assert not problems, problems


@pytest.fixture
def world() -> World:
    """Return a runtime on fakes."""
    return World()


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcess]:
    """Run the adapters on the emulator's services in this process, empty before and after."""
    cloud = services.cloud()
    monkeypatch.setattr(aws, "session", lambda: cloud.session)
    monkeypatch.setattr(aws, "_clients", cloud.clients)
    services.reset()
    yield cloud
    services.reset()


@pytest.fixture
def in_moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMoto]:
    """Run the adapters on moto's DynamoDB in this process, empty before and after."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):  # moto lists the regions with boto3, which reads the profile
        monkeypatch.delenv(name, raising=False)
    cloud = moto.cloud()
    monkeypatch.setattr(aws, "session", lambda: cloud.session)
    monkeypatch.setattr(aws, "_clients", cloud.clients)
    moto.reset()
    yield cloud
    moto.reset()


@pytest.fixture
def s3_stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Stub]:
    """Run the adapters on a strict S3 stub over TLS."""
    with serving_s3() as stub:
        use_stub(stub, monkeypatch)
        yield stub
