"""Keeps the stand-in provider loaded, and forks a plugin process each time that Pulumi's engine starts the plugin.

The engine starts a plugin at each operation; loading the stand-in costs more CPU time than most operations.
`python -I -S plugin_server.py SOCKET ARGUMENTS...` is the plugin that the engine starts, hence the few imports. After
the end of the tests, for instance when a stack that was kept is destroyed, it becomes the stand-in itself.
"""

import json
import os
import select
import socket
import sys
from pathlib import Path


def run_plugin(address: str, arguments: list[str]) -> None:
    """Start the plugin from the server with this process's arguments, environment and pipes; wait until it ends."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(address)
        except OSError:  # the test process that kept the server has ended
            os.execv(sys.executable, [sys.executable, "-m", "local_provider.plugin", *arguments])  # noqa: S606
        socket.send_fds(connection, [b"+"], [0, 1, 2])
        request = {"arguments": arguments, "environment": dict(os.environ), "directory": str(Path.cwd())}
        connection.sendall(json.dumps(request).encode() + b"\n")
        connection.recv(1)


def serve(listener: socket.socket) -> None:
    """Load the stand-in, then fork a plugin for each connection until stdin is closed."""
    import gc
    import signal

    from local_provider import schema
    from local_provider.plugin import unconfigured_cloud
    from local_provider.resource_types import RESOURCE_TYPES

    for token in RESOURCE_TYPES:
        schema.check_inputs(token, {})
        schema.output_names(token)
    unconfigured_cloud()
    gc.freeze()  # the pages of what is loaded stay shared with the forked processes
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended plugins leave no zombies
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _become_plugin(connection)
        connection.close()


def _become_plugin(connection: socket.socket) -> None:
    """Run the stand-in with the arguments, environment and pipes of the process at the other end."""
    import runpy
    import signal
    import threading

    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        pipes = socket.recv_fds(connection, 1, 3)[1]
        with connection.makefile(encoding="utf-8") as lines:
            request = json.loads(lines.readline())
        for number, pipe in enumerate(pipes):
            os.dup2(pipe, number)
            os.close(pipe)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["directory"])
        sys.argv[1:] = request["arguments"]
        threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
        runpy.run_module("local_provider.plugin", run_name="__main__", alter_sys=True)
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def _end_with(connection: socket.socket) -> None:
    """End this process when the one that the engine started was killed."""
    connection.recv(1)
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(socket.socket(fileno=int(sys.argv[2])))
    else:
        run_plugin(sys.argv[1], sys.argv[2:])
