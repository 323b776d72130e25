"""Every registered resource equals the one in the snapshot: a deployed stack sees no change that was not meant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.components.support.harness import deploy
from tests.components.support.snapshot import VARIANTS, read, snapshot

REMEDY = "if this change is meant, run `make docs`, which rewrites the snapshot, and read its diff"


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_resource_equals_the_snapshot(variant: str) -> None:
    expected = read()[variant]
    actual: dict[str, Any] = json.loads(json.dumps(snapshot(deploy(VARIANTS[variant]))))
    assert list(actual["resources"]) == list(expected["resources"]), REMEDY
    for name, resource in actual["resources"].items():
        assert resource == expected["resources"][name], f"{name}: {REMEDY}"
    assert actual["outputs"] == expected["outputs"], REMEDY
