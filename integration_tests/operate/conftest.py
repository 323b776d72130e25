"""Keeps the tests of the operator's command to emulators."""

from __future__ import annotations

import pytest

from integration_tests.support.clouds import Target


@pytest.fixture(autouse=True, scope="session")
def _emulator_only(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--target") == Target.AWS:
        pytest.skip("These tests break functions and create IAM users that work at once: use --target emulator.")
