"""Measure how soon a client has its URL, beside an earlier commit: `make bench-latency`.

Each round runs `benchmarks.delivery` at both commits in turn, each on its own stack, emulator and packages. The figures
are the medians over all rounds. A median that is more than 2 ms above the earlier one ends with exit status 1.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import report
from benchmarks.cold.runs import check_out

COMMIT = "584b9cf"
HERE = Path(__file__).resolve().parents[1]
SERIES = {"request_to_url_s": "request -> URL", "stored_to_url_s": "stored -> URL"}
MAKE = shutil.which("make") or "make"
MAX_EXCESS_MS = 2.0


@dataclass(frozen=True)
class Comparison:
    """Medians of one series in milliseconds, one for each round."""

    name: str
    here: list[float]
    earlier: list[float]

    @property
    def excess(self) -> float:
        """Milliseconds by which the median here is above the earlier one."""
        return median(self.here) - median(self.earlier)

    @property
    def is_met(self) -> bool:
        """Return whether the excess is within the bound."""
        return self.excess <= MAX_EXCESS_MS


def main() -> None:
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=str(__doc__).splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="runs of each commit (%(default)s)")
    parser.add_argument("--runs", type=int, default=20, help="downloads in each series of a run (%(default)s)")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        earlier = check_out(COMMIT, Path(name, "earlier"))
        subprocess.run([MAKE, "-C", str(earlier), "setup"], env=_environment(), stdout=subprocess.DEVNULL, check=True)
        rounds = [(measure(HERE, options.runs), measure(earlier, options.runs)) for _ in range(max(1, options.rounds))]
    comparisons = [
        Comparison(title, [here[key] for here, _ in rounds], [there[key] for _, there in rounds])
        for key, title in SERIES.items()
    ]
    report.show(
        f"Medians of {options.runs} downloads in each of {len(rounds)} rounds, ms",
        [row(comparison) for comparison in comparisons],
        ("here", f"at {COMMIT}", "excess", f"at most {MAX_EXCESS_MS:g}"),
    )
    figures = {c.name: {"here_ms": c.here, f"{COMMIT}_ms": c.earlier, "is_met": c.is_met} for c in comparisons}
    report.write("latency", {"runs": options.runs, "figures": figures})
    sys.exit(0 if all(comparison.is_met for comparison in comparisons) else 1)


def measure(checkout: Path, runs: int) -> dict[str, float]:
    """Run the delivery benchmark of a checkout and return its medians in milliseconds."""
    command = [str(checkout / ".venv/bin/python"), "-m", "benchmarks.delivery", "--runs", str(runs)]
    subprocess.run(command, cwd=checkout, env=_environment(), stdout=subprocess.DEVNULL, check=True)
    results = json.loads((checkout / "benchmarks" / "results" / "delivery.json").read_text(encoding="utf-8"))
    return {key: results[key]["p50"] * 1000 for key in SERIES}


def row(comparison: Comparison) -> tuple[str, ...]:
    """Return the cells of the table for one series."""
    middle = (f"{median(values):,.1f}" for values in (comparison.here, comparison.earlier))
    return (comparison.name, *middle, f"{comparison.excess:+.1f}", "met" if comparison.is_met else "MISSED")


def _environment() -> dict[str, str]:
    """Return the environment without what the `make` above has set in it."""
    return {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}


if __name__ == "__main__":
    main()
