"""The shipped downloader, as a user starts it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from integration_tests.support.clouds import Target
from integration_tests.support.stack import Stack, unique
from localcloud.origin import Origin

COMMAND = Path(sys.executable).with_name("async-download")


def download(stack: Stack, path: str, target: Path) -> subprocess.CompletedProcess[str]:
    """Run `async-download get`."""
    if stack.cloud.target is Target.AWS:
        pytest.skip("On AWS the REST API is signed with IAM, which the command leaves to you: use the emulator.")
    command = [str(COMMAND), "get", str(stack.outputs["apiUrl"]), "--origin", stack.origin, "--path", path]
    return subprocess.run([*command, "-o", str(target)], capture_output=True, text=True, timeout=60, check=False)


def test_it_gets_a_file(stack: Stack, tmp_path: Path) -> None:
    target = tmp_path / "report.bin"
    ended = download(stack, unique("12MB", "first_byte=0.5"), target)
    assert ended.returncode == 0, ended.stderr
    assert hashlib.sha256(target.read_bytes()).hexdigest() == Origin.content_sha256(12_000_000)
    assert list(tmp_path.iterdir()) == [target]


def test_it_says_why_there_is_no_file(stack: Stack, tmp_path: Path) -> None:
    ended = download(stack, unique("1MB", "status=404"), tmp_path / "report.bin")
    assert ended.returncode != 0
    assert "ORIGIN_NOT_FOUND" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []
