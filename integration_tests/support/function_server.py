"""Starts the emulator's functions from a server that has loaded botocore, which is most of a cold start's CPU time.

`install` changes the emulator that its process is about to run. The server is this file, run as a script: sources of
the repository are not on its path, nor on that of functions. `make demo` and `make local` start functions without it.
"""

import os
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
    """Let the emulator of this process start functions from the server."""
    from localcloud.ministack_names import replace_python

    folder = Path(tempfile.mkdtemp(prefix="functions-"))
    address, program = folder / "socket", folder / "python"
    command = shlex.join([sys.executable, "-I", "-S", str(FORK_SERVER), str(address)])
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        reader, _writer = os.pipe()  # closed when this process ends, and the server with it
        server = [sys.executable, "-P", __file__, str(listener.fileno())]
        subprocess.Popen(server, stdin=reader, pass_fds=[listener.fileno()])
        os.close(reader)
    replace_python(str(program))


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
