"""Writes the tables of permissions and exit codes in docs/admin.md from the code of `admin`: `make docs`."""

from __future__ import annotations

import re

from async_download_admin import cli
from async_download_admin.permissions import COMMANDS

from tools.page_blocks import write_blocks
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


def blocks() -> dict[str, str]:
    """Return both tables by name."""
    return {"permissions": permissions_table(), "exit codes": exit_codes_table()}


if __name__ == "__main__":
    write_blocks(PAGE, blocks())
