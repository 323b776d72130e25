"""The pages of the documentation, and the code in them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.page_blocks import read_block
from tools.readme_tables import TOP

PAGES = [
    *sorted(TOP.glob("*.md")),
    *sorted(TOP.glob("admin/*.md")),
    *sorted(TOP.glob("client/*.md")),
    *sorted((TOP / "docs").rglob("*.md")),
]
OUTPUTS = {
    "apiUrl": "https://a.example.com/v1",
    "downloadUrl": "https://a.example.com/v1/download",
    "webSocketUrl": "wss://b.example.com/v1",
    "webPageUrl": "https://a.example.com/v1/page",
    "awsEndpoint": "http://127.0.0.1:4566",
    "region": "us-east-1",
    "downloadsTableName": "downloads",
    "connectionsTableName": "connections",
}
"""Outputs of a stack, for the commands that `make local` prints."""


def code_blocks(text: str) -> list[str]:
    """Return the lines of the code blocks in `text`, with continued lines joined."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text.replace("\\\n", " "), re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines()]


def shell_block(page: Path, name: str) -> str:
    """Return the commands of a page between `<!-- name -->` and `<!-- /name -->`."""
    (commands,) = re.findall(r"\A```sh\n(.*?)```\Z", read_block(page.read_text(encoding="utf-8"), name), re.DOTALL)
    return str(commands)


def run_commands(commands: str, programs: Mapping[str, str], variables: Mapping[str, str], folder: Path) -> None:
    """Run shell commands with these scripts, by name, in place of programs. `folder` is where they are written."""
    for name, text in programs.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    env = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", **variables}
    subprocess.run(["bash", "-eu", "-c", commands], env=env, check=True, timeout=60, capture_output=True)


def code_in_sentences(text: str) -> list[str]:
    """Return the code between single backticks in `text`."""
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [code.strip() for code in re.findall(r"`([^`\n]+)`", outside)]
