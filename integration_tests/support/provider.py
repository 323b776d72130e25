"""The AWS provider of Pulumi's engine: the official one, or the stand-in where that cannot be downloaded."""

from __future__ import annotations

import os
import subprocess
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from pathlib import Path

from integration_tests.support.errors import MissingError
from integration_tests.support.pulumi_cli import TOP, command

SHARED_HOME = TOP / ".tools" / "provider"
"""PULUMI_HOME of the download, which the homes of all stacks link to."""


class Provider(StrEnum):
    """The choices of `--provider`."""

    AUTO = "auto"
    OFFICIAL = "official"
    STAND_IN = "stand-in"


_selected = [Provider.STAND_IN]


@cache
def official_plugin() -> Path:
    """Download the official provider, once, and return the folder of the plugin.

    Raises:
        MissingError: It cannot be downloaded, or there is no CLI.
    """
    release = version("pulumi-aws")
    plugin = SHARED_HOME / "plugins" / f"resource-aws-v{release}"
    env = {**os.environ, "PULUMI_HOME": str(SHARED_HOME), "PULUMI_SKIP_UPDATE_CHECK": "1"}
    install = [str(command().command), "plugin", "install", "resource", "aws", f"v{release}"]
    process = subprocess.run(install, env=env, capture_output=True, text=True, check=False)
    if process.returncode != 0 or not plugin.is_dir():
        reason = (process.stderr.strip().splitlines() or ["no plugin was installed"])[-1]
        raise MissingError(f"The official provider aws v{release} cannot be downloaded here: {reason}")
    return plugin


def select_provider(choice: Provider) -> None:
    """Set the provider of this process: for `auto` the official one where it can be downloaded.

    Raises:
        MissingError: The official provider was chosen and cannot be downloaded.
    """
    _selected[0] = Provider.STAND_IN
    try:
        if choice is not Provider.STAND_IN:
            official_plugin()
            _selected[0] = Provider.OFFICIAL
    except MissingError:
        if choice is Provider.OFFICIAL:
            raise


def selected_provider() -> Provider:
    """Return the provider of stacks on emulators."""
    return _selected[0]


def link_official_plugin(home: Path) -> None:
    """Give a PULUMI_HOME the official provider.

    Raises:
        MissingError: It cannot be downloaded.
    """
    plugin = official_plugin()
    (home / "plugins").mkdir(parents=True, exist_ok=True)
    link = home / "plugins" / plugin.name
    if not link.exists():
        link.symlink_to(plugin, target_is_directory=True)
