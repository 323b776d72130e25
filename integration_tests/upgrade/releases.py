"""Other code of the functions for a deployment, and the versions that deployments publish."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from async_download import bundle

from integration_tests.support.clouds import Cloud

MARKER = "release"


@contextmanager
def other_runtime(folder: Path, marker: str) -> Iterator[None]:
    """Let the component package a copy of the runtime whose log lines have a further field, `release`."""
    runtime = folder / "runtime"
    shutil.copytree(bundle.runtime_folder(), runtime, ignore=shutil.ignore_patterns("__pycache__"))
    log, line = runtime / "log.py", '        "step": step.identifier,\n'
    text = log.read_text(encoding="utf-8")
    assert text.count(line) == 1
    log.write_text(text.replace(line, f'{line}        "{MARKER}": "{marker}",\n'), encoding="utf-8")
    with mock.patch.object(bundle, "runtime_folder", return_value=runtime):
        yield


def versions(cloud: Cloud, function: str) -> list[dict[str, Any]]:
    """Return the published versions of a function, the oldest first."""
    pages = cloud.client("lambda").get_paginator("list_versions_by_function").paginate(FunctionName=function)
    return [version for page in pages for version in page["Versions"] if version["Version"] != "$LATEST"]
