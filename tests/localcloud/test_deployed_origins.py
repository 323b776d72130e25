"""A handler of the source tree gets the origins of the deployed archive."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest

from local_provider.engine import Deployment
from localcloud.deployed_origins import VARIABLE, origins_of, write_origins
from runtime import config

ORIGINS = {"local": {"base_url": "http://127.0.0.1:9000/", "allow_http": True}}


def deployment(*resources: dict[str, Any]) -> Deployment:
    return cast(Deployment, SimpleNamespace(resources=[SimpleNamespace(inputs=inputs) for inputs in resources]))


def test_origins_come_from_the_archive_of_a_function_that_reads_them() -> None:
    archive = pulumi.AssetArchive({"origins.json": pulumi.StringAsset(json.dumps(ORIGINS))})
    reader = {"environment": {"variables": {VARIABLE: "origins.json"}}, "code": archive}
    other = {"environment": {"variables": {"BUCKET": "b"}}, "code": pulumi.AssetArchive({})}
    assert origins_of(deployment({"name": "a table"}, other, reader)) == ORIGINS


def test_a_deployment_without_such_a_function_is_an_error() -> None:
    with pytest.raises(LookupError, match="reads origins"):
        origins_of(deployment({"name": "a table"}))


def test_a_handler_reads_what_is_written(tmp_path: Path) -> None:
    environment = write_origins(ORIGINS, tmp_path)
    (origin,) = config.read_origins(VARIABLE, environment[VARIABLE]).values()
    assert (origin.name, origin.base_url, origin.allow_http) == ("local", "http://127.0.0.1:9000/", True)
