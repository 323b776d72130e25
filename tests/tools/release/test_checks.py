"""A release is refused while versions, changelog, pages or the repository do not agree with the tag."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.release import checks
from tools.release.checks import FILES_WITH_VERSIONS, main, problems
from tools.release.packages import COMPONENT, PACKAGES, TOP

VERSION = COMPONENT.version()
TAG = f"v{VERSION}"
URL = "https://git.example.com/team/async-download"


def change(top: Path, name: str, before: str, after: str) -> None:
    """Replace text of a file, which has to be in it."""
    text = (top / name).read_text(encoding="utf-8")
    assert before in text
    (top / name).write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """The files that are checked, as they have to be for a release."""
    projects = [f"{package.folder}/pyproject.toml" for package in PACKAGES]
    for name in (*projects, *FILES_WITH_VERSIONS, "uv.lock", "CHANGELOG.md", "components/schema.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / name, tmp_path / name)
    if f"## [{VERSION}]" not in (TOP / "CHANGELOG.md").read_text(encoding="utf-8"):
        change(tmp_path, "CHANGELOG.md", "## [Unreleased]", f"## [Unreleased]\n\n## [{VERSION}] - 2026-11-29")
    origin = f'authors = [{{ name = "The team" }}]\nurls = {{ Repository = "{URL}/" }}\n'
    change(tmp_path, "pyproject.toml", "requires-python", f"{origin}requires-python")
    return tmp_path


def test_a_release_that_is_ready_has_no_problem(ready: Path) -> None:
    assert list(problems(TAG, ready, URL)) == []


@pytest.mark.parametrize("tag", ["0.1.0", "v0.1", "v0.1.0rc1", "v0.1.0-rc.1", "release", "v0.1.0 "])
def test_a_tag_that_is_no_version_is_refused(tag: str, ready: Path) -> None:
    (problem,) = problems(tag, ready, URL)
    assert repr(tag) in problem


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_another_version_in_one_of_the_packages_is_refused(package: object, ready: Path) -> None:
    folder = package.folder  # type: ignore[attr-defined]
    change(ready, f"{folder}/pyproject.toml", f'version = "{VERSION}"', 'version = "7.0.0"')
    found = list(problems(TAG, ready, URL))
    assert len(found) == 2
    assert f"pyproject.toml has version 7.0.0, and the tag {VERSION}" in found[0]
    assert "run `.tools/bin/uv lock`" in found[1]


@pytest.mark.parametrize(
    ("name", "before", "after", "sentence"),
    [
        ("README.md", f"async-download@v{VERSION}", "async-download@v0.0.9", "README.md tells users to install 0.0.9"),
        ("examples/README.md", f"components@v{VERSION}", "components@v0.0.9", "examples/README.md tells users"),
        ("docs/installation-configuration.md", f"=={VERSION}", "==0.0.9", "docs/installation-configuration.md tells"),
        ("CHANGELOG.md", f"## [{VERSION}] - ", "## [0.0.9] - ", f"has no heading for {VERSION}"),
        ("CHANGELOG.md", "## [Unreleased]\n", "## [Unreleased]\n\n- x\n", "has 1 entries below [Unreleased]"),
        (
            "pyproject.toml",
            f'"{URL}/"',
            '"https://git.example.com/x/y"',
            "names the repository https://git.example.com/",
        ),
        ("pyproject.toml", f'Repository = "{URL}/"', 'Homepage = "https://example.com"', "has no repository"),
        ("admin/pyproject.toml", f"client>={VERSION}", "client>=0.0.9", "does not require async-download-client>="),
        ("pyproject.toml", "authors =", "maintainers =", "has no `authors`"),
        (
            "components/schema.json",
            '"name": "async-download"',
            '"name": "async-download", "version": "1.0.0"',
            "version",
        ),
    ],
)
def test_a_difference_is_said(name: str, before: str, after: str, sentence: str, ready: Path) -> None:
    change(ready, name, before, after)
    (problem,) = problems(TAG, ready, URL)
    assert sentence in problem


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [(["v99.0.0"], 1, "pyproject.toml has version"), ([], 2, "usage: make release-check"), ([""], 2, "usage")],
)
def test_the_command_fails_with_a_sentence(
    arguments: list[str], status: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == status
    assert capsys.readouterr().err.startswith(sentence)


def test_a_plugin_of_another_version_is_refused(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "installed_version", lambda name: f"{name} 7.0.0")
    (problem,) = problems(TAG, ready, URL)
    assert problem.startswith("The plugin has version async-download 7.0.0")
