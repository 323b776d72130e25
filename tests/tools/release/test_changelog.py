"""Release notes are the section of the version in CHANGELOG.md, or a sentence says why there are none."""

from __future__ import annotations

import pytest

from tools.release.changelog import main, release_notes, sections, unreleased_entries
from tools.release.packages import TOP, ReleaseError

CHANGELOG = """# Changelog

## [Unreleased]

## [0.2.0] - 2026-11-29

### Added

- A thing ([docs](docs/thing.md#part), [site](https://example.com/a.md), [below](#0.1.0)).

## [0.1.0] - 2026-10-01

- The first release.

[0.1.0]: https://example.com/0.1.0
"""


def test_the_notes_are_the_section_of_the_version() -> None:
    notes = release_notes(CHANGELOG, "0.2.0")
    assert notes.startswith("### Added\n\n- A thing ([docs](docs/thing.md#part)")
    assert "first release" not in notes
    assert "first release" in release_notes(CHANGELOG, "0.1.0")


def test_relative_links_lead_to_the_tag_of_the_repository() -> None:
    notes = release_notes(CHANGELOG, "0.2.0", "https://git.example.com/team/async-download")
    assert "[docs](https://git.example.com/team/async-download/blob/v0.2.0/docs/thing.md#part)" in notes
    assert "[site](https://example.com/a.md)" in notes
    assert "[below](#0.1.0)" in notes


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("## [0.2.0] - 2026-11-29", "## 0.2.0", "has no heading for 0.2.0: rename `## [Unreleased]`"),
        ("## [0.2.0] - 2026-11-29", "## [0.2.0]", "The heading [0.2.0] in CHANGELOG.md has no date"),
        ("## [0.2.0] - 2026-11-29", "## [0.2.0] - 2026-13-29", "has no date: write `## [0.2.0] - YYYY-MM-DD`"),
        ("- A thing", "", "The section [0.2.0] in CHANGELOG.md is empty"),
        ("## [0.1.0]", "## [0.2.0]", "two headings for [0.2.0]"),
    ],
)
def test_a_section_that_cannot_be_used_is_said(before: str, after: str, sentence: str) -> None:
    with pytest.raises(ReleaseError) as error:
        release_notes(CHANGELOG.replace(before, after), "0.2.0")
    assert sentence in str(error.value)


def test_entries_below_unreleased_are_counted() -> None:
    assert unreleased_entries(CHANGELOG) == 0
    assert unreleased_entries(CHANGELOG.replace("## [Unreleased]\n", "## [Unreleased]\n\n- x\n- y\n")) == 2
    assert unreleased_entries("# Changelog\n") == 0


def test_the_changelog_of_the_repository_has_sections() -> None:
    assert "Unreleased" in sections((TOP / "CHANGELOG.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["99.0.0"], 1, "CHANGELOG.md has no heading for 99.0.0"),
        ([], 2, "usage: make release-notes"),
        ([""], 2, "usage"),
    ],
)
def test_the_command_fails_with_a_sentence(
    arguments: list[str], status: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(sentence)
