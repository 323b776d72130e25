"""MiniStack as a child process on a free port of this machine; it ends with the process that started it.

It runs behind the filter of `localcloud.request_filter`, which takes requests of this run's access keys only.
"""

import base64
import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Self

from local_provider.aws import Aws
from localcloud.errors import EmulatorError
from localcloud.health import read_health
from localcloud.private_files import create_directory, open_log

_READY_WITHIN_SECONDS = 60.0
_POLL_SECONDS = 0.05
_LOG_TAIL_LINES = 20
# The user's own AWS profile, proxies and emulator settings must not reach the emulator or the functions that it runs.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SSL_CERT_FILE")
_OBSERVER = Path(__file__).with_name("observer.py")
_PROGRAM = Path(__file__).with_name("filtered_emulator.py")
_SUPERVISOR = Path(__file__).with_name("supervisor.py")


class Emulator:
    """An emulator with IAM enforced; a context manager. It dies with the process that started it, however that ends.

    Attributes:
        endpoint: `http://127.0.0.1:PORT`, once started.
        log_path: its log; kept when the caller named it, otherwise removed with the rest.
        access_key_id: of root, to whom no policy applies. It is random, and as secret as the secret access key: the
            emulator checks no signature of root's.
    """

    region = "us-east-1"
    account = "000000000000"
    service_endpoints: Mapping[str, str] = MappingProxyType({})  # the emulator serves every service itself

    def __init__(
        self,
        log_path: Path | None = None,
        port: int | None = None,
        env: Mapping[str, str] | None = None,
        observe: bool = False,
        observer: Path = _OBSERVER,
    ) -> None:
        """Prepare the emulator.

        Args:
            log_path: where its log is kept; without, the log goes with the rest.
            port: a port of 127.0.0.1; without, a free one.
            env: further environment.
            observe: write what clients do to `events_path`.
            observer: what writes it, in place of ours: a Python file whose `install(path)` changes the emulator.
        """
        self.access_key_id = f"LOCAL{_random_text()}"
        self.secret_access_key = _random_text()
        self._given_port = port
        self._given_log = log_path
        self._env = dict(env or {})
        self._observe = observe
        self._observer = observer
        self._process: subprocess.Popen[bytes] | None = None
        self._log: BinaryIO | None = None
        self.port = 0
        self.log_path = Path()
        self.events_path = Path()

    @property
    def endpoint(self) -> str:
        """Return the URL of every AWS service."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def execute_api_url(self) -> str:
        """Return the URL of APIs: `{execute_api_url}/{api id}/{stage}`."""
        return f"{self.endpoint}/_aws/execute-api"

    def aws(self) -> Aws:
        """Return clients with the root key."""
        return Aws(self.endpoint, self.region, self.access_key_id, self.secret_access_key)

    def start(self) -> Self:
        """Start the emulator and wait until it answers.

        Raises:
            EmulatorError: It is started already, ended early, or was not ready within a minute.
        """
        if self._process is not None:
            raise EmulatorError("The emulator is started already.")
        if self._log is not None:
            self._log.close()
        self.port = self._given_port or _free_port()
        mark = f"localcloud-{secrets.token_hex(8)}"
        directory = Path(tempfile.mkdtemp(prefix="localcloud-"))
        self.log_path = self._given_log or directory / "emulator.log"
        self.events_path = directory / "events.jsonl"
        supervised = [sys.executable, "-I", "-S", str(_SUPERVISOR), str(directory)]
        program = ["-P", str(_PROGRAM), *([str(self._observer), str(self.events_path)] if self._observe else [])]
        try:
            create_directory(self.log_path.parent)
            with open_log(self.log_path) as log:
                self._log = self.log_path.open("rb")
                self._process = subprocess.Popen(
                    [*supervised, sys.executable, *program],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=directory,
                    env={**self._environment(directory), "MINISTACK_EDITION": mark},
                    start_new_session=True,
                )
        except OSError as error:
            shutil.rmtree(directory, ignore_errors=True)
            raise EmulatorError(f"The emulator cannot be started: {error}") from error
        try:
            self._wait_until_healthy(self._process, mark)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the emulator and its child processes, and wait for their end; do nothing when it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()

    def is_running(self) -> bool:
        """Tell whether the emulator's process runs."""
        return self._process is not None and self._process.poll() is None

    def log_tail(self, lines: int = _LOG_TAIL_LINES) -> str:
        """Return the last lines of the log of the latest run, also after its directory was removed."""
        if self._log is None:
            return ""
        self._log.seek(0)
        return "\n".join(self._log.read().decode(errors="replace").splitlines()[-lines:])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _environment(self, directory: Path) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {
            **inherited,
            "TMPDIR": str(directory),
            "STATE_DIR": str(directory / "state"),  # not one in /tmp for all users: it holds the keys of user pools
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "AUTH": "true",
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_REGION": self.region,
            **self._env,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
        }

    def _wait_until_healthy(self, process: subprocess.Popen[bytes], mark: str) -> None:
        """Wait for our own emulator's answer: one that happens to listen on the same port does not give our mark."""
        deadline = time.monotonic() + _READY_WITHIN_SECONDS
        while read_health(self.endpoint).get("edition") != mark:
            tail = f"The end of its log:\n{self.log_tail()}"
            if process.poll() is not None:
                raise EmulatorError(f"The emulator ended with exit code {process.returncode} while starting. {tail}")
            if time.monotonic() > deadline:
                raise EmulatorError(f"The emulator was not ready within {_READY_WITHIN_SECONDS:.0f} s. {tail}")
            time.sleep(_POLL_SECONDS)


def _random_text() -> str:
    return base64.b32encode(secrets.token_bytes(20)).decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
