"""The pages of the documentation, and the code in them."""

from __future__ import annotations

import re

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


def code_in_sentences(text: str) -> list[str]:
    """Return the code between single backticks in `text`."""
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [code.strip() for code in re.findall(r"`([^`\n]+)`", outside)]
