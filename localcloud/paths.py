"""Paths of the repository and of the local stack's files."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parents[1]
"""The project's folder: Pulumi.yaml and `__main__.py` are in it."""

WORD: Final = FOLDER / ".localcloud"
"""Where a local stack leaves word of itself, unless it is told another place."""

EMULATOR_WORD: Final = WORD / "emulator"
"""Where an emulator without a stack does."""
