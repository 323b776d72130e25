"""Measure the first call of each function after a cold start, beside the handlers of an earlier commit.

`make bench-cold`. A start has a whole processor, a call the share of its memory size. AWS is a local endpoint over TLS
that answers at once, so only the function's own work is measured. A missed bound ends with exit status 1.
"""

from __future__ import annotations

import argparse
import compileall
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import botocore
import urllib3

from benchmarks import report
from benchmarks.cold.calls import EVENTS
from benchmarks.cold.quota import Quota, processor_quota
from benchmarks.cold.runs import Function, Run, check_out, environment_of, run, serving, stage
from benchmarks.prices import GB_SECOND, INVOCATION, MILLION
from benchmarks.report import Figure

COMMIT = "584b9cf"
SIZES = (128, 256, 512, 1024, 1769)
BOUNDED = ("request_download", "connect")
MAX_SHARE = 1 / 3
Sides = tuple[dict[str, Function], dict[str, Function]]
Measured = dict[str, dict[int, tuple[Run, Run]]]
"""Key of a function -> memory size -> runs at this and at the earlier commit."""


def main() -> None:
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold", description=str(__doc__).splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="at a function's own memory size (%(default)s)")
    parser.add_argument(
        "--function", choices=EVENTS, action="append", help="measure only this function; may be repeated"
    )
    options = parser.parse_args()
    with TemporaryDirectory() as name, processor_quota() as quota:
        folder = Path(name)
        earlier = check_out(COMMIT, folder / "earlier")
        for library in (botocore, urllib3):  # Lambda ships them compiled
            compileall.compile_dir(Path(str(library.__file__)).parent, quiet=1)
        with serving() as url:
            environment = environment_of(url, folder)
            sides = (
                stage(Path(__file__).resolve().parents[2], folder / "here", url),
                stage(earlier, folder / "there", url),
            )
            measured = measure(sides, options.function or EVENTS, max(1, options.rounds), environment, quota)
        memory = {key: sides[0][key].memory_mb for key in measured}
    results = show(measured, memory, quota)
    if not all(figure.is_met for figure in results if figure.name.startswith("first call")):
        sys.exit(1)


def measure(
    sides: Sides, keys: Iterable[str], rounds: int, environment: Mapping[str, str], quota: Quota | None
) -> Measured:
    """Run each function of both commits in turn at each memory size, and several times at its deployed size."""
    measured: Measured = {}
    for key in keys:
        deployed_size = sides[0][key].memory_mb
        measured[key] = {}
        for size in sorted({*SIZES, deployed_size}):
            pairs = [
                tuple(run(side[key], size, environment, quota) for side in sides)
                for _ in range(rounds if size == deployed_size else 1)
            ]
            here, there = (median_run(runs) for runs in zip(*pairs, strict=True))
            measured[key][size] = (here, there)
    return measured


def median_run(runs: Sequence[Run]) -> Run:
    """Return the medians of the three times."""
    return Run(*(median(times) for times in zip(*((r.start, r.first, r.second) for r in runs), strict=True)))


def figures(measured: Measured, memory: Mapping[str, int]) -> list[Figure]:
    """Compare the bounded first calls at their deployed size, and the sum of start and first call."""
    compared = []
    for key in (key for key in BOUNDED if key in measured):
        size = memory[key]
        here, there = measured[key][size]
        name, rival = f"{key}, {size} MB", f"at {COMMIT}"
        compared.append(
            Figure(f"first call of {name}", here.first * 1e3, there.first * 1e3, MAX_SHARE, False, "ms", rival)
        )
        total, earlier_total = (1e3 * (side.start + side.first) for side in (here, there))
        compared.append(Figure(f"start and first call of {name}", total, earlier_total, 1, False, "ms", rival))
    return compared


def cost(run: Run, memory_mb: int) -> tuple[float, float]:
    """Return the dollars of a million cold calls, including their starts, and of a million warm ones."""
    gigabytes = memory_mb / 1024
    cold = (run.start + run.first) * gigabytes * GB_SECOND + INVOCATION
    warm = run.second * gigabytes * GB_SECOND + INVOCATION
    return cold * MILLION, warm * MILLION


def show(measured: Measured, memory: Mapping[str, int], quota: Quota | None) -> list[Figure]:
    """Print the tables, write the results, and return the figures."""
    method = f"control group, version {quota.version}" if quota else "processor time divided by the share"
    by_size = []
    for key, sizes in measured.items():
        for size, (here, there) in sizes.items():
            mark = " *" if size == memory[key] else ""
            by_size.append((f"{key}, {size} MB{mark}", *_row(here, there)))
    report.show(
        f"Cold starts, ms: here and at {COMMIT}; * is the deployed memory size (shares by {method})",
        by_size,
        ("start", "earlier", "first call", "earlier", "second call", "earlier", "ratio"),
    )
    report.show(
        "Costs of a million calls, without the time that AWS takes",
        [_costs(key, memory[key], *measured[key][memory[key]]) for key in measured],
        ("MB", "cold", "earlier", "warm", "earlier"),
    )
    compared = figures(measured, memory)
    report.show_figures("First calls", compared)
    runs = {
        key: {size: {"here": asdict(here), COMMIT: asdict(there)} for size, (here, there) in sizes.items()}
        for key, sizes in measured.items()
    }
    report.write("cold", {"shares_by": method, "figures": [figure.as_dict() for figure in compared], "seconds": runs})
    return compared


def _row(here: Run, there: Run) -> tuple[str, ...]:
    pairs = ((here.start, there.start), (here.first, there.first), (here.second, there.second))
    times = [f"{seconds * 1e3:,.0f}" for pair in pairs for seconds in pair]
    return (*times, f"{here.first / there.first:.2f}")


def _costs(key: str, memory_mb: int, here: Run, there: Run) -> tuple[str, ...]:
    (cold, warm), (old_cold, old_warm) = cost(here, memory_mb), cost(there, memory_mb)
    return (key, f"{memory_mb:,}", *(f"${dollars:.2f}" for dollars in (cold, old_cold, warm, old_warm)))


if __name__ == "__main__":
    main()
