"""What deploys the program: the embedded engine, or Pulumi's own through its Automation API."""

from __future__ import annotations

import os
import runpy
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import yaml
from pulumi import automation

from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.errors import MissingError
from localcloud import plugin
from localcloud.emulator import Emulator
from localcloud.program import deploy

TOP = Path(__file__).parents[2]
BUILT_CLI = TOP / ".tools" / "pulumi"
PROJECT = "async-download"
PASSPHRASE = "an end-to-end run"
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
    command = _command()
    folder = Path(tempfile.mkdtemp(prefix="pulumi-"))
    (folder / "state").mkdir()
    shutil.copy(TOP / "Pulumi.yaml", folder)
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": _settings(cloud, config)}))
    backend = f"file://{folder / 'state'}"
    options = automation.LocalWorkspaceOptions(
        work_dir=str(folder),
        pulumi_home=str(folder / "home"),
        pulumi_command=command,
        env_vars={
            "PULUMI_BACKEND_URL": backend,
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        },
    )
    made = automation.create_stack(stack, project_name=PROJECT, program=program or shipped_program, opts=options)
    try:
        _install_provider(made, cloud)
        yield made
    finally:
        if keep():
            print(  # noqa: T201 - for whoever has to tidy up
                f"\nThe stack is kept. To destroy it: cd {folder} && PULUMI_BACKEND_URL={backend} "
                f"PULUMI_CONFIG_PASSPHRASE={PASSPHRASE!r} pulumi destroy --yes -s {stack}"
            )
        else:
            made.destroy()
            shutil.rmtree(folder)


def shipped_program() -> None:
    """What `pulumi up` runs."""
    runpy.run_path(str(TOP / "__main__.py"), run_name="__main__")


def _command() -> automation.PulumiCommand:
    found = shutil.which("pulumi")
    root = Path(found).resolve().parents[1] if found else BUILT_CLI
    if not (root / "bin" / "pulumi").exists():
        raise MissingError(
            "There is no `pulumi` on the PATH: run `make pulumi-cli`, or install it from "
            "https://www.pulumi.com/docs/install/."
        )
    return automation.PulumiCommand(root=str(root), skip_version_check=True)


def _install_provider(stack: automation.Stack, cloud: Cloud) -> None:
    """The official provider on AWS; on an emulator the stand-in, which needs no download."""
    if cloud.target is not Target.AWS:
        plugin.install(_cli(stack), environment(stack))
        return
    wanted = version("pulumi-aws")
    try:
        stack.workspace.install_plugin("aws", f"v{wanted}")
    except automation.CommandError:
        raise MissingError(
            f"The provider plugin aws v{wanted} cannot be downloaded here: run it where get.pulumi.com can be reached."
        ) from None


def install_component(stack: automation.Stack) -> str:
    """Give the stack's engine the component as a plugin; its version."""
    release = version("async-download")
    plugin.install_program(_cli(stack), environment(stack), PROJECT, release, [str(TOP / "components" / "__main__.py")])
    return release


def environment(stack: automation.Stack) -> dict[str, str]:
    """What a process needs to work on the same stack with the same plugins."""
    cli = _cli(stack).parent
    own = {"PULUMI_HOME": str(stack.workspace.pulumi_home), "PATH": f"{cli}{os.pathsep}{os.environ['PATH']}"}
    return {**os.environ, **stack.workspace.env_vars, **own}


def _cli(stack: automation.Stack) -> Path:
    return Path(str(stack.workspace.pulumi_command.command))


def _settings(cloud: Cloud, config: Config) -> dict[str, object]:
    """The stack's file: that of the local stack with this cloud's endpoint, or on AWS the region."""
    ours = {f"{PROJECT}:{key}": value for key, value in config.items()}
    if cloud.target is Target.AWS:
        return {"aws:region": cloud.region} | ours
    text = (TOP / "Pulumi.local.yaml").read_text()
    for standard in ("http://localhost:4566", "http://127.0.0.1:4566"):
        text = text.replace(standard, str(cloud.endpoint))
    shipped: dict[str, object] = yaml.safe_load(text)["config"]
    return shipped | ours
