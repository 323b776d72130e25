"""Workers share deployments through a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.components.support.harness import Deployment, RegisteredResource, deploy
from tests.components.support.shared import load_or_create


def fail() -> Deployment:
    raise AssertionError("it is deployed again")


def test_a_deployment_of_another_worker_is_the_same(tmp_path: Path, deployment: Deployment) -> None:
    load_or_create(tmp_path, "key", lambda: deployment)
    shared = load_or_create(tmp_path, "key", fail)
    assert shared.component_outputs == deployment.component_outputs
    assert [plain(item) for item in shared.resources] == [plain(item) for item in deployment.resources]
    assert shared.resource("lambda/function:Function", "copy").origins
    assert len(list(tmp_path.iterdir())) == 1


def plain(item: RegisteredResource) -> dict[str, object]:
    """Return all of a resource but the archive of a function, which cannot be compared."""
    return vars(item) | {"inputs": {key: value for key, value in item.inputs.items() if key != "code"}}


@pytest.mark.parametrize("key", ["another", "<function program at 0x7f0000000000>"])
def test_other_keys_and_addresses_are_not_shared(tmp_path: Path, key: str) -> None:
    load_or_create(tmp_path, "key", Deployment)
    load_or_create(tmp_path, key, Deployment)
    with pytest.raises(AssertionError, match="again"):
        load_or_create(tmp_path, f"{key}!", fail)
    if "at 0x" in key:
        with pytest.raises(AssertionError, match="again"):
            load_or_create(tmp_path, key, fail)


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError, match="again"):
        load_or_create(None, "key", fail)
    assert not list(tmp_path.iterdir())


def test_equal_settings_are_deployed_once() -> None:
    assert deploy({"name_prefix": "once"}) is deploy({"name_prefix": "once"})
