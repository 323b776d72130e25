"""Writes the archive, environment and memory size of each function of a checkout.

Started as `python stage.py CHECKOUT FOLDER ORIGIN_URL`: the component of that checkout registers the functions,
so that an earlier commit is measured with its own archives and settings.
"""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

ORIGIN = "files"


def main(checkout: str, folder: str, origin_url: str) -> None:
    """Register the functions of a checkout and write them into a folder."""
    sys.path[:0] = [checkout, f"{checkout}/components"]
    try:
        harness = importlib.import_module("tests.components.support.harness")
        settings = {"websocket.idle_timeout_seconds": 30, "api.web_page": True, "auth.type": "api_key"}
    except ModuleNotFoundError:  # the checkout is of an earlier commit
        harness = importlib.import_module("tests.components.harness")
        settings = {"close_idle_seconds": 30, "web_page": True, "rest_auth": "api_key"}
    origins = {ORIGIN: {"base_url": origin_url, "default_path": "file"}}
    deployment = harness.deploy({"origins": origins, **settings})
    functions = {}
    for function in (item for item in deployment.resources if item.type == "aws:lambda/function:Function"):
        key = function.inputs["handler"].split(".")[2]
        write(function.inputs["code"].assets, Path(folder, key))
        functions[key] = {
            "environment": function.inputs["environment"]["variables"],
            "memory_mb": int(function.inputs["memorySize"]),
        }
    Path(folder, "functions.json").write_text(json.dumps(functions), encoding="utf-8")


def write(assets: dict[str, Any], folder: Path) -> None:
    """Write the files and texts of an archive."""
    for name, asset in assets.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if hasattr(asset, "path"):
            shutil.copyfile(asset.path, path)
        else:
            path.write_text(asset.text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
