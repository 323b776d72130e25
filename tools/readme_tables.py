"""The README's tables of settings and outputs, written from where they are defined: `make docs`."""

from __future__ import annotations

import ast
import re
from itertools import pairwise

from async_download.settings.checks import camel

from tools.settings_pages import TOP, table

__all__ = ["README", "TOP", "rewrite"]

README = TOP / "README.md"
COMMON_SETTINGS = [
    "origins",
    "storage.bucket",
    "retention.objectExpirationDays",
    "auth.type",
    "api.corsOrigins",
    "limits.maxDownloadsPerCaller",
    "copying.concurrency",
    "observability.logRetentionDays",
    "protection.protect",
    "tags",
]


def settings_table() -> str:
    """Return the table of the settings that most stacks need."""
    return table(COMMON_SETTINGS)


def outputs_table() -> str:
    """Name and description of each output of the component, from its class; the program exports them in camelCase."""
    tree = ast.parse((TOP / "components/async_download/component.py").read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "AsyncDownload")
    rows = []
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            name = field.target.id
            rows.append(f"| `{camel(name)}` | `{name}` | {_cell(ast.literal_eval(text.value))} |")
    return "\n".join(["| Stack output | Attribute | What it is |", "|---|---|---|", *rows])


def rewrite(readme: str) -> str:
    """The README with both tables as they should be."""
    for name, rows in (("settings", settings_table()), ("outputs", outputs_table())):
        block = f"<!-- {name} -->\n{rows}\n<!-- /{name} -->"
        readme, count = re.subn(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _: block, readme, flags=re.DOTALL)  # noqa: B023
        assert count == 1, f"README.md has to hold one <!-- {name} --> block"
    return readme


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    README.write_text(rewrite(README.read_text(encoding="utf-8")), encoding="utf-8")
