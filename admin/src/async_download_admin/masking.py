"""Removes tickets, signatures and task tokens from text that others wrote: logs, causes of failures, answers of AWS."""

from __future__ import annotations

import re

_SECRETS = re.compile(
    r"(?:https?|wss?)://[^\s\"'<>]*\?[^\s\"'<>]*"  # a URL with a query, which may hold a signature or a ticket
    r"|\b[0-9a-f]{32}\.[A-Za-z0-9_-]{20,}"  # a ticket
    r"|\b(?:X-Amz-(?:Signature|Credential|Security-Token)|ticket)=[^\s&\"']+"
    r"|\bAQ[A-Za-z0-9+/]{98,}={0,2}",  # a task token of Step Functions
    re.IGNORECASE,
)


def mask(text: str, limit: int = 2_000) -> str:
    """Return the text with secrets replaced by `[masked]`, and at most `limit` characters of it."""
    masked = _SECRETS.sub("[masked]", text)
    return masked if len(masked) <= limit else f"{masked[:limit]}…"
