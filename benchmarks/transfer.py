"""How fast, in how much memory and for how much money files are copied, each beside a rival in the same run.

`make bench-transfer`. Throughput and costs are those of the deployed stack on the emulator, warm; every rival runs on
the same machine, origin and bucket. Nothing fails here: figures are printed, with what they should be, and written.
"""

from __future__ import annotations

import argparse

from benchmarks import costs, imports, memory, report, throughput
from benchmarks.delivery import SOON
from benchmarks.report import Figure
from benchmarks.stage import counted_stack

SECTIONS = ("throughput", "memory", "imports", "costs")
COSTS = ("transitions", "invocations", "children", "S3", "DynamoDB", "GB-s", "dollars")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transfer", description=str(__doc__).splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="of each contest (%(default)s)")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="a part of it; may be repeated")
    options = parser.parse_args()
    wanted, rounds = options.only or SECTIONS, max(1, options.rounds)
    found: list[Figure] = []
    values: dict[str, object] = {"rounds": rounds}
    bills: list[tuple[str, ...]] = []

    def take(section: str, measured: tuple[list[Figure], dict[str, object]]) -> None:
        found.extend(measured[0])
        values[section] = measured[1]

    if set(wanted) - {"imports"}:
        with counted_stack({"websocket.idleTimeoutSeconds": SOON}) as counted:
            if "throughput" in wanted:
                take("throughput", throughput.figures(counted, rounds))
            if "memory" in wanted and memory.is_possible():
                take("memory", memory.figures(counted))
            elif "memory" in wanted:
                print("Memory is left out: this machine has no /proc to read another process's peak from.")
            if "costs" in wanted:
                bills, bounds, values["costs"] = costs.figures(counted)
                found += bounds
    if "imports" in wanted:
        take("imports", imports.figures(rounds * 4))
    report.write("transfer", {"figures": [figure.described() for figure in found], **values})
    report.show_figures("Copying, on this machine", found)
    if bills:
        report.show("What one download costs, without the data that leaves the cloud", bills, COSTS)


if __name__ == "__main__":
    main()
