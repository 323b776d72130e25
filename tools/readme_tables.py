"""The README's tables of settings and outputs, written from where they are defined: `make docs`."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import yaml

TOP = Path(__file__).parent.parent
README = TOP / "README.md"


def settings_table() -> str:
    """Key, default and description of each setting of the program, from Pulumi.yaml."""
    config = yaml.safe_load((TOP / "Pulumi.yaml").read_text())["config"]
    rows = [f"| `{key}` | {_default(entry)} | {_cell(entry['description'])} |" for key, entry in config.items()]
    return "\n".join(["| Key | Default | What it is |", "|---|---|---|", *rows])


def outputs_table() -> str:
    """Name and description of each output of the component, from its class; the program exports them in camelCase."""
    tree = ast.parse((TOP / "components/async_download/component.py").read_text())
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "AsyncDownload")
    rows = []
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            name = field.target.id
            rows.append(f"| `{camel(name)}` | `{name}` | {_cell(ast.literal_eval(text.value))} |")
    return "\n".join(["| Stack output | Attribute | What it is |", "|---|---|---|", *rows])


def rewrite(readme: str) -> str:
    """The README with both tables as they should be."""
    for name, table in (("settings", settings_table()), ("outputs", outputs_table())):
        block = f"<!-- {name} -->\n{table}\n<!-- /{name} -->"
        readme, count = re.subn(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _: block, readme, flags=re.DOTALL)  # noqa: B023
        assert count == 1, f"README.md has to hold one <!-- {name} --> block"
    return readme


def camel(name: str) -> str:
    """`api_url` -> `apiUrl`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _default(entry: dict[str, object]) -> str:
    if "default" not in entry:
        return "required"
    default = entry["default"]
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`" if default not in ("", {}, []) else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    README.write_text(rewrite(README.read_text()))
