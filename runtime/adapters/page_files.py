"""The files of the web page, in the function's own archive."""

from __future__ import annotations

from pathlib import Path


class FolderFiles:
    """The files of one folder. Only names in its listing can be read."""

    def __init__(self, folder: Path) -> None:
        self._files = {path.name: path for path in folder.iterdir() if path.is_file()}

    def read(self, name: str) -> str | None:
        """Return the text of a file, or None."""
        path = self._files.get(name)
        return None if path is None else path.read_text(encoding="utf-8")
