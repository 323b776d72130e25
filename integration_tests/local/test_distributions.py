"""`make dist`: each package has all files that users need and no others, and every machine builds the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools.release import contents, sbom
from tools.release.build import SUMS
from tools.release.packages import ADMIN, CLIENT, COMPONENT, PACKAGES, TOP, Package, ReleaseError
from tools.release.requirements import uv

COMMITTER = ["-c", "user.name=Tests", "-c", "user.email=tests@example.com", "-c", "commit.gpgsign=false"]


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return its output."""
    command = ["git", "-C", str(folder), *COMMITTER, *arguments]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout


def build(folder: Path, out: Path, umask: int = 0o022) -> subprocess.CompletedProcess[str]:
    """Run what `make dist` runs, in a clone."""
    command = [sys.executable, "-m", "tools.release.build", "--out", str(out)]
    path = f"{Path(uv()).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        umask=umask,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose last commit has the files as they are in this working tree."""
    if not (TOP / ".git").exists():
        pytest.skip("This is not a clone of the repository, which `make dist` needs: `git clone` it.")
    folder = tmp_path_factory.mktemp("clone") / "repository"
    git(TOP, "clone", "--quiet", "--no-hardlinks", str(TOP), str(folder))
    tracked = git(TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    git(folder, "rm", "-rq", ".")
    for name in filter(None, tracked):
        if (TOP / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, folder / name)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "The working tree", "--date", "2026-01-02T03:04:05Z")
    return folder


