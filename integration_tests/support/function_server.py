"""Starts the emulator's functions from a server that has loaded botocore, which is most of a cold start's CPU time.

`install` changes the emulator that its process is about to run. The server is this file, run as a script: sources of
the repository are not on its path, nor on that of functions. `make demo` and `make local` start functions without it.
"""

import runpy
import shlex
import socket
import subprocess
import sys
import tempfile
from functools import cache, partial
from pathlib import Path
from typing import Any

FORK_SERVER = Path(__file__).with_name("fork_server.py")
SERVICES = ("apigatewaymanagementapi", "dynamodb", "lambda", "s3", "stepfunctions")


def install(_path: str) -> None:
    """Let the emulator of this process start functions from the server, and end workers of versions too."""
    from localcloud.ministack_names import replace_python

    folder = Path(tempfile.mkdtemp(prefix="functions-"))
    program = folder / "python"
    command, server = start_server(folder / "socket")
    _running.append(server)
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    replace_python(str(program))
    _end_workers_of_versions()


def _end_workers_of_versions() -> None:
    """End all workers of a function when its time-out is written again, as `end_workers` does.

    Otherwise the emulator ends those of `$LATEST` only, and those of a version never.
    """
    from ministack.services import lambda_svc

    from localcloud.ministack_names import find

    functions = find("ministack.services.lambda_svc:_functions")
    update = find("ministack.services.lambda_svc:_update_config")
    invalidate_worker = find("ministack.services.lambda_svc:invalidate_worker")

    def update_config(name: str, changes: dict[str, Any]) -> Any:
        function = functions.get(name)
        is_repeated = function is not None and changes == {"Timeout": function["config"].get("Timeout")}
        response = update(name, changes)
        if is_repeated:
            invalidate_worker(name)
        return response

    lambda_svc._update_config = update_config


_running: list[subprocess.Popen[bytes]] = []
"""Servers that end when this process does, and with it their standard input."""


def start_server(address: Path) -> tuple[list[str], subprocess.Popen[bytes]]:
    """Start the server; return the command in place of `python`, and the server, which ends with its standard input."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        command = [sys.executable, "-P", __file__, str(listener.fileno())]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[listener.fileno()])
    return [sys.executable, "-I", "-S", str(FORK_SERVER), str(address)], server


def main(listener: socket.socket) -> None:
    """Load what functions import, beside their own modules, and serve."""
    from botocore.loaders import JSONFileLoader
    from botocore.session import Session

    load = cache(partial(JSONFileLoader.load_file, JSONFileLoader()))
    JSONFileLoader.load_file = lambda _loader, path: load(path)
    session: Any = Session()
    for service in SERVICES:  # loads the modules that a client needs; each function has a session of its own
        session.create_client(service, "us-east-1", aws_access_key_id="nobody", aws_secret_access_key="nobody")
    runpy.run_path(str(FORK_SERVER))["serve"](listener)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
