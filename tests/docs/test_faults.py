"""docs/faults.md has every fault, and each test that it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tools.readme_tables import TOP

PAGE = TOP / "docs" / "faults.md"
ROWS = re.findall(r"^\| (?!Fault|---)(.+?) \| (.+?) \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
FOLDERS = ("tests/runtime", "tests/components", "integration_tests")
FAULTS = """No connection; Reset before the answer; Reset in the body; Reset by S3; Fewer bytes; More bytes;
Stalled read; 5xx or 429, then success; Retry-After; 403, 404, 410; 416; 200 instead of 206; Validator changed;
Size changed; TLS failure; DNS failure; Lambda killed; Time-out of a worker; Time-out of the execution; StopExecution;
Throttled S3; Throttled Lambda; CompleteMultipartUpload answered, its reply lost; A forbidden address""".replace(
    "\n", " "
).split("; ")


@cache
def defined_in(name: str) -> set[str]:
    """Return the functions in the files with this name."""
    files = [path for folder in FOLDERS for path in (TOP / folder).rglob(name)]
    return {
        node.name
        for file in files
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_the_page_has_every_fault(fault: str) -> None:
    assert [row[0] for row in ROWS if row[0].startswith(fault)], fault


@pytest.mark.parametrize(("fault", "shown_by"), [(row[0], row[2]) for row in ROWS])
def test_each_fault_has_tests_that_exist(fault: str, shown_by: str) -> None:
    named = re.findall(r"`([\w.]+)::(\w+)`", shown_by)
    assert named, fault
    assert [f"{file}::{test}" for file, test in named if test not in defined_in(file)] == []
