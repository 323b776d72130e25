"""Deploy the program with the embedded engine, or with Pulumi's own through the Automation API."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, cast

import yaml
from pulumi import automation

from integration_tests.support import aws_request_problems, language_host
from integration_tests.support.changes import changes_of
from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.provider import Provider, link_official_plugin, selected_provider
from integration_tests.support.pulumi_cli import PROJECT, TOP, command, has_host, install_stand_in
from localcloud.config import nested
from localcloud.emulator import Emulator
from localcloud.program import deploy

LANGUAGES = ("go", "nodejs", "python")
PASSPHRASE = "an end-to-end run"
ONE_CHECKPOINT = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
"""Writes the state at the end of an operation only: to write it after each resource costs more than the resources."""
DESTROY_COMMANDS: list[str] = []  # shell commands for the stacks that are kept after a failure
Outputs = Mapping[str, Any]
Config = Mapping[str, object]


class Engine(StrEnum):
    """The engines."""

    EMBEDDED = "embedded"
    PULUMI = "pulumi"


class DeployedStack(Protocol):
    """A deployed stack of the program."""

    @property
    def outputs(self) -> Outputs:
        """Return the outputs of the program."""

    def up(self, settings: Config) -> set[str]:
        """Deploy again with changed settings, which later calls keep; return the names of the changed resources."""


class _EmbeddedStack:
    def __init__(self, cloud: Cloud, name: str, config: Config) -> None:
        self._emulator = cast(Emulator, cloud)  # `deploy` uses its endpoint, region and keys only
        self._name, self._config = name, config
        self.deployment = deploy(self._emulator, stack=name, config=config)

    @property
    def outputs(self) -> Outputs:
        return self.deployment.outputs

    def up(self, settings: Config) -> set[str]:
        self._config = {**self._config, **settings}
        deploy(self._emulator, stack=self._name, config=self._config, update=self.deployment)
        return {urn.rpartition("::")[2] for urn in self.deployment.changes}


class _PulumiStack:
    def __init__(self, stack: automation.Stack) -> None:
        self._stack = stack
        self._up()

    def up(self, settings: Config) -> set[str]:
        set_config(self._stack, settings)
        return {change.name for change in changes_of(self._up) if change.type.startswith("aws:")}

    def _up(self, **options: Any) -> None:
        outputs = self._stack.up(**options).outputs
        self.outputs: Outputs = {name: output.value for name, output in outputs.items()}


@contextmanager
def deployed(
    engine: Engine, cloud: Cloud, name: str, config: Config, keep: Callable[[], bool]
) -> Iterator[DeployedStack]:
    """Deploy a stack of the program, and destroy it at the end unless `keep` returns True.

    Raises:
        MissingError: this machine lacks the engine.
    """
    if engine is Engine.PULUMI:
        with pulumi_stack(cloud, name, config, keep) as stack:
            yield _PulumiStack(stack)
        return
    embedded = _EmbeddedStack(cloud, name, config)
    try:
        yield embedded
    finally:
        if not keep():
            embedded.deployment.destroy()


@contextmanager
def pulumi_stack(
    cloud: Cloud,
    stack: str,
    config: Config,
    keep: Callable[[], bool] = lambda: False,
    program: Callable[[], None] | None = None,
) -> Iterator[automation.Stack]:
    """Create an empty stack of the program, or of another one, with its own state and home; destroy it at the end.

    Raises:
        MissingError: this machine lacks the engine.
    """
    folder = Path(tempfile.mkdtemp(prefix="pulumi-"))
    shutil.copy(TOP / "Pulumi.yaml", folder)
    settings = {f"{PROJECT}:{key}": value for key, value in config.items()}
    options = _options(cloud, stack, folder, settings)
    created = automation.create_stack(stack, project_name=PROJECT, program=program or shipped_program, opts=options)
    with _destroyed_at_the_end(created, cloud, keep):
        yield created


@contextmanager
def pulumi_project(
    cloud: Cloud, stack: str, folder: Path, settings: Config, keep: Callable[[], bool] = lambda: False
) -> Iterator[automation.Stack]:
    """Create an empty stack of the project in a folder, run as a user runs it; destroy it at the end.

    Args:
        cloud: the cloud that it deploys to.
        stack: its name.
        folder: holds Pulumi.yaml, and gets the state and the home; removed with the stack.
        settings: configuration in addition to the provider's, keys with their namespace.
        keep: returns True to keep the stack at the end.

    Raises:
        MissingError: this machine lacks the engine.
    """
    created = automation.create_stack(stack, work_dir=str(folder), opts=_options(cloud, stack, folder, settings))
    with _destroyed_at_the_end(created, cloud, keep):
        yield created


def _options(cloud: Cloud, stack: str, folder: Path, settings: Config) -> automation.LocalWorkspaceOptions:
    """Write the stack's file and return options with its own state, home and passphrase.

    `language_host` replaces missing language hosts.
    """
    for name in ("state", "hosts"):
        (folder / name).mkdir()
    for language in LANGUAGES:
        if not has_host(language):
            language_host.install(language, folder / "hosts")
    (folder / f"Pulumi.{stack}.yaml").write_text(
        yaml.safe_dump({"config": _provider(cloud) | nested(settings)}), encoding="utf-8"
    )
    return automation.LocalWorkspaceOptions(
        work_dir=str(folder),
        pulumi_home=str(folder / "home"),
        pulumi_command=command(),
        env_vars={
            "PATH": os.pathsep.join([str(folder / "hosts"), os.environ["PATH"], str(TOP / ".tools" / "bin")]),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            **ONE_CHECKPOINT,
            **aws_request_problems.environment(),
        },
    )


@contextmanager
def _destroyed_at_the_end(stack: automation.Stack, cloud: Cloud, keep: Callable[[], bool]) -> Iterator[None]:
    folder, backend = stack.workspace.work_dir, stack.workspace.env_vars["PULUMI_BACKEND_URL"]
    try:
        _install_provider(stack, cloud)
        yield
    finally:
        if keep():
            DESTROY_COMMANDS.append(
                f"cd {folder} && PULUMI_HOME={folder}/home PULUMI_BACKEND_URL={backend} "
                f"PULUMI_CONFIG_PASSPHRASE={PASSPHRASE!r} pulumi destroy --yes -s {stack.name}"
            )
        else:
            stack.destroy()
            shutil.rmtree(folder)


def _install_provider(stack: automation.Stack, cloud: Cloud) -> None:
    """Install the official provider on AWS, and elsewhere the one that was selected for this run."""
    if cloud.target is Target.AWS or selected_provider() is Provider.OFFICIAL:
        link_official_plugin(Path(str(stack.workspace.pulumi_home)))
    else:
        install_stand_in(stack)


def set_config(stage: automation.Stack, settings: Config) -> None:
    """Set the program's settings at paths such as `copying.concurrency`."""
    for key, value in settings.items():
        stage.set_config(f"{PROJECT}:{key}", automation.ConfigValue(str(value)), path=True)


def remove_config(stage: automation.Stack, *keys: str) -> None:
    """Remove settings, so that they have their defaults."""
    for key in keys:
        stage.remove_config(f"{PROJECT}:{key}", path=True)


def shipped_program() -> None:
    """Run the program as `pulumi up` does."""
    language_host.run_program(TOP / "__main__.py")


def _provider(cloud: Cloud) -> dict[str, object]:
    """Return the provider's settings: on AWS the region, else those of Pulumi.local.yaml with this cloud's endpoint."""
    if cloud.target is Target.AWS:
        return {"aws:region": cloud.region}
    text = (TOP / "Pulumi.local.yaml").read_text(encoding="utf-8").replace("http://localhost:4566", str(cloud.endpoint))
    shipped: dict[str, object] = yaml.safe_load(text)["config"]
    keys = {"aws:accessKey": cloud.access_key_id, "aws:secretKey": cloud.secret_access_key}
    return {key: value for key, value in shipped.items() if key.startswith("aws:")} | keys
