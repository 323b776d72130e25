"""A language host for machines without Pulumi's own: `python -m integration_tests.support.language_host go ENGINE`.

As the official host does, it starts programs with the language's SDK and adds generated SDKs to them. Plugins are in
the Pulumi home. Python programs and plugins run in this environment and get no generated SDK.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import runpy
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO, Any

import grpc
from pulumi.automation._server import LanguageServer  # the SDK serves it to an engine that runs an inline program
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

Piece = tuple[str, bytes] | None
PIPES = ("stdout", "stderr")
TOP = Path(__file__).resolve().parents[2]
GENERATOR = TOP / ".tools" / "pulumi" / "bin" / "gensdk"
INSTALL = {"nodejs": ["npm", "install", "--silent", "--no-audit", "--no-fund"], "go": ["go", "mod", "tidy"]}


class Host(LanguageServer):
    """The host of one language; `engine` is the address of the engine."""

    def __init__(self, language: str, engine: str) -> None:
        super().__init__(lambda: None)
        self.language = language
        self.engine = engine

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002 - the protocol's names
        """Answer the engine's first call."""
        return language_pb2.LanguageHandshakeResponse()

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Run a program; return its error, if any."""
        folder = Path(request.info.program_directory)
        if self.language == "python":
            sys.path.insert(0, str(folder))
            self.program = partial(run_program, folder / "__main__.py")
            request.args[:] = [self.engine]
            return super().Run(request, context)  # type: ignore[no-untyped-call]
        command, env = COMMANDS[self.language](request, self.engine)
        process = subprocess.run(command, cwd=folder, env={**os.environ, **env}, check=False)
        error = f"{command[0]} ended with {process.returncode}" if process.returncode else ""
        return language_pb2.RunResponse(error=error)

    def GeneratePackage(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Write the SDK of a package."""
        schema = Path(request.directory, "schema.json")
        schema.write_text(request.schema, encoding="utf-8")
        subprocess.run([GENERATOR, self.language, schema, request.directory], check=True)
        return language_pb2.GeneratePackageResponse()

    def Link(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Let a program depend on generated SDKs."""
        root = Path(request.info.root_directory)
        for package in request.packages:
            if self.language == "nodejs":
                name = json.loads(Path(root, package.path, "package.json").read_text(encoding="utf-8"))["name"]
                command = ["npm", "pkg", "set", f"dependencies.{name}=file:{package.path}"]
            else:
                name = Path(root, package.path, "go.mod").read_text(encoding="utf-8").split(maxsplit=2)[1]
                command = ["go", "mod", "edit", f"-require={name}@v0.0.0", f"-replace={name}=./{package.path}"]
            subprocess.run(command, cwd=root, check=True, stdout=sys.stderr)
        return language_pb2.LinkResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802, ARG002
        """Install what a program depends on."""
        if self.language in INSTALL:
            subprocess.run(INSTALL[self.language], cwd=request.info.program_directory, check=True, stdout=sys.stderr)
        yield from ()

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        """Run a plugin that is written in Python, and pass on its output."""
        command = [sys.executable, request.info.program_directory, *request.args]
        env = {**os.environ, **dict(line.split("=", 1) for line in request.env)}
        with subprocess.Popen(
            command, cwd=request.pwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as plugin:
            context.add_callback(plugin.kill)
            output: queue.SimpleQueue[Piece] = queue.SimpleQueue()
            for name in PIPES:
                threading.Thread(target=_listen, args=(name, getattr(plugin, name), output), daemon=True).start()
            for _ in PIPES:
                while (piece := output.get()) is not None:
                    name, data = piece
                    yield language_pb2.RunPluginResponse(**{name: data})  # type: ignore[arg-type]
            yield language_pb2.RunPluginResponse(exitcode=plugin.wait())


def run_program(program: Path) -> None:
    """Run a Python program as `pulumi up` does."""
    runpy.run_path(str(program), run_name="__main__")


def _listen(name: str, pipe: IO[bytes], output: queue.SimpleQueue[Piece]) -> None:
    while data := os.read(pipe.fileno(), 1 << 16):
        output.put((name, data))
    output.put(None)


def _nodejs(request: Any, engine: str) -> tuple[list[str], dict[str, str]]:
    options = {
        "monitor": request.monitor_address,
        "engine": engine,
        "organization": request.organization,
        "project": request.project,
        "stack": request.stack,
        "root-directory": request.info.root_directory,
        "pwd": request.pwd,
        "parallel": str(request.parallel),
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    script = "node_modules/@pulumi/pulumi/cmd/run"
    dry = ["--dry-run"] if request.dryRun else []
    return ["node", script, *words, *dry, "."], {"PULUMI_NODEJS_TYPESCRIPT": "true", **_config(request)}


def _go(request: Any, engine: str) -> tuple[list[str], dict[str, str]]:
    variables = {
        "ORGANIZATION": request.organization,
        "PROJECT": request.project,
        "STACK": request.stack,
        "DRY_RUN": "true" if request.dryRun else "false",
        "PARALLEL": str(request.parallel),
        "MONITOR": request.monitor_address,
        "ENGINE": engine,
    }
    env = {f"PULUMI_{name}": value for name, value in variables.items()} | _config(request)
    return ["go", "run", "-trimpath", "."], env | {"CGO_ENABLED": "0"}  # as for the build of the CLI, to use its cache


def _config(request: Any) -> dict[str, str]:
    secret = json.dumps(list(request.configSecretKeys))
    return {"PULUMI_CONFIG": json.dumps(dict(request.config)), "PULUMI_CONFIG_SECRET_KEYS": secret}


COMMANDS: dict[str, Callable[[Any, str], tuple[list[str], dict[str, str]]]] = {"nodejs": _nodejs, "go": _go}


def install(language: str, folder: Path) -> None:
    """Put the host of a language into a folder that is on the PATH of the CLI."""
    program = folder / f"pulumi-language-{language}"
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={TOP} exec {sys.executable} -m {__spec__.name} {language} "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)


if __name__ == "__main__":
    server = grpc.server(ThreadPoolExecutor(8))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(Host(sys.argv[1], sys.argv[-1]), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):  # the CLI ends it with SIGINT
        server.wait_for_termination()
