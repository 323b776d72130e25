"""A provider that creates nothing, and a fixture that runs programs on it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.provider.experimental import provider as api
from pulumi.provider.experimental.property_value import PropertyValue

from local_provider.aws import Aws
from local_provider.engine import Deployment, run
from local_provider.provider import AwsProvider

NOWHERE = "http://127.0.0.1:9"


class PaperProvider(AwsProvider):
    """Checks inputs like the stand-in, and records the resources that it would create and remove."""

    def __init__(self) -> None:
        super().__init__(Aws(NOWHERE))
        self.created: list[str] = []
        self.updated: list[str] = []
        self.removed: list[str] = []
        self.on_create: Callable[[], None] = lambda: None
        self.breaks_at = ""
        self.keeps = ""

    def create(self, request: api.CreateRequest) -> api.CreateResponse:
        if request.name == self.breaks_at:
            raise RuntimeError("the cloud refused")
        self.created.append(request.name)
        self.on_create()
        arn = {"arn": PropertyValue(f"arn:{request.name}")}
        return api.CreateResponse(f"id-{request.name}", request.properties | arn)

    def update(self, request: api.UpdateRequest) -> api.UpdateResponse:
        if request.name == self.breaks_at:
            raise RuntimeError("the cloud refused")
        self.updated.append(request.name)
        return api.UpdateResponse(request.news | {"arn": PropertyValue(f"arn:{request.name}:updated")})

    def delete(self, request: api.DeleteRequest) -> None:
        if request.name == self.keeps:
            raise RuntimeError("still in use")
        self.removed.append(request.name)


@pytest.fixture
def provider() -> PaperProvider:
    return PaperProvider()


@pytest.fixture
def deploy(tmp_path: Path, provider: PaperProvider) -> Callable[..., Deployment]:
    """Return a function that runs the text of a program on the provider that creates nothing."""

    def run_text(text: str, update: Deployment | None = None, **config: str) -> Deployment:
        program = tmp_path / "__main__.py"
        program.write_text("import pulumi\nimport pulumi_aws as aws\n" + textwrap.dedent(text), encoding="utf-8")
        values = {f"project:{key}": value for key, value in config.items()}
        if update is None:
            return run(program, "project", "stack", values, provider)
        update.update(program, "project", "stack", values, provider)
        return update

    return run_text


def plain(value: Any) -> Any:
    """Return the value inside a property value."""
    return value.value
