"""The README's tables of settings and outputs, written from where they are defined: `make docs`."""

from __future__ import annotations

import ast
from itertools import pairwise

from async_download.settings.checks import camel

from tools.page_blocks import write_blocks
from tools.settings_pages import TOP, table

__all__ = ["README", "TOP", "blocks"]

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
    """Return a row for each output of the component, from its class; the program exports them in camelCase."""
    tree = ast.parse((TOP / "components/async_download/component.py").read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "AsyncDownload")
    rows = []
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            name = field.target.id
            rows.append(f"| `{camel(name)}` | `{name}` | {_cell(ast.literal_eval(text.value))} |")
    return "\n".join(["| Stack output | Attribute | What it is |", "|---|---|---|", *rows])


def blocks() -> dict[str, str]:
    """Return both tables by name."""
    return {"settings": settings_table(), "outputs": outputs_table()}


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    write_blocks(README, blocks())
