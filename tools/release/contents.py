"""Checks of built packages: each has the files that it must have and no others, and metadata that names its licence."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement

from tools.release.packages import Package, ReleaseError

METADATA_FILES = {"METADATA", "WHEEL", "RECORD", "licenses/LICENSE"}
SOURCE_FILES = {"PKG-INFO", ".gitignore"}  # hatchling adds them


def wheel_path(folder: Path, package: Package, version: str) -> Path:
    """Return the path of a package's wheel."""
    return folder / f"{package.file_name}-{version}-py3-none-any.whl"


def source_path(folder: Path, package: Package, version: str) -> Path:
    """Return the path of a package's source distribution."""
    return folder / f"{package.file_name}-{version}.tar.gz"


def check(folder: Path, package: Package, top: Path) -> None:
    """Check wheel and source distribution of a package, built from the repository `top`.

    Raises:
        ReleaseError: a file is missing, is not of the repository, or differs from it; or the metadata is wrong.
    """
    version = package.version(top)
    problems = [
        *_wheel_problems(wheel_path(folder, package, version), package, top),
        *_source_problems(source_path(folder, package, version), package, top),
    ]
    if problems:
        raise ReleaseError("\n".join(problems))


def _wheel_problems(wheel: Path, package: Package, top: Path) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    information = f"{package.file_name}-{package.version(top)}.dist-info/"
    files = {name: data for name, data in content.items() if not name.startswith(information)}
    yield from _differences(wheel.name, files, {name: path.read_bytes() for name, path in package.files(top).items()})
    scripts = {"entry_points.txt"} if "scripts" in package.settings(top) else set()
    expected = {information + name for name in METADATA_FILES | scripts}
    if content.keys() - files.keys() != expected:
        yield f"{wheel.name} has the metadata files {sorted(content.keys() - files.keys())}, not {sorted(expected)}."
        return
    described = BytesParser().parsebytes(content[information + "METADATA"])
    yield from _metadata_problems(wheel.name, described, package, top)
    if content[information + "licenses/LICENSE"] != (top / "LICENSE").read_bytes():
        yield f"The licence in {wheel.name} is not LICENSE of the repository."


def _source_problems(source: Path, package: Package, top: Path) -> Iterator[str]:
    root = source.name.removesuffix(".tar.gz")
    with tarfile.open(source) as archive:
        members = [member for member in archive if member.isfile()]
        content = {str(PurePosixPath(item.name).relative_to(root)): archive.extractfile(item) for item in members}
        files = {name: data.read() for name, data in content.items() if data}
    project = top / package.folder
    sources = [*package.files(top).values(), *(project / name for name in package.other_files)]
    expected = {path.relative_to(project).as_posix(): path.read_bytes() for path in sources}
    described = BytesParser().parsebytes(files.get("PKG-INFO", b""))
    yield from _metadata_problems(source.name, described, package, top)
    kept = {name: data for name, data in files.items() if name not in SOURCE_FILES}
    yield from _differences(source.name, kept, expected)


def _differences(name: str, files: dict[str, bytes], expected: dict[str, bytes]) -> Iterator[str]:
    if lacking := sorted(expected.keys() - files.keys()):
        yield f"{name} lacks {', '.join(lacking)}."
    if added := sorted(files.keys() - expected.keys()):
        yield f"{name} has files that do not belong there: {', '.join(added)}."
    if changed := sorted(key for key in files.keys() & expected.keys() if files[key] != expected[key]):
        yield f"{name} has other content than the repository in {', '.join(changed)}."


def _metadata_problems(name: str, described: Message, package: Package, top: Path) -> Iterator[str]:
    settings = package.settings(top)
    for key, value in {
        "Name": package.name,
        "Version": settings["version"],
        "License-Expression": settings["license"],
        "License-File": "LICENSE",
        "Requires-Python": settings["requires-python"],
    }.items():
        if described[key] != value:
            yield f"{name} has {key} {described[key]!r}, not {value!r}."
    required = {Requirement(line).name for line in described.get_all("Requires-Dist") or []}
    optional = [line for lines in settings.get("optional-dependencies", {}).values() for line in lines]
    expected = {Requirement(line).name for line in (*settings["dependencies"], *optional)}
    if required != expected:
        yield f"{name} requires {sorted(required)}, not {sorted(expected)}."
