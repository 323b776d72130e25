"""Reads the origins of a deployed stack for a handler that runs from the source tree, which has no file of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_provider.engine import Deployment

VARIABLE = "ORIGINS_FILE"
"""Environment variable that names the file, in the function's archive or anywhere by an absolute path."""


def origins_of(deployment: Deployment) -> dict[str, Any]:
    """Return the origins from the archive of a function that reads them."""
    for resource in deployment.resources:
        name = resource.inputs.get("environment", {}).get("variables", {}).get(VARIABLE)
        if name is not None:
            origins: dict[str, Any] = json.loads(resource.inputs["code"].assets[name].text)
            return origins
    raise LookupError("No function of the deployment reads origins.")


def write_origins(origins: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Write origins into a folder and return the environment variable that names the file."""
    file = folder / "origins.json"
    file.write_text(json.dumps(origins), encoding="utf-8")
    return {VARIABLE: str(file)}
