"""Forks a process for each program that is started: what the server has loaded need not be loaded again.

`python -I -S fork_server.py SOCKET ARGUMENTS...` is a program that would be `python ARGUMENTS...`, hence the few
imports. It lends its pipes, environment and folder to a process that the server at the socket forks, and ends with it.
Without a server, such as after the end of the tests, it becomes the program itself.
"""

import json
import os
import select
import signal
import socket
import sys
from pathlib import Path

PID_BYTES = 4


def start(address: str, arguments: list[str]) -> None:
    """Start `python ARGUMENTS...` from the server, with this process's environment and pipes; end with its status."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(address)
        except OSError:  # the process that kept the server has ended
            os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606
        socket.send_fds(connection, [b"+"], [0, 1, 2])
        request = {"arguments": arguments, "environment": dict(os.environ), "directory": str(Path.cwd())}
        connection.sendall(json.dumps(request).encode() + b"\n")
        if pid := int.from_bytes(connection.recv(PID_BYTES), "big"):
            signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGKILL))
        sys.exit(ord(connection.recv(1) or b"\1"))


def serve(listener: socket.socket) -> None:
    """Fork a process for each connection until stdin is closed."""
    import gc

    gc.freeze()  # the pages of what is loaded stay shared with the forked processes
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended processes leave no zombies
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _become_program(connection)
        connection.close()


def _become_program(connection: socket.socket) -> None:
    """Run the program with the arguments, environment and pipes of the process at the other end."""
    import threading
    import traceback

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
        connection.send(os.getpid().to_bytes(PID_BYTES, "big"))
        threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
        _run(request["arguments"])
        status = 0
    except Exception:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        connection.send(bytes([status]))
        os._exit(status)


def _run(arguments: list[str]) -> None:
    import runpy

    if arguments[0] == "-m":
        sys.argv[1:] = arguments[2:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def _end_with(connection: socket.socket) -> None:
    """End this process when the one that was started is killed, so that it could not pass the signal on."""
    connection.recv(1)
    os._exit(0)


if __name__ == "__main__":
    start(sys.argv[1], sys.argv[2:])
