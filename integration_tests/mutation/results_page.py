"""Read and write the tables of docs/mutation.md: which journey fails without each permission."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from integration_tests.mutation.mutants import Mutant
from integration_tests.support.policies import SIGNER
from integration_tests.support.pulumi_cli import TOP
from tools.page_blocks import read_block, replace_blocks

PAGE = TOP / "docs" / "mutation.md"
_ROW = re.compile(r"\| `(\w+)` \| `(\w+)` \| (.+?) \| (.+?) \|")
_LAST = {
    "killed": "This journey fails",
    "survived": "Because",
    "unenforced": "Because",
}  # the last column of each table


class Results(NamedTuple):
    """Killed mutants with the id of the journey that fails, and the others with the reason why none does."""

    killed: Mapping[Mutant, str]
    survived: Mapping[Mutant, str]
    unenforced: Mapping[Mutant, str]

    @property
    def share(self) -> float:
        """The share of killed mutants among those that the emulator enforces, 0 to 1."""
        enforced = len(self.killed) + len(self.survived)
        return len(self.killed) / enforced if enforced else 1.0


def merged(before: Results, results: Results, role: str) -> Results:
    """Return the results before, with those of one role replaced; roles in the order of a whole run."""
    tables = []
    for old, new in zip(before, results, strict=True):
        rows = [(mutant, text) for mutant, text in old.items() if mutant.role != role] + list(new.items())
        tables.append(dict(sorted(rows, key=lambda row: (row[0].role == SIGNER, row[0].role))))
    return Results(*tables)


def rewritten(text: str, results: Results) -> str:
    """Return the page with these tables."""
    score = f"{len(results.killed)} of {len(results.killed) + len(results.survived)} are missed."
    tables = {name: _table(_LAST[name], rows) for name, rows in results._asdict().items()}
    return replace_blocks(text, {"score": score} | tables)


def read(text: str) -> Results:
    """Return what the tables of a page hold."""
    return Results(*(_rows(read_block(text, name)) for name in _LAST))


def _rows(table: str) -> dict[Mutant, str]:
    rows = [row for line in table.splitlines() if (row := _ROW.fullmatch(line))]
    return {Mutant(row[1], row[2], row[3].strip("`")): row[4].strip("`") for row in rows}


def _table(last: str, rows: Mapping[Mutant, str]) -> str:
    if not rows:
        return "None."
    lines = [f"| Role | Statement | Without | {last} |", "|---|---|---|---|"]
    quote = "`" if last == _LAST["killed"] else ""
    lines += [
        f"| `{mutant.role}` | `{mutant.statement}` | {_shown(mutant.without)} | {quote}{text}{quote} |"
        for mutant, text in rows.items()
    ]
    return "\n".join(lines)


def _shown(without: str) -> str:
    return f"`{without}`" if ":" in without else without
