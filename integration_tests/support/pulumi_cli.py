"""Pulumi's CLI, and the plugins of a stack's engine."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pulumi import automation

from integration_tests.support import aws_request_problems, fork_server, plugin_server
from integration_tests.support.errors import MissingError
from local_provider import plugin

TOP = Path(__file__).parents[2]
BUILT_CLI = TOP / ".tools" / "pulumi"
COMPONENT = TOP / "components" / "__main__.py"
PROJECT = "async-download"
FILES = ("Pulumi.yaml", "__main__.py", "pyproject.toml", "uv.lock", "README.md", "LICENSE")
SHIPPED = (*FILES, "components", "runtime", "client")
_servers: list[subprocess.Popen[bytes]] = []  # their stdin is closed when this process ends


def command() -> automation.PulumiCommand:
    """Return the CLI on the PATH, or the one that `make pulumi-cli` installed.

    Raises:
        MissingError: there is none.
    """
    on_path = shutil.which("pulumi")
    root = Path(on_path).resolve().parents[1] if on_path else BUILT_CLI
    if not (root / "bin" / "pulumi").exists():
        raise MissingError(
            "There is no `pulumi` on the PATH: run `make pulumi-cli`, or install it from "
            "https://www.pulumi.com/docs/install/."
        )
    return automation.PulumiCommand(root=str(root), skip_version_check=True)


def install_stand_in(stack: automation.Stack) -> None:
    """Install the stand-in for the official provider, which needs no download; its processes are forked."""
    arguments = ["-I", "-S", str(fork_server.__file__), plugin_server_address(), "-m", plugin.__name__]
    _install_program(stack, "aws", version("pulumi-aws"), arguments)


@cache
def plugin_server_address() -> str:
    """Start the server of the stand-in, which ends with this process, and return the path of its socket."""
    address = str(Path(tempfile.mkdtemp(prefix="plugin-")) / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        command = [sys.executable, "-m", plugin_server.__name__, str(listener.fileno())]
        checks = aws_request_problems.environment()
        env = {**os.environ, **checks, "PYTHONPATH": f"{TOP}{os.pathsep}{checks['PYTHONPATH']}"}
        _servers.append(subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[listener.fileno()], env=env))
    return address


def install_component(stack: automation.Stack, arguments: Sequence[str] = (str(COMPONENT),)) -> str:
    """Install the component as a plugin that `python <arguments>` serves; return its version."""
    release = version("async-download")
    _install_program(stack, PROJECT, release, arguments)
    return release


def _install_program(stack: automation.Stack, package: str, release: str, arguments: Sequence[str]) -> None:
    """Install `python <arguments>` of this environment as the resource plugin of a package, in the stack's home."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / f"pulumi-resource-{package}"
        path, command = shlex.quote(str(TOP)), shlex.join([sys.executable, *arguments])
        program.write_text(
            f'#!/bin/sh\nPYTHONPATH={path}${{PYTHONPATH:+:$PYTHONPATH}} exec {command} "$@"\n', encoding="utf-8"
        )
        program.chmod(0o755)
        packed = Path(folder) / "plugin.tar.gz"
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(program, program.name)
        install = ["plugin", "install", "resource", package, release, "--file", str(packed), "--reinstall"]
        run(stack, "pulumi", *install, folder=Path(folder))


def run(stack: automation.Stack, *command: str | Path, folder: Path | None = None) -> str:
    """Run a command in the stack's folder or in another one, and return its output; `pulumi` is the stack's CLI."""
    words = [str(_cli(stack)) if word == "pulumi" else str(word) for word in command]
    directory = folder or stack.workspace.work_dir
    process = subprocess.run(words, cwd=directory, env=environment(stack), capture_output=True, text=True, check=False)
    assert process.returncode == 0, f"{' '.join(words)}\n{process.stdout}{process.stderr}"
    return process.stdout


def check_out(folder: Path) -> Path:
    """Copy the files of the program and of the component to a folder, and return it.

    An official language host installs the packages of the lock file there, not in the environment of the tests.
    """
    for name in SHIPPED:
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy(TOP / name, folder / name)
    return folder


def has_host(language: str) -> bool:
    """Return whether there is an official host of a language."""
    name = f"pulumi-language-{language}"
    return bool(shutil.which(name)) or (BUILT_CLI / "bin" / name).exists()


def environment(stack: automation.Stack) -> dict[str, str]:
    """Return the environment of a process that works on the stack with the same plugins."""
    variables = stack.workspace.env_vars
    path = f"{_cli(stack).parent}{os.pathsep}{variables['PATH']}"
    return {**os.environ, **variables, "PULUMI_HOME": str(stack.workspace.pulumi_home), "PATH": path}


def _cli(stack: automation.Stack) -> Path:
    return Path(str(stack.workspace.pulumi_command.command))
