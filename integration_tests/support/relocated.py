"""The component as it is, except that it works on this machine: `SETTINGS` in the environment says where that is."""

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
    """What the program said, with this machine's cloud, and this machine's origin behind each name."""
    here: dict[str, Any] = json.loads(os.environ[SETTINGS])
    origins = {name: {**origin, **here["origin"]} for name, origin in args["origins"].items()}
    return settings.resolve(name, cast(AsyncDownloadArgs, {**args, **here["args"], "origins": origins}))


if __name__ == "__main__":
    vars(component)["resolve"] = resolve
    runpy.run_path(str(HOST), run_name="__main__")
