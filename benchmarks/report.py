"""Prints figures as tables and writes them as JSON."""

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
    """A measured value, the value of a rival in the same run, and the bound of their ratio.

    `bound` limits `ratio`, which is here / rival: from below if `more_is_better`, else from above.
    """

    name: str
    here: float
    rival: float
    bound: float
    more_is_better: bool
    unit: str
    rival_name: str

    @property
    def ratio(self) -> float:
        """The quotient here / rival."""
        return self.here / self.rival

    @property
    def is_met(self) -> bool:
        """Return True if the ratio is within its bound."""
        return self.ratio >= self.bound if self.more_is_better else self.ratio <= self.bound

    @property
    def row(self) -> Row:
        """The row of a table."""
        bound = f"{'>=' if self.more_is_better else '<='} {self.bound:.3g}"
        rival = f"{self.rival:,.4g} {self.unit}, {self.rival_name}"
        verdict = "met" if self.is_met else "MISSED"
        return (self.name, f"{self.here:,.4g} {self.unit}", rival, f"{self.ratio:.3f}", f"{bound} {verdict}")

    def as_dict(self) -> dict[str, object]:
        """Return the fields, the ratio and whether it is met, for JSON."""
        return asdict(self) | {"ratio": round(self.ratio, 4), "is_met": self.is_met}


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of the values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def show(title: str, rows: Sequence[Row], headings: Sequence[str] = ("here", "the sample")) -> None:
    """Print a table; the first column names the rows."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("")
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*row)
    Console(width=None if Console().is_terminal else 160).print(f"\n{title}", table, highlight=False)


def show_figures(title: str, figures: Sequence[Figure]) -> None:
    """Print figures with their rivals."""
    show(title, [figure.row for figure in figures], ("here", "rival", "ratio", "bound"))


def write(name: str, figures: Mapping[str, object]) -> None:
    """Write `results/NAME.json`: the figures with date, versions and number of processors."""
    content = {
        "benchmark": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "versions": {"python": platform.python_version()} | {package: version(package) for package in PACKAGES},
        "processors": os.cpu_count(),
        **figures,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
