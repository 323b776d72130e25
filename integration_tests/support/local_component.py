"""Serve the component with its arguments changed to the local cloud and the local origin.

The environment variable that `SETTINGS` names holds these arguments.
"""

from __future__ import annotations

import json
import os
import runpy
from pathlib import Path
from typing import Any, cast

from async_download import AsyncDownloadArgs, component, settings

SETTINGS = "COMPONENT_ON_THIS_MACHINE"
HOST = Path(__file__).parents[2] / "components" / "__main__.py"


def resolve(name: str, args: AsyncDownloadArgs) -> settings.Settings:
    """Resolve the arguments of the program with the local cloud, and with the local origin behind each name."""
    local: dict[str, Any] = json.loads(os.environ[SETTINGS])
    origins = {name: {**origin, **local["origin"]} for name, origin in args["origins"].items()}
    return settings.resolve(name, cast(AsyncDownloadArgs, {**args, **local["args"], "origins": origins}))


if __name__ == "__main__":
    vars(component)["resolve"] = resolve
    runpy.run_path(str(HOST), run_name="__main__")
