"""The Python files of the project, for tests that read all of them."""

from __future__ import annotations

from pathlib import Path

TOP = Path(__file__).parents[1]


def _python_files() -> dict[str, list[Path]]:
    """Return the Python files of the project by top folder; those of the top itself are under `.`."""
    folders = {".": sorted(TOP.glob("*.py"))}
    for folder in sorted(path for path in TOP.iterdir() if path.is_dir() and not path.name.startswith(".")):
        files = [path for path in folder.rglob("*.py") if "node_modules" not in path.parts]
        if files:
            folders[folder.name] = sorted(files)
    return folders


FILES = _python_files()
