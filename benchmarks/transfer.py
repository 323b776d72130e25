"""Measures throughput, memory and costs of a copy, each compared with a rival in the same run: `make bench-transfer`.

Throughput and costs are those of the deployed stack on the emulator, warm; every rival runs on the same machine, origin
and bucket. Figures are printed with their bounds and written; a missed bound does not fail the run.
"""

from __future__ import annotations

import argparse

from benchmarks import costs, imports, memory, report, throughput
from benchmarks.delivery import SHORT_IDLE_SECONDS
from benchmarks.report import Figure
from benchmarks.stage import counted_stack

SECTIONS = ("throughput", "memory", "imports", "costs")
COSTS = ("transitions", "invocations", "children", "S3", "DynamoDB", "GB-s", "dollars")


def main() -> None:
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transfer", description=str(__doc__).splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="of each comparison (%(default)s)")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="only this section; may be repeated")
    options = parser.parse_args()
    sections, rounds = options.only or SECTIONS, max(1, options.rounds)
    compared: list[Figure] = []
    values: dict[str, object] = {"rounds": rounds}
    bills: list[tuple[str, ...]] = []

    def add(section: str, results: tuple[list[Figure], dict[str, object]]) -> None:
        compared.extend(results[0])
        values[section] = results[1]

    if set(sections) - {"imports"}:
        with counted_stack({"websocket.idleTimeoutSeconds": SHORT_IDLE_SECONDS}) as counted:
            if "throughput" in sections:
                add("throughput", throughput.figures(counted, rounds))
            if "memory" in sections and memory.is_possible():
                add("memory", memory.figures(counted))
            elif "memory" in sections:
                print("Memory is skipped: this machine has no /proc with the peak of other processes.")
            if "costs" in sections:
                bills, cost_figures, values["costs"] = costs.figures(counted)
                compared += cost_figures
    if "imports" in sections:
        add("imports", imports.figures(rounds * 4))
    report.write("transfer", {"figures": [figure.as_dict() for figure in compared], **values})
    report.show_figures("Copying, on this machine", compared)
    if bills:
        report.show("Costs of one download, without data transfer out of AWS", bills, COSTS)


if __name__ == "__main__":
    main()
