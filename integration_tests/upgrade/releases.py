"""Deploys a stack again and again, with other code of the functions or other settings."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast
from unittest import mock

import pulumi
from async_download import bundle

from integration_tests.engine.changes import changes_of
from integration_tests.engine.stages import set_config
from integration_tests.support.clouds import Cloud
from integration_tests.support.engines import Config, Engine, Outputs, pulumi_stack
from localcloud.emulator import Emulator
from localcloud.program import deploy

MARKER = "release"


class Releases(Protocol):
    """A deployed stack that can be updated."""

    @property
    def outputs(self) -> Outputs:
        """Return the outputs of the program."""

    def up(self, settings: Mapping[str, object]) -> set[str]:
        """Deploy with these settings on top of the first ones; return the names of the changed resources."""


class _Embedded:
    def __init__(self, cloud: Cloud, name: str, config: Config) -> None:
        self._emulator, self._name, self._config = cast(Emulator, cloud), name, config
        self.deployment = deploy(self._emulator, stack=name, config=config)

    @property
    def outputs(self) -> Outputs:
        return self.deployment.outputs

    def up(self, settings: Mapping[str, object]) -> set[str]:
        config = {**self._config, **settings}
        deploy(self._emulator, stack=self._name, config=config, update=self.deployment)
        return {urn.rpartition("::")[2] for urn in self.deployment.changes}


class _Pulumi:
    def __init__(self, stack: pulumi.automation.Stack) -> None:
        self._stack = stack
        self.up({})

    @property
    def outputs(self) -> Outputs:
        return {name: output.value for name, output in self._stack.outputs().items()}

    def up(self, settings: Mapping[str, object]) -> set[str]:
        set_config(self._stack, {name: str(value) for name, value in settings.items()})
        return {change.name for change in changes_of(self._stack.up) if change.type.startswith("aws:")}


@contextmanager
def releases(engine: Engine, cloud: Cloud, name: str, config: Config, keep: Callable[[], bool]) -> Iterator[Releases]:
    """Deploy a stack of the program, and destroy it at the end unless `keep` returns True.

    Raises:
        MissingError: this machine lacks the engine.
    """
    if engine is Engine.PULUMI:
        with pulumi_stack(cloud, name, config, keep) as stack:
            yield _Pulumi(stack)
        return
    embedded = _Embedded(cloud, name, config)
    try:
        yield embedded
    finally:
        if not keep():
            embedded.deployment.destroy()


@contextmanager
def other_runtime(folder: Path, marker: str) -> Iterator[None]:
    """Let the component package a copy of the runtime whose log lines have a further field, `release`."""
    runtime = folder / "runtime"
    shutil.copytree(bundle.runtime_folder(), runtime, ignore=shutil.ignore_patterns("__pycache__"))
    log, line = runtime / "log.py", '        "step": step.identifier,\n'
    text = log.read_text(encoding="utf-8")
    assert text.count(line) == 1
    log.write_text(text.replace(line, f'{line}        "{MARKER}": "{marker}",\n'), encoding="utf-8")
    with mock.patch.object(bundle, "runtime_folder", return_value=runtime):
        yield


def versions(cloud: Cloud, function: str) -> list[dict[str, Any]]:
    """Return the published versions of a function, the oldest first."""
    pages = cloud.client("lambda").get_paginator("list_versions_by_function").paginate(FunctionName=function)
    return [version for page in pages for version in page["Versions"] if version["Version"] != "$LATEST"]
