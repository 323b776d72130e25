"""Pulumi's own CLI, and what a stack's engine is given to work with."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from pulumi import automation

from integration_tests.support.clouds import Cloud, Target
from integration_tests.support.errors import MissingError
from local_provider import plugin

TOP = Path(__file__).parents[2]
BUILT_CLI = TOP / ".tools" / "pulumi"
COMPONENT = TOP / "components" / "__main__.py"
PROJECT = "async-download"
FILES = ("Pulumi.yaml", "__main__.py", "pyproject.toml", "uv.lock", "README.md", "LICENSE")
SHIPPED = (*FILES, "components", "runtime", "client")


def command() -> automation.PulumiCommand:
    """The CLI of this machine, or the one that `make pulumi-cli` got.

    Raises:
        MissingError: there is none.
    """
    found = shutil.which("pulumi")
    root = Path(found).resolve().parents[1] if found else BUILT_CLI
    if not (root / "bin" / "pulumi").exists():
        raise MissingError(
            "There is no `pulumi` on the PATH: run `make pulumi-cli`, or install it from "
            "https://www.pulumi.com/docs/install/."
        )
    return automation.PulumiCommand(root=str(root), skip_version_check=True)


def install_provider(stack: automation.Stack, cloud: Cloud) -> None:
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


def check_out(folder: Path) -> Path:
    """Copy what the program and the component are made of, as a fresh clone has it.

    An official language host installs what the lock file names beside it: not in the environment of the tests.
    """
    for name in SHIPPED:
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy(TOP / name, folder / name)
    return folder


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
