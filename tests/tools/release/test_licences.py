"""docs/licences.md is up to date, and a licence that is unknown or not accepted fails."""

from __future__ import annotations

from email.message import Message
from importlib.metadata import PackageNotFoundError

import pytest

from tools.release import licences
from tools.release.licences import LICENCES_BY_FILE, PAGE, licensed_packages, page, read_licence
from tools.release.packages import PACKAGES, TOP, ReleaseError


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"


def test_each_package_ships_the_licence_of_the_repository() -> None:
    text = (TOP / "LICENSE").read_bytes()
    for package in PACKAGES:
        assert (TOP / package.folder / "LICENSE").read_bytes() == text
        assert package.settings()["license"] == "MIT-0"
        assert package.settings()["license-files"] == ["LICENSE"]


def test_every_package_has_a_licence() -> None:
    for package in PACKAGES:
        names = {item.name for item in licensed_packages(package)}
        assert names
        assert not names & {item.name for item in PACKAGES}


def describe(monkeypatch: pytest.MonkeyPatch, *fields: tuple[str, str]) -> None:
    """Let every package have this metadata."""
    described = Message()
    described["Version"] = "1.0"
    for name, value in fields:
        described.add_header(name, value)
    monkeypatch.setattr(
        licences, "metadata", {"anything": described, next(iter(LICENCES_BY_FILE)): described}.__getitem__
    )


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ([("License-Expression", "mit")], "MIT"),
        ([("License-Expression", "Apache-2.0 OR BSD-2-Clause"), ("License", "other")], "Apache-2.0 OR BSD-2-Clause"),
        ([("License", "Apache License 2.0")], "Apache-2.0"),
        ([("License", "a\nlong text"), ("Classifier", "License :: OSI Approved :: MIT License")], "MIT"),
        ([("License", "MIT"), ("Classifier", "License :: OSI Approved :: MIT License")], "MIT"),
    ],
)
def test_a_licence_is_read(fields: list[tuple[str, str]], licence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    describe(monkeypatch, *fields)
    assert read_licence("anything") == licence


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ([], "anything 1.0 states its licence as ['']"),
        ([("License", "Our own")], "states its licence as ['Our own']"),
        ([("Classifier", "License :: OSI Approved :: BSD License")], "which is not an identifier of SPDX"),
        (
            [("License", "MIT"), ("Classifier", "License :: OSI Approved :: Apache Software License")],
            "states its licence",
        ),
        ([("License-Expression", "GPL-3.0-only")], "Whether GPL-3.0-only may be required"),
        ([("License-Expression", "MIT OR (GPL-3.0-only AND ISC)")], "Whether GPL-3.0-only may be required"),
        ([("License-Expression", "Ours")], "has an invalid licence expression"),
    ],
)
def test_an_unknown_or_refused_licence_fails(
    fields: list[tuple[str, str]], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe(monkeypatch, *fields)
    with pytest.raises(ReleaseError) as error:
        read_licence("anything")
    assert sentence in str(error.value)


def test_a_licence_that_was_read_by_hand_counts_as_long_as_the_metadata_says_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ((name, (stated, licence)),) = LICENCES_BY_FILE.items()
    describe(monkeypatch, ("License", stated))
    assert read_licence(name) == licence
    describe(monkeypatch, ("License", "Something else"))
    with pytest.raises(ReleaseError):
        read_licence(name)


def test_a_package_that_is_not_installed_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def metadata(name: str) -> Message:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(licences, "metadata", metadata)
    with pytest.raises(ReleaseError, match=r"anything is not installed.*make setup"):
        read_licence("anything")
