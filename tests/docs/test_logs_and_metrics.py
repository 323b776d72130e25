"""docs/operations.md has the log lines, faults, queries and metrics that the code has."""

from __future__ import annotations

import re

import pytest
from async_download.monitoring.saved_queries import QUERIES

from runtime import metrics, steps
from runtime.errors import FAULTS, Fault
from tests.docs.pages import code_blocks
from tools.readme_tables import TOP

PAGE = (TOP / "docs" / "operations.md").read_text(encoding="utf-8")
STEPS = [step for step in vars(steps).values() if isinstance(step, steps.Step)]


def rows_below(heading: str) -> list[list[str]]:
    """Return the cells of all rows of the tables in a section."""
    section = re.split(r"^#{2,3} ", re.split(rf"^##+ {heading}\n", PAGE, flags=re.MULTILINE)[1], flags=re.MULTILINE)[0]
    return [[cell.strip() for cell in row.split(" | ")] for row in re.findall(r"^\| (.+) \|$", section, re.MULTILINE)]


def code(texts: str) -> list[str]:
    """Return the code in a cell."""
    return re.findall(r"`([^`]+)`", texts)


def test_each_step_has_a_row_with_its_level_message_and_fields_in_the_order_of_the_code() -> None:
    documented = [row for row in rows_below("Logs") if len(row) == 4 and row[0] != "`step`"]
    rows = [[f"`{step.identifier}`", step.level, step.message, code_list(step.fields)] for step in STEPS]
    assert documented == rows, "\n".join(f"| {' | '.join(row)} |" for row in rows if row not in documented)


def code_list(fields: str) -> str:
    return " ".join(f"`{field}`" for field in fields.split())


@pytest.mark.parametrize("fault", Fault)
def test_each_fault_has_a_row_with_its_codes(fault: Fault) -> None:
    (row,) = [row for row in rows_below("Logs") if len(row) == 3 and row[0] == f"`{fault}`"]
    assert code(row[2]) == [name for name in sorted(FAULTS) if FAULTS[name] is fault]


def test_each_field_of_all_lines_is_explained() -> None:
    explained = {field for row in rows_below("Logs") if len(row) == 2 for field in code(row[0])}
    assert {"timestamp", "level", "step", "message", *steps.CALL_FIELDS, *steps.DOWNLOAD_FIELDS} <= explained


def test_each_metric_has_a_row_with_its_unit() -> None:
    rows = [row for row in rows_below("Metrics") if row[0] != "Metric" and len(row) == 3 and row[0].startswith("`")]
    assert {name: row[1] for row in rows for name in code(row[0])} == dict(metrics.UNITS)


def test_each_saved_query_has_a_row() -> None:
    rows = [row for row in rows_below("Queries") if len(row) == 2 and row[0].startswith("`")]
    assert [name for row in rows for name in code(row[0])] == list(QUERIES)


def test_the_page_shows_the_start_of_the_query_of_one_download() -> None:
    (line,) = [line for line in code_blocks(PAGE) if line.startswith("filter downloadId")]
    assert re.match(r'filter downloadId = "[^"]+" \| sort @timestamp \| display @timestamp, ', line)
    fields = {field for step in STEPS for field in step.fields.split()} | {"step", "message"}
    assert set(line.partition("@timestamp, ")[2].split(", ")) <= fields
