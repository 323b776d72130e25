"""Starts functions in processes of their own, from the files of their archives, and times start and calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore

from benchmarks.cold_calls import EVENTS, is_success
from benchmarks.cold_quota import Quota, share

HERE = Path(__file__).parent
CERTIFICATE = HERE.parent / "tests" / "runtime" / "s3_stub" / "certificate.pem"
REGION = "eu-west-1"
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}


@dataclass(frozen=True)
class Function:
    """One function of one commit, as it is deployed."""

    key: str
    folder: Path
    environment: Mapping[str, str]
    memory_mb: int


@dataclass(frozen=True)
class Run:
    """Seconds of a whole processor that the start took, and seconds that the first and second call took."""

    start: float
    first: float
    second: float


def check_out(commit: str, folder: Path) -> Path:
    """Write the files of a commit into a folder.

    Raises:
        SystemExit: the clone does not have the commit.
    """
    command = ["git", "-C", str(HERE.parent), "archive", "--format=tar", commit]
    packed = folder.with_suffix(".tar")
    with packed.open("wb") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(
            f"The commit {commit}, which this is measured against, is not in this clone: {done.stderr.strip()}\n"
            "Fetch the whole history: git fetch --unshallow"
        )
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    return folder


def stage(checkout: Path, folder: Path, url: str) -> dict[str, Function]:
    """Register the functions of a checkout; write their archives into a folder."""
    script = str(HERE / "cold_stage.py")
    subprocess.run([sys.executable, "-P", script, str(checkout), str(folder), f"{url}/origin/"], check=True)
    described = json.loads((folder / "functions.json").read_text())
    return {
        key: Function(key, folder / key, _addressed(found["environment"], url), found["memory_mb"])
        for key, found in described.items()
    }


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Run the endpoint; its URL, and the environment that leads a function's clients to it."""
    authorities = folder / "authorities.pem"
    authorities.write_text(Path(botocore.__file__).with_name("cacert.pem").read_text() + CERTIFICATE.read_text())
    command = [sys.executable, "-m", "benchmarks.cold_endpoint", str(CERTIFICATE)]
    with subprocess.Popen(command, cwd=HERE.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        url = f"https://127.0.0.1:{int(server.stdout.readline())}"
        yield (
            url,
            {
                "PATH": os.environ.get("PATH", ""),
                "AWS_ENDPOINT_URL": url,
                "AWS_CA_BUNDLE": str(authorities),
                "SSL_CERT_FILE": str(authorities),
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true",
                **_CREDENTIALS,
            },
        )
        server.stdin.close()


def run(function: Function, memory_mb: int, environment: Mapping[str, str], quota: Quota | None) -> Run:
    """Start a function with a whole processor, then call it twice with the share of its memory size.

    Raises:
        SystemExit: a call did not succeed.
    """
    command = [sys.executable, "-B", str(HERE / "cold_worker.py"), function.key]
    variables = {**function.environment, **environment, "AWS_LAMBDA_FUNCTION_NAME": function.key}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=function.folder, env=variables, text=True, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline()]
        if quota is not None and lines[0]:
            quota.limit(process.pid, memory_mb)
        for _ in range(2):
            if lines[-1]:
                process.stdin.write(json.dumps(EVENTS[function.key]) + "\n")
                process.stdin.flush()
                lines.append(process.stdout.readline())
        process.stdin.close()
        errors = process.stderr.read()
    results = [json.loads(line) for line in lines if line]
    if len(results) < 3 or not all(is_success(result["answer"]) for result in results[1:]):
        raise SystemExit(f"A call of {function.key} failed: {lines[-1]}{errors}")
    start, first, second = results
    return Run(start["processor"], *(_seconds(call, memory_mb, quota) for call in (first, second)))


def _seconds(call: Mapping[str, float], memory_mb: int, quota: Quota | None) -> float:
    return call["wall"] if quota is not None else call["processor"] / share(memory_mb)


def _addressed(environment: Mapping[str, str], url: str) -> dict[str, str]:
    """The registered environment, with the addresses that only exist in AWS replaced."""
    here = {"MANAGEMENT_URL": url, "LOOPBACK_ORIGINS": "true"}
    return {name: here.get(name, value) for name, value in environment.items()}
