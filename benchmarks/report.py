"""Figures as a table for people and as JSON for machines."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("async-download", "boto3", "ministack", "pulumi", "pulumi-aws")
Row = tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """What was measured, its rival in the same run, and how they should stand to each other.

    `wanted` bounds `ratio`, which is here / rival: from below where more is better, from above where less is.
    """

    name: str
    here: float
    rival: float
    wanted: float
    more_is_better: bool
    unit: str
    rival_name: str

    @property
    def ratio(self) -> float:
        """Here / rival."""
        return self.here / self.rival

    @property
    def is_met(self) -> bool:
        """Whether it is as it should be."""
        return self.ratio >= self.wanted if self.more_is_better else self.ratio <= self.wanted

    @property
    def row(self) -> Row:
        """To be read."""
        bound = f"{'>=' if self.more_is_better else '<='} {self.wanted:.3g}"
        there = f"{self.rival:,.4g} {self.unit}, {self.rival_name}"
        verdict = "met" if self.is_met else "MISSED"
        return (self.name, f"{self.here:,.4g} {self.unit}", there, f"{self.ratio:.3f}", f"{bound} {verdict}")

    def described(self) -> dict[str, object]:
        """For machines."""
        return asdict(self) | {"ratio": round(self.ratio, 4), "is_met": self.is_met}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of the values does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def show(title: str, rows: Sequence[Row], headings: Sequence[str] = ("here", "the sample")) -> None:
    """Print what was measured beside something else; the first column says what it is."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("")
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*row)
    Console(width=None if Console().is_terminal else 160).print(f"\n{title}", table, highlight=False)


def show_figures(title: str, figures: Sequence[Figure]) -> None:
    """Print figures beside their rivals."""
    show(title, [figure.row for figure in figures], ("here", "beside", "ratio", "wanted"))


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
