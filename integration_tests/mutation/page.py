"""The tables of docs/mutation.md: what is missed, by whom, and what is not; the next hunt begins with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from integration_tests.mutation.mutants import Mutant
from integration_tests.support.policies import SIGNER
from integration_tests.support.pulumi_cli import TOP

PAGE = TOP / "docs" / "mutation.md"
_ROW = re.compile(r"\| `(\w+)` \| `(\w+)` \| (.+?) \| (.+?) \|")
_LAST = {"killed": "This fails", "survived": "Because", "unenforced": "Because"}  # the last column of each table


class Found(NamedTuple):
    """Killed mutants with the journey that missed the right, and the others with the reason."""

    killed: Mapping[Mutant, str]
    survived: Mapping[Mutant, str]
    unenforced: Mapping[Mutant, str]

    @property
    def share(self) -> float:
        """How many of those that the emulator enforces are missed, 0 to 1."""
        enforced = len(self.killed) + len(self.survived)
        return len(self.killed) / enforced if enforced else 1.0


def merged(before: Found, found: Found, role: str) -> Found:
    """What a page said, with what was found of one role; roles in the order of a whole hunt."""
    tables = []
    for old, new in zip(before, found, strict=True):
        rows = [(mutant, text) for mutant, text in old.items() if mutant.role != role] + list(new.items())
        tables.append(dict(sorted(rows, key=lambda row: (row[0].role == SIGNER, row[0].role))))
    return Found(*tables)


def rewritten(text: str, found: Found) -> str:
    """The page with these tables."""
    score = f"{len(found.killed)} of {len(found.killed) + len(found.survived)} are missed."
    blocks = {"score": score} | {name: _table(_LAST[name], rows) for name, rows in found._asdict().items()}
    for name, block in blocks.items():
        whole = f"<!-- {name} -->\n{block}\n<!-- /{name} -->"
        text, count = re.subn(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _: whole, text, flags=re.DOTALL)  # noqa: B023
        assert count == 1, f"{PAGE.name} has to hold one <!-- {name} --> block"
    return text


def read(text: str) -> Found:
    """What the tables of a page say."""
    return Found(*(_rows(text.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0]) for name in _LAST))


def _rows(table: str) -> dict[Mutant, str]:
    found = [row for line in table.splitlines() if (row := _ROW.fullmatch(line))]
    return {Mutant(row[1], row[2], row[3].strip("`")): row[4] for row in found}


def _table(last: str, rows: Mapping[Mutant, str]) -> str:
    if not rows:
        return "None."
    lines = [f"| Role | Statement | Without | {last} |", "|---|---|---|---|"]
    lines += [
        f"| `{each.role}` | `{each.statement}` | {_shown(each.without)} | {text} |" for each, text in rows.items()
    ]
    return "\n".join(lines)


def _shown(without: str) -> str:
    return f"`{without}`" if ":" in without else without
