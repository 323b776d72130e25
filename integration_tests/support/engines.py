"""What deploys the program: the embedded engine, or Pulumi's own through its Automation API."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import yaml
from pulumi import automation

from integration_tests.support import language_host
from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.errors import MissingError
from localcloud import plugin
from localcloud.emulator import Emulator
from localcloud.program import deploy

TOP = Path(__file__).parents[2]
BUILT_CLI = TOP / ".tools" / "pulumi"
COMPONENT = TOP / "components" / "__main__.py"
PROJECT = "async-download"
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
    settings = {f"{PROJECT}:{key}": value for key, value in config.items()}
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
        pulumi_command=_command(),
        env_vars={
            "PATH": f"{folder / 'hosts'}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        },
    )


@contextmanager
def _life_of(stack: automation.Stack, cloud: Cloud, keep: Callable[[], bool]) -> Iterator[None]:
    folder, backend = stack.workspace.work_dir, stack.workspace.env_vars["PULUMI_BACKEND_URL"]
    try:
        _install_provider(stack, cloud)
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


def install_component(stack: automation.Stack, arguments: Sequence[str] = (str(COMPONENT),)) -> str:
    """Give the stack's engine the component as a plugin, which `python <arguments>` serves; its version."""
    release = version("async-download")
    plugin.install_program(_cli(stack), environment(stack), PROJECT, release, arguments)
    return release


def run(stack: automation.Stack, *command: str | Path, folder: Path | None = None) -> str:
    """Run a command beside the stack's files, or in another folder; `pulumi` is the stack's own. What it printed."""
    found = [str(_cli(stack)) if word == "pulumi" else str(word) for word in command]
    where = folder or stack.workspace.work_dir
    done = subprocess.run(found, cwd=where, env=environment(stack), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(found)}\n{done.stdout}{done.stderr}"
    return done.stdout


def has_host(language: str) -> bool:
    """Whether there is an official language host."""
    name = f"pulumi-language-{language}"
    return bool(shutil.which(name)) or (BUILT_CLI / "bin" / name).exists()


def environment(stack: automation.Stack) -> dict[str, str]:
    """What a process needs to work on the same stack with the same plugins."""
    own = stack.workspace.env_vars
    path = f"{_cli(stack).parent}{os.pathsep}{own['PATH']}"
    return {**os.environ, **own, "PULUMI_HOME": str(stack.workspace.pulumi_home), "PATH": path}


def _cli(stack: automation.Stack) -> Path:
    return Path(str(stack.workspace.pulumi_command.command))


def _provider(cloud: Cloud) -> dict[str, object]:
    """The provider's settings: those of the local stack with this cloud's endpoint, or on AWS the region."""
    if cloud.target is Target.AWS:
        return {"aws:region": cloud.region}
    text = (TOP / "Pulumi.local.yaml").read_text().replace("http://localhost:4566", str(cloud.endpoint))
    shipped: dict[str, object] = yaml.safe_load(text)["config"]
    return {key: value for key, value in shipped.items() if key.startswith("aws:")}
