"""docs/testing.md and the commands: random tests of which `make test-unit` draws a part are drawn in full elsewhere."""

from __future__ import annotations

import re

from tests.runtime.origin import test_framing as framing
from tools.readme_tables import TOP

ROW = re.compile(r"^\| `(\S+)`: [^|]* \| ([\d,]+) \| ([\d,]+) with `make (\S+)`", re.MULTILINE)
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


def test_the_numbers_of_examples_are_those_of_the_tests() -> None:
    page = (TOP / "docs" / "testing.md").read_text(encoding="utf-8")
    rows = {file: (few.replace(",", ""), all_.replace(",", "")) for file, few, all_, _ in ROW.findall(page)}
    drawn = {file: examples_of(file) for file in (FUZZ, FAULTS)}
    expected = {file: (sum(number // 8 for number in numbers), sum(numbers)) for file, numbers in drawn.items()}
    expected["tests/runtime/origin/test_framing.py"] = (framing.FEW_EXAMPLES, framing.EXAMPLES)
    assert {file: (int(few), int(all_)) for file, (few, all_) in rows.items()} == expected


def test_the_named_commands_draw_all_examples() -> None:
    page = (TOP / "docs" / "testing.md").read_text(encoding="utf-8")
    for file, _, _, target in ROW.findall(page):
        paths = re.findall(r"(?:tests|client/tests)[\w./]*", recipe(target))
        assert any(file.startswith(path) for path in paths), (file, target)
        assert "--examples" not in recipe(target)


def test_continuous_integration_draws_all_responses_of_origins() -> None:
    assert "make test-origins" in (TOP / ".ci" / "run").read_text(encoding="utf-8")
