"""Fixtures of the runtime's tests."""

from __future__ import annotations

import pytest

from tests.runtime.world import World


@pytest.fixture
def world() -> World:
    """A runtime on fakes."""
    return World()
