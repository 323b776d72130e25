"""Returns files of the web page with their type and ETag."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from runtime.ports import PageFiles

CONFIG = "config.json"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml; charset=utf-8",
}


@dataclass(frozen=True)
class PageFile:
    """A file; `etag` changes with its content."""

    content: str
    content_type: str
    etag: str


@dataclass(frozen=True)
class GetPageFile:
    """GET /page/{file}."""

    files: PageFiles
    config: Mapping[str, str]

    def run(self, name: str) -> PageFile | None:
        """Return the file of this name or the page's config, or None if there is none."""
        content = json.dumps(dict(self.config)) if name == CONFIG else self.files.read(name)
        content_type = TYPES.get(PurePosixPath(name).suffix)
        if content is None or content_type is None:
            return None
        return PageFile(content, content_type, f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"')
