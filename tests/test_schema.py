"""What programs in other languages see does not change unnoticed."""

from __future__ import annotations

import json

from tools.component_schema import PAGE, schema


def test_the_schema_is_the_one_checked_in() -> None:
    assert PAGE.read_text() == schema(), "run: make docs, and say in CHANGELOG.md what changes for other languages"


def test_the_schema_needs_no_other_package() -> None:
    assert "/aws/" not in schema()


def test_each_property_is_documented() -> None:
    described = json.loads(schema())
    component = described["resources"]["async-download:index:AsyncDownload"]
    groups = [
        component["inputProperties"],
        component["properties"],
        described["types"]["async-download:index:Origin"]["properties"],
    ]
    assert [name for group in groups for name, entry in group.items() if not entry.get("description")] == []
