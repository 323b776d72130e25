"""Names that AWS accepts: the legible part is kept, what does not fit becomes a hash."""

import hashlib
import re
from typing import Literal

FunctionName = Literal[
    "request_download",
    "get_download",
    "cancel_download",
    "connect",
    "disconnect",
    "message",
    "copy",
    "copy_slice",
    "complete",
    "deliver",
    "close",
    "fail",
    "web_page",
]
"""Name of a Lambda function, and of its module in `runtime.handlers`."""

LIMIT = 64  # functions, roles and rules; everything else allows at least as much
MONITORING_LIMIT = 255  # alarms and dashboards
BUCKET_LIMIT = 63
RANDOM_LENGTH = 8  # "-" and seven characters, added to the name of a bucket


def hyphenated(name: str) -> str:
    """Return `get-download` for `get_download`, as resources are named."""
    return name.replace("_", "-")


def default_prefix(project: str, stack: str, component: str) -> str:
    """Join project, stack and component in characters that every service accepts."""
    joined = f"{project}-{stack}-{component}"
    clean = re.sub(r"[^A-Za-z0-9_-]", "-", joined)
    return clean if clean == joined else f"{clean}-{_digest(joined)}"


def fit(name: str, limit: int) -> str:
    """Return the name itself, or its beginning and a hash of the whole."""
    return name if len(name) <= limit else f"{name[: limit - 9]}-{_digest(name)}"


def physical(prefix: str, part: str, limit: int = LIMIT) -> str:
    """Return `prefix-part`, with only the prefix shortened."""
    return f"{fit(prefix, limit - len(part) - 1)}-{part}"


def bucket_stem(component: str) -> str:
    """Return the lower-case name that the engine adds a random suffix to for the name of a bucket."""
    stem = re.sub(r"[^a-z0-9-]", "-", f"{component}-copies".lower()).lstrip("-")
    return fit(stem, BUCKET_LIMIT - RANDOM_LENGTH)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:8]
