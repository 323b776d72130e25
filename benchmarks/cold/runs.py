"""Runs functions in processes of their own, from the files of their archives, and times their start and calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore

from benchmarks.cold.calls import EVENTS, is_success
from benchmarks.cold.quota import Quota, share

HERE = Path(__file__).parent
TOP = HERE.parents[1]
CERTIFICATE = TOP / "tests" / "runtime" / "support" / "s3_stub" / "certificate.pem"
REGION = "eu-west-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}


@dataclass(frozen=True)
class Function:
    """A function of a commit with its files and settings."""

    key: str
    folder: Path
    environment: Mapping[str, str]
    memory_mb: int


@dataclass(frozen=True)
class Run:
    """The seconds that the start took with a whole processor, and that the first and second call took."""

    start: float
    first: float
    second: float


def check_out(commit: str, folder: Path) -> Path:
    """Write the files of a commit into a folder.

    Raises:
        SystemExit: the clone does not have the commit.
    """
    command = ["git", "-C", str(TOP), "archive", "--format=tar", commit]
    packed = folder.with_suffix(".tar")
    try:
        with packed.open("wb") as file:
            subprocess.run(command, stdout=file, stderr=subprocess.PIPE, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(
            f"The commit {commit} to compare with cannot be read: {getattr(error, 'stderr', error)}\n"
            "Fetch the whole history: git fetch --unshallow"
        ) from None
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    return folder


def stage(checkout: Path, folder: Path, url: str) -> dict[str, Function]:
    """Register the functions of a checkout; write their archives into a folder."""
    script = str(HERE / "stage.py")
    subprocess.run([sys.executable, "-P", script, str(checkout), str(folder), f"{url}/origin/"], check=True)
    functions = json.loads((folder / "functions.json").read_text(encoding="utf-8"))
    return {
        key: Function(key, folder / key, _with_local_urls(function["environment"], url), function["memory_mb"])
        for key, function in functions.items()
    }


@contextmanager
def serving() -> Iterator[str]:
    """Run the endpoint in a process of its own and yield its URL."""
    command = [sys.executable, "-m", "benchmarks.cold.endpoint", str(CERTIFICATE)]
    with subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield f"https://127.0.0.1:{int(server.stdout.readline())}"
        server.stdin.close()


def environment_of(url: str, folder: Path) -> dict[str, str]:
    """Return the variables that Lambda adds to a function's own, and those that point its clients to an endpoint.

    The CA bundle holds botocore's authorities and the endpoint's own, because loading it takes much of a start.
    """
    authorities = folder / "authorities.pem"
    authorities.write_text(
        Path(botocore.__file__).with_name("cacert.pem").read_text(encoding="utf-8")
        + CERTIFICATE.read_text(encoding="utf-8"),
        encoding="utf-8",
    )
    return {
        "PATH": os.environ.get("PATH", ""),
        "AWS_ENDPOINT_URL": url,
        "AWS_CA_BUNDLE": str(authorities),
        "SSL_CERT_FILE": str(authorities),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        **CREDENTIALS,
    }


class Process:
    """The process of a function; `start` holds the seconds that its import took."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid = process.pid
        self._process = process
        self.start = self._read()

    def call(self, event: Mapping[str, object]) -> dict[str, Any]:
        """Handle one event; return its seconds, and the `answer` or the class of the `error` that was raised."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(event) + "\n")
        self._process.stdin.flush()
        return self._read()

    def log(self) -> str:
        """End the process and return what it logged."""
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        self._process.stdin.close()
        return self._process.stderr.read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"The function ended: {self.log()}")
        result: dict[str, Any] = json.loads(line)
        return result


@contextmanager
def started(
    function: Function, environment: Mapping[str, str], python: Sequence[str] = (sys.executable, "-B")
) -> Iterator[Process]:
    """Start a function as Lambda does."""
    command = [*python, str(HERE / "worker.py"), function.key]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    variables = {**function.environment, **environment}
    with subprocess.Popen(command, cwd=function.folder, env=variables, text=True, **pipes) as process:
        yield Process(process)


def run(function: Function, memory_mb: int, environment: Mapping[str, str], quota: Quota | None) -> Run:
    """Start a function with a whole processor, then call it twice with the share of its memory size.

    Raises:
        SystemExit: a call did not succeed.
    """
    with started(function, environment) as process:
        if quota is not None:
            quota.limit(process.pid, memory_mb)
        calls = [process.call(EVENTS[function.key]) for _ in range(2)]
        log = process.log()
    if not all(is_success(call.get("answer")) for call in calls):
        raise SystemExit(f"A call of {function.key} failed: {calls}\n{log}")
    first, second = (_seconds(call, memory_mb, quota) for call in calls)
    return Run(process.start["processor"], first, second)


def _seconds(call: Mapping[str, float], memory_mb: int, quota: Quota | None) -> float:
    return call["wall"] if quota is not None else call["processor"] / share(memory_mb)


def _with_local_urls(environment: Mapping[str, str], url: str) -> dict[str, str]:
    """Return a registered environment with the endpoint in place of addresses in AWS."""
    local = {"MANAGEMENT_URL": url, "LOOPBACK_ORIGINS": "true"}
    return {name: local.get(name, value) for name, value in environment.items()}
