"""Run servers on free loopback ports, each in its own folder; they end with this process."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localcloud import supervisor

START_SECONDS = 60.0
LOG_TAIL_BYTES = 4_000


class ServerError(Exception):
    """The server ended or was not ready in time; the message has the end of its log."""


@dataclass(frozen=True)
class Server:
    """A running server; `log_path` holds its standard output and error."""

    port: int
    folder: Path
    log_path: Path

    @property
    def log(self) -> str:
        """The text of the log."""
        return self.log_path.read_text(errors="replace", encoding="utf-8")


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    command: Callable[[Server], Sequence[str]],
    *,
    environment: Mapping[str, str] | None = None,
    prepare: Callable[[Server], None] = lambda _server: None,
    port: int | None = None,
    answers: Callable[[Server], bool] | None = None,
) -> Iterator[Server]:
    """Run a server until the context ends.

    Args:
        command: returns the command line, which runs in the folder.
        environment: is added to PATH, HOME and TMPDIR, the only variables that it inherits.
        prepare: writes the files that the server needs into the folder.
        port: by default a free one.
        answers: returns whether the server is ready; by default, whether it accepts connections.

    Raises:
        ServerError: it ended or was not ready within a minute.
    """
    folder = Path(tempfile.mkdtemp(prefix="parity-"))
    inherited = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}
    with tempfile.NamedTemporaryFile(
        prefix="parity-", suffix=".log"
    ) as log:  # outside the folder, which is removed with the server
        server = Server(port or free_port(), folder, Path(log.name))
        prepare(server)
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", supervisor.__file__, str(folder), *command(server)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=inherited | dict(environment or {}),
            start_new_session=True,
        )
        try:
            _wait(process, server, answers or accepts_connections)
            yield server
        finally:
            assert process.stdin is not None
            process.stdin.close()  # the supervisor kills the server and removes the folder
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)


def accepts_connections(server: Server) -> bool:
    """Return whether something listens on the port."""
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
    except OSError:
        return False
    return True


def _wait(process: subprocess.Popen[bytes], server: Server, answers: Callable[[Server], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers(server):
        log = server.log[-LOG_TAIL_BYTES:]
        if process.poll() is not None:
            raise ServerError(f"The server ended with exit code {process.returncode}. Its log ends with:\n{log}")
        if time.monotonic() > deadline:
            raise ServerError(f"The server was not ready within {START_SECONDS:.0f} s. Its log ends with:\n{log}")
        time.sleep(0.05)
