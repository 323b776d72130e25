"""`outputs.json` in `.localcloud`, by which any tool finds the stack of `make local`."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from localcloud.errors import NotRunningError, UsageError
from localcloud.health import read_health
from localcloud.private_files import create_directory, write_whole

_NAME = "outputs.json"


@contextlib.contextmanager
def published(content: Mapping[str, Any], directory: Path) -> Iterator[Path]:
    """Write the file and remove it after the block; a file that another stack wrote by then stays.

    It holds the keys of the emulator, so only this user can read it.
    """
    path = directory / _NAME
    create_directory(directory)
    write_whole(path, json.dumps(content, indent=2, sort_keys=True) + "\n")
    try:
        yield path
    finally:
        if _endpoint(path) == content.get("awsEndpoint"):
            path.unlink(missing_ok=True)


def refuse_second(directory: Path) -> None:
    """Raise UsageError when a stack runs already; a file that a killed stack left is ignored.

    Raises:
        UsageError: There is one.
    """
    if (other := _endpoint(directory / _NAME)) and read_health(other):
        raise UsageError(f"A local stack is running already, at {other}; its word is in {directory}.")


def read_running(directory: Path, needs: str = "apiUrl") -> dict[str, Any]:
    """Read the outputs of a running `make local` or emulator.

    Args:
        directory: where its file is.
        needs: an output that has to be there; only a stack has `apiUrl`.

    Raises:
        NotRunningError: There is no such file, or nothing answers where it points to.
    """
    path = directory / _NAME
    endpoint = _endpoint(path)
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if endpoint else {}
    if endpoint is None or needs not in content or not read_health(endpoint):
        raise NotRunningError("No local stack is running: start one with `make local` in another terminal.")
    return content


def _endpoint(path: Path) -> str | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    endpoint = content.get("awsEndpoint") if isinstance(content, dict) else None
    return endpoint if isinstance(endpoint, str) else None
