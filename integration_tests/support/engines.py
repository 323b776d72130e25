"""What deploys the program: the embedded engine, or Pulumi's own through its Automation API."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import yaml
from pulumi import automation

from integration_tests.support import aws_request_problems, language_host
from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.pulumi_cli import PROJECT, TOP, command, has_host, install_provider
from localcloud.config import nested
from localcloud.emulator import Emulator
from localcloud.program import deploy

LANGUAGES = ("go", "nodejs", "python")
PASSPHRASE = "an end-to-end run"
KEPT: list[str] = []  # commands that destroy the stacks that were left
Outputs = Mapping[str, Any]
Config = Mapping[str, object]


class Engine(StrEnum):
    """The two engines."""

    EMBEDDED = "embedded"
    PULUMI = "pulumi"


@contextmanager
def deployed(engine: Engine, cloud: Cloud, stack: str, config: Config, keep: Callable[[], bool]) -> Iterator[Outputs]:
    """The outputs of a stack of the shipped program; it is destroyed unless, by then, it is to be kept.

    Raises:
        MissingError: the engine cannot be had here.
    """
    if engine is Engine.PULUMI:
        with _pulumi(cloud, stack, config, keep) as outputs:
            yield outputs
        return
    where = cast(Emulator, cloud)  # only its endpoint, region and keys are looked at
    deployment = deploy(where, stack=stack, config=config)
    try:
        yield deployment.outputs
    finally:
        if not keep():
            deployment.destroy()


@contextmanager
def _pulumi(cloud: Cloud, stack: str, config: Config, keep: Callable[[], bool]) -> Iterator[Outputs]:
    with pulumi_stack(cloud, stack, config, keep) as made:
        yield {name: output.value for name, output in made.up().outputs.items()}


@contextmanager
def pulumi_stack(
    cloud: Cloud,
    stack: str,
    config: Config,
    keep: Callable[[], bool] = lambda: False,
    program: Callable[[], None] | None = None,
) -> Iterator[automation.Stack]:
    """An empty stack of the shipped program, with a state, a home and a passphrase of its own; destroyed at the end.

    Raises:
        MissingError: the engine cannot be had here.
    """
    folder = Path(tempfile.mkdtemp(prefix="pulumi-"))
    shutil.copy(TOP / "Pulumi.yaml", folder)
    settings = {f"{PROJECT}:{key}": value for key, value in nested(config).items()}
    options = _options(cloud, stack, folder, settings)
    made = automation.create_stack(stack, project_name=PROJECT, program=program or shipped_program, opts=options)
    with _life_of(made, cloud, keep):
        yield made


@contextmanager
def pulumi_project(
    cloud: Cloud, stack: str, folder: Path, settings: Config, keep: Callable[[], bool] = lambda: False
) -> Iterator[automation.Stack]:
    """An empty stack of the project in a folder, which `pulumi up` runs as for any user; destroyed at the end.

    Args:
        cloud: where it works.
        stack: its name.
        folder: holds Pulumi.yaml; state and home are made in it, and it is removed with the stack.
        settings: the stack's configuration beside the provider's, keys with their namespace.
        keep: whether, at the end, to leave the stack.

    Raises:
        MissingError: the engine cannot be had here.
    """
    made = automation.create_stack(stack, work_dir=str(folder), opts=_options(cloud, stack, folder, settings))
    with _life_of(made, cloud, keep):
        yield made


def _options(cloud: Cloud, stack: str, folder: Path, settings: Config) -> automation.LocalWorkspaceOptions:
    """A state, a home and a passphrase of its own, and the stack's file; language hosts that are missing are ours."""
    for name in ("state", "hosts"):
        (folder / name).mkdir()
    for language in LANGUAGES:
        if not has_host(language):
            language_host.install(language, folder / "hosts")
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": _provider(cloud) | dict(settings)}))
    return automation.LocalWorkspaceOptions(
        work_dir=str(folder),
        pulumi_home=str(folder / "home"),
        pulumi_command=command(),
        env_vars={
            "PATH": os.pathsep.join([str(folder / "hosts"), os.environ["PATH"], str(TOP / ".tools" / "bin")]),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            **aws_request_problems.environment(),
        },
    )


@contextmanager
def _life_of(stack: automation.Stack, cloud: Cloud, keep: Callable[[], bool]) -> Iterator[None]:
    folder, backend = stack.workspace.work_dir, stack.workspace.env_vars["PULUMI_BACKEND_URL"]
    try:
        install_provider(stack, cloud)
        yield
    finally:
        if keep():
            KEPT.append(
                f"cd {folder} && PULUMI_HOME={folder}/home PULUMI_BACKEND_URL={backend} "
                f"PULUMI_CONFIG_PASSPHRASE={PASSPHRASE!r} pulumi destroy --yes -s {stack.name}"
            )
        else:
            stack.destroy()
            shutil.rmtree(folder)


def shipped_program() -> None:
    """What `pulumi up` runs."""
    language_host.run_program(TOP / "__main__.py")


def _provider(cloud: Cloud) -> dict[str, object]:
    """The provider's settings: those of the local stack with this cloud's endpoint, or on AWS the region."""
    if cloud.target is Target.AWS:
        return {"aws:region": cloud.region}
    text = (TOP / "Pulumi.local.yaml").read_text().replace("http://localhost:4566", str(cloud.endpoint))
    shipped: dict[str, object] = yaml.safe_load(text)["config"]
    keys = {"aws:accessKey": cloud.access_key_id, "aws:secretKey": cloud.secret_access_key}
    return {key: value for key, value in shipped.items() if key.startswith("aws:")} | keys
