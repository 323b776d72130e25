"""Fixtures of the runtime's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime.adapters import aws
from tests.runtime import in_process as services
from tests.runtime.in_process import InProcess
from tests.runtime.world import World


@pytest.fixture
def world() -> World:
    """A runtime on fakes."""
    return World()


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcess]:
    """The adapters on the emulator's services in this process, which are empty before and after."""
    cloud = services.cloud()
    monkeypatch.setattr(aws, "session", lambda: cloud.session)
    monkeypatch.setattr(aws, "_clients", cloud.clients)
    services.reset()
    yield cloud
    services.reset()
