"""Builds everything that a release publishes from a commit: `make dist`.

The same commit gives the same bytes on every machine: it is checked out anew, so that files and changes that are not
committed have no influence, the tools of the build are pinned, and its time is that of the commit.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

from tools.release import contents, sbom
from tools.release.licences import PAGE
from tools.release.packages import PACKAGES, TOP, ReleaseError
from tools.release.requirements import uv

BUILD_REQUIREMENTS = Path(__file__).with_name("build-requirements.txt")
SUMS = "SHA256SUMS.txt"
WRITTEN = {"packages", PAGE.name, SUMS, "release-notes.md", *(sbom.file_name(package) for package in PACKAGES)}


def build(out: Path, commit: str = "HEAD", top: Path = TOP) -> list[Path]:
    """Write packages, bills of materials, licences and checksums of a commit to a folder, and return their paths.

    The packages are in the folder `packages`, since PyPI takes nothing else. What an earlier build wrote is removed.

    Raises:
        ReleaseError: the folder has files of others, the commit cannot be read, the build failed, or a package has
            wrong contents.
    """
    seconds = int(_git(top, "log", "-1", "--format=%ct", commit))
    _empty(out)
    packages = out / "packages"
    packages.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        with zipfile.ZipFile(BytesIO(_git(top, "archive", "--format=zip", commit))) as archive:
            archive.extractall(source)
        build_packages(source, packages, seconds)
        for package in PACKAGES:
            contents.check(packages, package, source)
            text = json.dumps(sbom.bill_of_materials(package, seconds, source), indent=2, sort_keys=True) + "\n"
            (out / sbom.file_name(package)).write_text(text, encoding="utf-8")
        shutil.copyfile(source / PAGE.relative_to(TOP), out / PAGE.name)
    paths = [*sorted(packages.iterdir()), *sorted(path for path in out.iterdir() if path.is_file())]
    (out / SUMS).write_text(checksums(paths), encoding="utf-8")
    return [*paths, out / SUMS]


def build_packages(source: Path, out: Path, seconds: int) -> None:
    """Build wheels and source distributions of the packages in a folder, each wheel from its source distribution.

    Raises:
        ReleaseError: a build failed.
    """
    pinned = ["--build-constraints", str(BUILD_REQUIREMENTS), "--require-hashes", "--python", sys.executable]
    command = [uv(), "build", "--all-packages", *pinned, "--out-dir", str(out), str(source)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HATCH_", "PYTHON"))}
    env = {**kept, "SOURCE_DATE_EPOCH": str(seconds)}
    ended = subprocess.run(command, cwd=source, env=env, capture_output=True, encoding="utf-8", check=False)
    if ended.returncode:
        raise ReleaseError("\n".join(["The build failed:", *ended.stderr.strip().splitlines()[-30:]]))
    (out / ".gitignore").unlink(missing_ok=True)  # uv writes it


def checksums(paths: Iterable[Path]) -> str:
    """Return lines that `sha256sum --check` reads where all files are in one folder, as in a release on GitHub."""
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in paths)


def _empty(out: Path) -> None:
    """Remove a folder that holds nothing but what a build writes."""
    names = {path.name for path in out.iterdir()} if out.exists() else set()
    if foreign := sorted(names - WRITTEN):
        raise ReleaseError(f"{out} has other files, such as {foreign[0]}: name a folder without any with --out.")
    shutil.rmtree(out, ignore_errors=True)


def _git(top: Path, *arguments: str) -> bytes:
    ended = subprocess.run(["git", "-C", str(top), *arguments], capture_output=True, check=False)  # noqa: S607
    if ended.returncode:
        raise ReleaseError(f"git {arguments[0]} failed: {ended.stderr.decode(errors='replace').strip()}")
    return ended.stdout


def main(arguments: Sequence[str]) -> int:
    """Build, and print each file with its size."""
    parser = argparse.ArgumentParser(prog="make dist", description="Build what a release publishes.")
    parser.add_argument("--out", type=Path, default=TOP / "dist", help="folder to write to (%(default)s)")
    parser.add_argument("--commit", default="HEAD", help="what to build (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        paths = build(options.out, options.commit)
        changed = _git(TOP, "status", "--porcelain", "--untracked-files=no").splitlines()
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    for path in paths:
        print(f"{path.stat().st_size:>9,}  {path.relative_to(options.out)}")
    if changed:
        print(f"Built from {options.commit}, without {len(changed)} files that are changed and not committed.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
