"""What programs in other languages see does not change unnoticed."""

from __future__ import annotations

from tools.component_schema import PAGE, schema


def test_the_schema_is_the_one_checked_in() -> None:
    assert PAGE.read_text(encoding="utf-8") == schema(), (
        "run: make docs, and say in CHANGELOG.md what changes for other languages"
    )
