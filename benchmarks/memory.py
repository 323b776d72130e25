"""Peak memory of the copying functions: `make bench-memory`.

VmHWM of the Lambda workers that copied 500 MB, as one stream and in slices, beside that of the one that copied 10 MB;
each on a fresh emulator, whose Lambda functions are processes of this machine. Needs Linux, for /proc.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import report
from benchmarks.stage import measured_stack
from integration_tests.support.stack import Stack, unique

SMALL, LARGE = "10MB", "500MB"
ONE_WORKER, SLICES = 0, 64  # from how many MB on a file is copied in slices; 0 is never
SAMPLE_KB = {SMALL: 96_000, LARGE: 1_085_000}
PROC = Path("/proc")


def main() -> None:
    """Measure, print, write."""
    argparse.ArgumentParser(prog="python -m benchmarks.memory", description=str(__doc__).splitlines()[0]).parse_args()
    if not PROC.joinpath("self/status").exists():
        sys.exit("This machine has no /proc: peak memory of another process can be read on Linux only.")
    small = peak_of(SMALL, "copy", ONE_WORKER)
    stream = peak_of(LARGE, "copy", ONE_WORKER)
    sliced = peak_of(LARGE, "copy_slice", SLICES)
    difference = max(stream, sliced) - small
    sample = SAMPLE_KB[LARGE] - SAMPLE_KB[SMALL]
    figures: dict[str, object] = {
        "peak_rss_kb": {"10MB": small, "500MB as one stream": stream, "500MB in slices, largest worker": sliced},
        "difference_kb": difference,
        "sample": {"peak_rss_kb": SAMPLE_KB, "difference_kb": sample},
    }
    report.write("memory", figures)
    report.show(
        "Peak resident memory of a copying worker",
        [
            (SMALL, megabytes(small), megabytes(SAMPLE_KB[SMALL])),
            (f"{LARGE}, as one stream", megabytes(stream), megabytes(SAMPLE_KB[LARGE])),
            (f"{LARGE}, in slices, largest worker", megabytes(sliced), ""),
            (f"most for {LARGE} - {SMALL}", megabytes(difference), megabytes(sample)),
        ],
    )


def peak_of(size: str, function: str, fan_out_mb: int) -> int:
    """KB that a worker of the function held at most, where each is fresh and copied of one such file only."""
    with measured_stack(fanOutMb=fan_out_mb) as stack:
        download = stack.request(unique(size))
        stack.ended(download, 120)
        row = stack.download_row(download)
        if row is None or row["status"] != "READY":
            raise SystemExit(f"The copy of {size} did not succeed: {row}")
        return max(high_water_mark(worker) for worker in workers(stack, function))


def workers(stack: Stack, key: str) -> list[Path]:
    """The processes that run a function of the stack."""
    return [process for process in PROC.glob("[0-9]*") if stack.function(key) == _function_in(process)]


def high_water_mark(process: Path) -> int:
    """VmHWM, in KB."""
    lines = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0])


def megabytes(kilobytes: int) -> str:
    """Kilobytes, to be read."""
    return f"{kilobytes / 1000:,.0f} MB"


def _function_in(process: Path) -> str | None:
    try:
        variables = (process / "environ").read_bytes().split(b"\0")
    except (FileNotFoundError, PermissionError, ProcessLookupError):  # gone meanwhile, or someone else's
        return None
    found = [entry for entry in variables if entry.startswith(b"AWS_LAMBDA_FUNCTION_NAME=")]
    return found[0].partition(b"=")[2].decode() if found else None


if __name__ == "__main__":
    main()
