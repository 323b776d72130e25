"""Figures as a table for people and as JSON for machines."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("async-download", "boto3", "ministack", "pulumi", "pulumi-aws")
Row = tuple[str, str, str]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of the values does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def show(title: str, rows: Sequence[Row]) -> None:
    """Print what was measured beside the sample's figure."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("")
    table.add_column("here", justify="right")
    table.add_column("the sample", justify="right")
    for row in rows:
        table.add_row(*row)
    Console().print(f"\n{title}", table, highlight=False)


def write(name: str, figures: Mapping[str, object]) -> None:
    """Write `results/NAME.json`: the figures, with what they were measured on."""
    described = {
        "benchmark": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "versions": {"python": platform.python_version()} | {package: version(package) for package in PACKAGES},
        "processors": os.cpu_count(),
        **figures,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(described, indent=2) + "\n")
