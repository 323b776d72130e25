"""The wheel of the downloader: its files and its dependencies."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from async_download_client import CredentialsError, cli

from integration_tests.support import wheels
from integration_tests.support.clouds import Target
from integration_tests.support.stack import Stack, unique_path
from localcloud.origin import Origin
from tools.release.packages import CLIENT, PACKAGES, TOP
from tools.release.requirements import uv


def run(command: list[str], folder: Path) -> str:
    """Run a program and return its output."""
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The wheel of `--wheels`, or one that is built."""
    return wheels.wheel(CLIENT)


def test_the_wheel_holds_every_module_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        described = archive.read(metadata).decode()
    source = TOP / "client" / "src"
    expected = {str(path.relative_to(source)) for path in source.rglob("*") if path.suffix in (".py", ".typed")}
    assert names == expected
    assert "async_download_client/py.typed" in names
    needed = {line.split(":")[1].strip() for line in described.splitlines() if line.startswith("Requires-Dist")}
    fast = {requirement for requirement in needed if requirement.startswith("zlib-ng>=1.0; platform_")}
    assert needed - fast == {"rich>=14", "urllib3>=2.6", "websocket-client>=1.9", "botocore>=1.36; extra == 'iam'"}
    assert len(fast) == 1


def test_the_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path, stack: Stack) -> None:
    run([uv(), "venv", "--quiet", "--python", sys.executable, str(tmp_path / "venv")], tmp_path)
    python = str(tmp_path / "venv" / "bin" / "python")
    run([uv(), "pip", "install", "--quiet", "--python", python, str(wheel)], tmp_path)
    listed = run([uv(), "pip", "list", "--python", python, "--format", "freeze"], tmp_path)
    installed = {line.split("==")[0] for line in listed.splitlines()}
    rich = {"rich", "markdown-it-py", "mdurl", "pygments"}
    packages = {name.lower() for name in installed} - {"zlib-ng"}  # where it has wheels
    assert packages == {"async-download-client", "urllib3", "websocket-client", *rich}
    command = str(tmp_path / "venv" / "bin" / "async-download")
    url = str(stack.outputs["apiUrl"])
    process = subprocess.run(
        [command, "get", url, "--iam", "-o", "x"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (process.returncode, "async-download-client[iam]" in process.stderr) == (
        cli.EXIT_CODES[CredentialsError],
        True,
    )
    if stack.cloud.target is Target.AWS:
        return
    run([command, "get", url, "--origin", stack.client.origin, "--path", unique_path("1MB"), "-o", "file"], tmp_path)
    assert (tmp_path / "file").read_bytes() == Origin.content(1_000_000)


def test_all_packages_have_the_same_version() -> None:
    assert len({package.version() for package in PACKAGES}) == 1
