"""The example that adds the routes to an existing REST API, on the emulator, with both engines."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from async_download import component

from integration_tests.support import local_component
from integration_tests.support.changes import changes_of
from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.engines import Engine, pulumi_stack
from integration_tests.support.journeys.basic import receive_failed, receive_ready
from integration_tests.support.language_host import run_program
from integration_tests.support.pulumi_cli import TOP
from integration_tests.support.settings import FILES, Origins, config_for
from integration_tests.support.stack import Stack
from local_provider.engine import run
from localcloud.program import provider_of

EXAMPLE = TOP / "examples" / "existing-api" / "__main__.py"


@pytest.fixture
def _on_this_machine(cloud: Cloud, origins: Origins, monkeypatch: pytest.MonkeyPatch) -> None:
    if cloud.target is Target.AWS:
        pytest.skip("The example is changed to the emulator's address and the local origin.")
    local: dict[str, Any] = {
        "origin": {"base_url": origins[FILES]["baseUrl"], "allow_http": True},
        "args": {
            "cloud": {"execute_api_url": cloud.execute_api_url, "loopback_origins": True},
            "protection": {"force_destroy": True},
            "encryption": {"tls_only": False},
        },
    }
    monkeypatch.setenv(local_component.SETTINGS, json.dumps(local))
    monkeypatch.setattr(component, "resolve", local_component.resolve)


def journey(cloud: Cloud, download_url: str) -> None:
    """Download a file through the existing API, and fail to download another one."""
    assert download_url.endswith("/live/files/download")
    client = Stack(cloud, {"apiUrl": download_url.removesuffix("/download")}, origin="reports", signed=True)
    receive_ready.run(client, 30)
    receive_failed.run(client, 30)


@pytest.mark.engine
@pytest.mark.usefixtures("_on_this_machine")
def test_the_example_serves_downloads_in_its_own_api(
    cloud: Cloud, origins: Origins, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--engine") == Engine.PULUMI:
        with pulumi_stack(
            cloud, "existing-api", config_for(cloud, origins, {}), program=partial(run_program, EXAMPLE)
        ) as stack:
            journey(cloud, stack.up().outputs["downloadUrl"].value)
            assert changes_of(stack.up) == set()
            assert changes_of(stack.preview, expect_no_changes=True) == set()
        return
    deployment = run(EXAMPLE, "existing-api", "e2e", {}, provider_of(cloud, {}))
    try:
        journey(cloud, deployment.outputs["downloadUrl"])
    finally:
        deployment.destroy()
