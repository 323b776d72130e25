"""The release notes, cut from CHANGELOG.md: `make release-notes VERSION=0.1.0`."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import date

from tools.release.packages import TOP, ReleaseError, repository_url

HEADING = re.compile(r"^## \[([^\]\n]+)\](.*)$", re.MULTILINE)
ENTRY = re.compile(r"^[-*] \S", re.MULTILINE)
RELATIVE_LINK = re.compile(r"\]\((?![a-z]+:|#)([^)\s]+)\)")


def sections(changelog: str) -> dict[str, tuple[str, str]]:
    """Return what follows each heading `## [version]` in its line, and the text below it.

    Raises:
        ReleaseError: a version has two headings.
    """
    headings = list(HEADING.finditer(changelog))
    ends = [heading.start() for heading in headings[1:]] + [len(changelog)]
    result: dict[str, tuple[str, str]] = {}
    for heading, end in zip(headings, ends, strict=False):
        version = heading[1]
        if version in result:
            raise ReleaseError(f"CHANGELOG.md has two headings for [{version}]: merge their sections.")
        result[version] = (heading[2].strip(), changelog[heading.end() : end].strip())
    return result


def release_notes(changelog: str, version: str, repository: str | None = None) -> str:
    """Return the section of a version in Markdown, with links into the tag of the repository if its URL is known.

    Raises:
        ReleaseError: the version has no heading, no date or no entry.
    """
    by_version = sections(changelog)
    if version not in by_version:
        raise ReleaseError(
            f"CHANGELOG.md has no heading for {version}: rename `## [Unreleased]` to `## [{version}] - YYYY-MM-DD`, "
            "and add an empty `## [Unreleased]` above it."
        )
    rest, text = by_version[version]
    try:
        date.fromisoformat(rest.removeprefix("- "))
    except ValueError:
        raise ReleaseError(
            f"The heading [{version}] in CHANGELOG.md has no date: write `## [{version}] - YYYY-MM-DD`."
        ) from None
    if not ENTRY.search(text):
        raise ReleaseError(f"The section [{version}] in CHANGELOG.md is empty: say what changed.")
    if repository:
        text = RELATIVE_LINK.sub(rf"]({repository}/blob/v{version}/\1)", text)
    return text + "\n"


def unreleased_entries(changelog: str) -> int:
    """Return the number of entries below `## [Unreleased]`."""
    return len(ENTRY.findall(sections(changelog).get("Unreleased", ("", ""))[1]))


def main(arguments: Sequence[str]) -> int:
    """Print the notes of a version; return 1 with a sentence if there are none."""
    if len(arguments) != 1 or not arguments[0]:
        print("usage: make release-notes VERSION=0.1.0", file=sys.stderr)
        return 2
    changelog = (TOP / "CHANGELOG.md").read_text(encoding="utf-8")
    try:
        sys.stdout.write(release_notes(changelog, arguments[0].removeprefix("v"), repository_url()))
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
