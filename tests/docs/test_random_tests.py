"""docs/testing.md and the commands: random tests of which `make test-unit` draws a part are drawn in full elsewhere."""

from __future__ import annotations

import re

import pytest

from client.tests.support.examples import some
from tests.components.support.variants import variants
from tests.runtime.copying import test_copy_chaos as chaos
from tests.runtime.ending import test_no_lost_wake_up as lost
from tests.runtime.origin import test_framing as framing
from tools.readme_tables import TOP

ROW = re.compile(r"^\| `(\S+\.py)`: [^|]* \| ([\d,]+) \| ([\d,]+) \| (?:`make (\S+)`)?", re.MULTILINE)
LOST = "tests/runtime/ending/test_no_lost_wake_up.py"
FUZZ, FAULTS = "client/tests/test_fuzz.py", "client/tests/test_faults.py"


def recipe(target: str) -> str:
    """Return the recipe of a target of the Makefile."""
    makefile = (TOP / "Makefile").read_text(encoding="utf-8")
    match = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert match, target
    return match[1]


def examples_of(file: str) -> list[int]:
    """Return the numbers of examples that the tests of a file draw."""
    text = (TOP / file).read_text(encoding="utf-8")
    return [int(number) for number in re.findall(r"(?:@fuzz|max_examples=some)\((\d+)\)", text)]


def rows() -> list[tuple[str, int, int, str]]:
    """Return file, few examples, all examples, and the target that draws all, for each row of the table."""
    page = (TOP / "docs" / "testing.md").read_text(encoding="utf-8")
    return [
        (file, int(few.replace(",", "")), int(all_.replace(",", "")), target)
        for file, few, all_, target in ROW.findall(page)
    ]


def test_the_numbers_of_examples_are_those_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {}
    for examples in ("few", "all"):
        monkeypatch.setenv("TEST_EXAMPLES", examples)
        sizes[examples] = {
            ("tests/components/support/variants.py", len(variants())),
            (LOST, lost.SHARES * some(lost.SCHEDULES, share=4)),
            (LOST, sum(len(lost.orders_of(status)) for status in lost.ENDS)),
            ("tests/runtime/copying/test_copy_chaos.py", some(2 * len(chaos.ORIGINS), share=2)),
            ("tests/runtime/origin/test_framing.py", framing.FEW_EXAMPLES if examples == "few" else framing.EXAMPLES),
            *((file, sum(some(number) for number in examples_of(file))) for file in (FUZZ, FAULTS)),
        }
    assert {(file, few) for file, few, _, _ in rows()} == sizes["few"]
    assert {(file, all_) for file, _, all_, _ in rows()} == sizes["all"]


def test_the_named_commands_draw_all_examples() -> None:
    named = [(file, target) for file, _, _, target in rows() if target]
    assert len(named) == 3
    for file, target in named:
        paths = re.findall(r"(?:tests|client/tests)[\w./]*", recipe(target))
        assert any(file.startswith(path) for path in paths), (file, target)
        assert "--examples" not in recipe(target)


def test_a_job_of_the_workflow_draws_all_examples() -> None:
    """The option has a default in the Makefile, so that the command without it draws few."""
    assert "--examples $(EXAMPLES)" in recipe("test-unit")
    assert "test-unit EXAMPLES=all" in (TOP / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")


def test_continuous_integration_draws_all_responses_of_origins() -> None:
    assert "make test-origins" in (TOP / ".ci" / "run").read_text(encoding="utf-8")
