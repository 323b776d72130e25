"""What has to agree before a tag is released: `make release-check TAG=v0.1.0`."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import version as installed_version
from pathlib import Path

from tools.release.changelog import release_notes, unreleased_entries
from tools.release.packages import ADMIN, CLIENT, COMPONENT, PACKAGES, TOP, ReleaseError, publisher, repository_url

TAG = re.compile(r"v(\d+\.\d+\.\d+)")
PINNED = re.compile(r"(?:async-download|components)(?:@v?|==)(\d[\w.]*\w)")
FILES_WITH_VERSIONS = ("README.md", "examples/README.md", "docs/_index.md", "docs/installation-configuration.md")


def problems(tag: str, top: Path = TOP, repository: str | None = None) -> Iterator[str]:
    """Yield a sentence for everything that is not ready for the tag.

    `repository` is the URL of the repository that the release is made in, if it is known.
    """
    match = TAG.fullmatch(tag)
    if not match:
        yield f"The tag {tag!r} is not `v` and three numbers, such as v0.1.0. Both Pulumi and PyPI read versions so."
        return
    version = match[1]
    yield from _versions(version, top)
    yield from _versions_for_users(version, top)
    yield from _changelog(version, top)
    yield from _origin(top, repository)


def _versions(version: str, top: Path) -> Iterator[str]:
    locked = tomllib.loads((top / "uv.lock").read_text(encoding="utf-8"))["package"]
    locked_versions = {item["name"]: item.get("version") for item in locked}
    for package in PACKAGES:
        name = (Path(package.folder) / "pyproject.toml").as_posix()
        if package.version(top) != version:
            yield f"{name} has version {package.version(top)}, and the tag {version}: change one of them."
        if locked_versions.get(package.name) != package.version(top):
            yield f"uv.lock has {package.name} {locked_versions.get(package.name)}: run `.tools/bin/uv lock`."
    if f"{CLIENT.name}>={version}" not in ADMIN.settings(top)["dependencies"]:
        yield f"admin/pyproject.toml does not require {CLIENT.name}>={version}, the version that it is tested with."
    if installed_version(COMPONENT.name) != version:  # which the plugin gives to Pulumi's engine
        yield f"The plugin has version {installed_version(COMPONENT.name)}: run `make setup`."
    written = json.loads((top / "components" / "schema.json").read_text(encoding="utf-8"))
    if "version" in written:
        yield "components/schema.json has a version, which would need a change at each release: run `make docs`."


def _versions_for_users(version: str, top: Path) -> Iterator[str]:
    for page in FILES_WITH_VERSIONS:
        for pinned in PINNED.findall((top / page).read_text(encoding="utf-8")):
            if pinned != version:
                yield f"{page} tells users to install {pinned}: name {version}."


def _changelog(version: str, top: Path) -> Iterator[str]:
    changelog = (top / "CHANGELOG.md").read_text(encoding="utf-8")
    try:
        release_notes(changelog, version)
        if count := unreleased_entries(changelog):
            yield f"CHANGELOG.md has {count} entries below [Unreleased], which the tag would release: move them."
    except ReleaseError as error:
        yield str(error)


def _origin(top: Path, repository: str | None) -> Iterator[str]:
    url = repository_url(top)
    if not url:
        yield (
            "pyproject.toml has no repository: add `[project.urls]` with `Repository`, and run `make docs`. "
            "The registry's pages, the schema and the release notes link to it."
        )
    elif repository and url != repository:
        yield f"pyproject.toml names the repository {url}, and the release is made in {repository}."
    if not publisher(top):
        yield "pyproject.toml has no `authors`: Pulumi's registry shows the first one as publisher. Run `make docs`."


def main(arguments: Sequence[str]) -> int:
    """Print what is not ready; return 1 if there is anything."""
    if len(arguments) not in (1, 2) or not arguments[0]:
        print("usage: make release-check TAG=v0.1.0", file=sys.stderr)
        return 2
    tag, *repository = arguments
    sentences = list(problems(tag, repository=repository[0] if repository else None))
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    if not sentences:
        print(f"{tag} is ready to be released.")
    return 1 if sentences else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
