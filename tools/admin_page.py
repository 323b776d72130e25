"""Writes the tables of permissions and exit codes in docs/admin.md from the code of `admin`: `make docs`."""

from __future__ import annotations

import re

from async_download_admin import cli
from async_download_admin.permissions import COMMANDS

from tools.readme_tables import TOP

PAGE = TOP / "docs" / "admin.md"


def permissions_table() -> str:
    """Return a row for each command: its IAM actions and the resources that they are for."""
    rows = []
    for command, actions in COMMANDS.items():
        kinds: dict[str, list[str]] = {}
        for action, kind in actions.items():
            kinds.setdefault(kind, []).append(f"`{action}`")
        cells = [f"{', '.join(names)} on {'all resources' if kind == '*' else kind}" for kind, names in kinds.items()]
        rows.append(f"| `{command}` | {'; '.join(cells)} |")
    return "\n".join(["| Command | Actions |", "|---|---|", *rows])


def exit_codes_table() -> str:
    """Return the table in the docstring of the command."""
    rows = re.findall(r"^\| (\d+ \| .+) \|$", cli.__doc__ or "", re.MULTILINE)
    return "\n".join(["| Exit code | Means |", "|---|---|", *(f"| {row} |" for row in rows)])


def rewrite(page: str) -> str:
    """Return the page with both tables."""
    for name, table in (("permissions", permissions_table()), ("exit codes", exit_codes_table())):
        head, begin, rest = page.partition(f"<!-- {name} -->\n")
        _, end, tail = rest.partition(f"\n<!-- /{name} -->")
        assert begin and end, f"docs/admin.md has to hold one <!-- {name} --> block"  # noqa: PT018
        page = head + begin + table + end + tail
    return page


if __name__ == "__main__":
    PAGE.write_text(rewrite(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
