"""What origins send: never READY with other bytes, and no refusal of what both curl and wget fetch but for docs."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from integration_tests.origins.case import READY, Case
from integration_tests.origins.cases import CASES
from integration_tests.origins.comparison import Result
from integration_tests.support.stack import Stack
from integration_tests.support.waiting import is_absent, wait_for
from tools.readme_tables import TOP

PAGE = TOP / "docs" / "origins.md"
EXCEPTIONS = {
    name: code
    for cells, code in re.findall(
        r"^\| (`.+`) \| `([A-Z_]+)` \| .+ \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    for name in re.findall(r"`([^`]+)`", cells)
}
"""Inputs that the documentation says to be refused although curl and wget fetch them -> code."""
ABORT_SECONDS = 30


def test_each_case_has_a_name_and_a_folder_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len({case.folder for case in CASES}) == len(CASES)


def test_each_exception_in_the_documentation_is_a_case_with_this_code() -> None:
    expected = {case.name: case.expected for case in CASES}
    assert {name: expected.get(name) for name in EXCEPTIONS} == EXCEPTIONS


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.folder)
def test_the_case_ends_as_expected(results: Mapping[str, Result], case: Case) -> None:
    result = results[case.name]
    if result.end == READY:
        assert result.is_right, f"READY with other bytes than the file: {result.message}"
    assert result.end == case.expected, result.message
    if case.file_name:
        assert result.file_name == case.file_name
    if result.is_fetched_by_both_tools and result.end != READY:
        assert EXCEPTIONS.get(case.name) == result.end, f"curl and wget fetch it, and the page says nothing: {PAGE}"


def test_nothing_is_left_of_what_failed(origins_stack: Stack, results: Mapping[str, Result]) -> None:
    s3, bucket = origins_stack.cloud.client("s3"), origins_stack.operator.bucket
    copied = {
        origins_stack.operator.object_key(result.download)
        for result in results.values()
        if result.download is not None and result.end == READY
    }
    wait_for(lambda: s3.list_multipart_uploads(Bucket=bucket).get("Uploads", ()), ABORT_SECONDS, until=is_absent)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    assert {item["Key"] for page in pages for item in page.get("Contents", ())} == copied