@pytest.fixture(scope="module")
def dist(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make dist` writes."""
    out = tmp_path_factory.mktemp("built") / "dist"
    ended = build(clone, out)
    assert ended.returncode == 0, ended.stderr
    return out


def test_it_writes_packages_bills_licences_and_checksums(dist: Path) -> None:
    version = COMPONENT.version()
    packages = {path.name for path in (dist / "packages").iterdir()}
    expected = {f"{package.file_name}-{version}" for package in PACKAGES}
    assert packages == {f"{name}{end}" for name in expected for end in ("-py3-none-any.whl", ".tar.gz")}
    documents = {path.name for path in dist.iterdir() if path.is_file()}
    assert documents == {sbom.file_name(package) for package in PACKAGES} | {"licences.md", SUMS}
    assert (dist / "licences.md").read_bytes() == (TOP / "docs" / "licences.md").read_bytes()


def test_the_checksums_are_those_of_all_other_files(dist: Path) -> None:
    sums = dict(line.split("  ")[::-1] for line in (dist / SUMS).read_text(encoding="utf-8").splitlines())
    files = {path.name: path for path in dist.rglob("*") if path.is_file() and path.name != SUMS}
    assert sums == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_package_has_the_files_of_the_repository(package: Package, dist: Path) -> None:
    contents.check(dist / "packages", package, TOP)


@pytest.mark.parametrize(
    ("package", "names"),
    [
        (COMPONENT, {"async_download/_web/index.html", "async_download/_runtime/handlers/web_page.py"}),
        (COMPONENT, {"async_download/py.typed", "async_download/component.py"}),
        (CLIENT, {"async_download_client/py.typed", "async_download_client/cli/__init__.py"}),
        (ADMIN, {"async_download_admin/cli/__init__.py"}),
    ],
)
def test_a_wheel_has_what_users_start_with(package: Package, names: set[str], dist: Path) -> None:
    with zipfile.ZipFile(contents.wheel_path(dist / "packages", package, package.version())) as archive:
        assert names <= set(archive.namelist())


def test_another_path_umask_time_and_leftovers_give_the_same_bytes(clone: Path, dist: Path, tmp_path: Path) -> None:
    other = tmp_path / "a clone elsewhere" / "übung"
    git(clone, "clone", "--quiet", "--no-hardlinks", str(clone), str(other))
    for path in other.rglob("*.py"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o700)
    for name in ("components/async_download/leftover.py", "client/src/async_download_client/__pycache__/x.pyc"):
        (other / name).parent.mkdir(exist_ok=True)
        (other / name).write_text("x = 1\n", encoding="utf-8")
    readme = other / "client" / "README.md"
    readme.write_text("not committed\n", encoding="utf-8")
    out = tmp_path / "dist"
    ended = build(other, out, umask=0o077)
    assert ended.returncode == 0, ended.stderr
    assert "are changed and not committed" in ended.stdout
    files = {path.relative_to(dist): path for path in dist.rglob("*") if path.is_file()}
    assert {path.relative_to(out) for path in out.rglob("*") if path.is_file()} == files.keys()
    assert [str(name) for name, path in files.items() if path.read_bytes() != (out / name).read_bytes()] == []


def test_a_commit_that_cannot_be_built_fails_with_the_reason(clone: Path, tmp_path: Path) -> None:
    other = tmp_path / "broken"
    git(clone, "clone", "--quiet", "--no-hardlinks", str(clone), str(other))
    project = other / "client" / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace('license = "MIT-0"', 'license = "Ours"'), encoding="utf-8")
    git(other, "commit", "--quiet", "--all", "--message", "A licence that is none")
    ended = build(other, tmp_path / "dist")
    assert ended.returncode == 1
    assert "The build failed" in ended.stderr
    assert "Unknown license: 'ours'" in ended.stderr


def rewrite_wheel(wheel: Path, changes: dict[str, bytes | None]) -> None:
    """Write a wheel again with some files changed, added, or left out where the value is None."""
    with zipfile.ZipFile(wheel) as archive:
        files: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in {**files, **changes}.items():
            if data is not None:
                archive.writestr(name, data)


INFORMATION = f"async_download_client-{CLIENT.version()}.dist-info"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"async_download_client/client.py": None}, "lacks async_download_client/client.py"),
        ({"async_download_client/secret.txt": b"x"}, "that do not belong there: async_download_client/secret.txt"),
        (
            {"async_download_client/client.py": b"x"},
            "other content than the repository in async_download_client/client",
        ),
        ({f"{INFORMATION}/licenses/LICENSE": None}, "has the metadata files"),
        ({f"{INFORMATION}/licenses/LICENSE": b"x"}, "is not LICENSE of the repository"),
        ({f"{INFORMATION}/METADATA": b"Name: other\nVersion: 9\n"}, "has Name 'other', not 'async-download-client'"),
        ({f"{INFORMATION}/METADATA": b"Requires-Dist: left-pad>=1\n"}, "requires ['left-pad']"),
    ],
)
def test_a_wheel_that_is_wrong_is_refused(
    changes: dict[str, bytes | None], sentence: str, dist: Path, tmp_path: Path
) -> None:
    shutil.copytree(dist / "packages", tmp_path / "packages")
    rewrite_wheel(contents.wheel_path(tmp_path / "packages", CLIENT, CLIENT.version()), changes)
    with pytest.raises(ReleaseError) as error:
        contents.check(tmp_path / "packages", CLIENT, TOP)
    assert sentence in str(error.value)


def test_a_source_distribution_that_lacks_a_file_is_refused(dist: Path, tmp_path: Path) -> None:
    shutil.copytree(dist / "packages", tmp_path / "packages")
    project = tmp_path / "top"
    shutil.copytree(TOP / "client", project / "client", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TOP / "LICENSE", project / "LICENSE")
    (project / "client" / "src" / "async_download_client" / "later.py").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(ReleaseError) as error:
        contents.check(tmp_path / "packages", CLIENT, project)
    lines = str(error.value).splitlines()
    assert any(line.startswith("async_download_client") and ".tar.gz lacks src/" in line for line in lines)


def test_the_bills_name_the_packages_that_the_wheels_require(dist: Path) -> None:
    for package in PACKAGES:
        bill = json.loads((dist / sbom.file_name(package)).read_text(encoding="utf-8"))
        required = {item["name"] for item in bill["components"]}
        direct = {Requirement(line).name for line in package.settings()["dependencies"]}
        assert direct <= required
