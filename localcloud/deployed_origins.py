"""The origins of a deployed function, for a handler that is run from the source tree, which has no file of them."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

__all__ = ["VARIABLE", "extract"]

VARIABLE = "ORIGINS_FILE"
"""Environment variable that names the file, in the function's archive or anywhere by an absolute path."""


def extract(function: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Extract the file from the archive of a function and return the variable that names it where it is now.

    Args:
        function: the answer of Lambda's GetFunction.
        folder: where to put the file.

    Returns:
        An empty dictionary for a function that reads no origins.
    """
    name = function["Configuration"].get("Environment", {}).get("Variables", {}).get(VARIABLE)
    if name is None:
        return {}
    with urlopen(function["Code"]["Location"]) as answer:  # noqa: S310  (of the emulator on this machine)
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    return {VARIABLE: archive.extract(name, folder)}
