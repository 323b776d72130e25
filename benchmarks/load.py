"""Measures downloads under load while functions, tables, the bucket and sockets fail: `make bench-load`.

Small and large files, broken, slow and preparing origins; clients that wait, are cut off, leave and cancel. Faults are
injected between the emulator and everything else, by a schedule that the seed decides. Exits with an error if a
download was lost, ended with a wrong result, or left something behind.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks import report
from integration_tests.load.run import LoadOptions, LoadResult, run_load

SHARES = (0.5, 0.95, 0.99)
MAX_SHOWN = 20


def main() -> None:
    """Run the load, print and write the results; exits with an error if a bound is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=str(__doc__).splitlines()[0])
    parser.add_argument("--downloads", type=int, default=2000, help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=600, help="over which they are requested (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of downloads and faults (%(default)s)")
    options = parser.parse_args()
    _allow_files(8192)
    folder = Path(tempfile.mkdtemp(prefix="load-"))
    result = run_load(LoadOptions(options.downloads, options.seconds, options.seed), folder)
    report.write("load", figures(result))
    _show(result)
    if missed := missed_bounds(result):
        print(f"\nEvidence: {folder}")
        sys.exit("\n".join(missed))


def figures(result: LoadResult) -> dict[str, object]:
    """Return all figures for JSON."""
    options, kept = result.options, result.leftovers.kept
    return {
        "downloads": options.downloads,
        "seconds": options.seconds,
        "seed": options.seed,
        "ends": dict(_ends(result)),
        "lost": result.lost,
        "wrong_ends": result.problems,
        "left_over": {kind: len(names) for kind, names in kept.items()},
        "left_to_ttl_and_lifecycle": {kind: len(names) for kind, names in result.leftovers.expiring.items()},
        "dead_letters_worked_off": result.dead_letters,
        "rest_calls_repeated": sum(len(client.retries) for client in result.clients),
        "sockets_reconnected": sum(client.reconnects for client in result.clients),
        "files_downloaded": sum(client.sha256 is not None for client in result.clients),
        "faults": dict(result.faults.most_common()),
        "request_to_ready_s": _percentiles(result.seconds_to_ready),
        "request_to_push_s": _percentiles(result.seconds_to_message(pushed_only=True)),
        "request_to_message_or_status_s": _percentiles(result.seconds_to_message(pushed_only=False)),
        "settled_after_s": round(result.settle_seconds, 1),
    }


def missed_bounds(result: LoadResult) -> list[str]:
    """Return a sentence for each bound that is missed: no download lost, wrong, or leaving something behind."""
    missed = []
    if result.lost:
        missed.append(f"{len(result.lost)} downloads were lost: {result.lost[:MAX_SHOWN]}")
    if result.problems:
        missed.append(f"{len(result.problems)} downloads ended wrongly: {result.problems[:MAX_SHOWN]}")
    if result.leftovers.kept:
        missed.append(f"Left over: {result.leftovers.kept}")
    return missed


def _ends(result: LoadResult) -> Counter[str]:
    return Counter(f"{verdict.status} {verdict.code}".strip() for verdict in result.verdicts)


def _percentiles(values: list[float]) -> dict[str, float]:
    return {f"p{share * 100:.0f}": round(report.percentile(values, share), 2) for share in SHARES} if values else {}


def _show(result: LoadResult) -> None:
    options, values = result.options, figures(result)
    left, expiring = result.leftovers.kept, result.leftovers.expiring
    rows: list[report.Row] = [(end, f"{count:,}") for end, count in sorted(_ends(result).items())]
    rows += [
        ("lost", str(len(result.lost))),
        ("ended wrongly", str(len(result.problems))),
        ("left over", str(sum(map(len, left.values())))),
        ("left to TTL and the lifecycle rule", str(sum(map(len, expiring.values())))),
        ("dead letters, worked off", str(result.dead_letters)),
        (
            "REST calls repeated, WebSockets opened again",
            f"{values['rest_calls_repeated']}, {values['sockets_reconnected']}",
        ),
        ("files downloaded and compared", str(values["files_downloaded"])),
    ]
    for name in ("request_to_ready_s", "request_to_push_s", "request_to_message_or_status_s"):
        percentiles = values[name]
        assert isinstance(percentiles, dict)
        shown = ", ".join(f"{value:.1f} s" for value in percentiles.values())
        rows.append((f"{name.removesuffix('_s').replace('_', ' ')}, p50, p95, p99", shown))
    title = f"{options.downloads:,} downloads in {options.seconds:.0f} s on the emulator, with injected faults"
    report.show(title, rows, ("",))
    report.show("Injected faults", [(kind, f"{count:,}") for kind, count in result.faults.most_common()], ("",))


def _allow_files(count: int) -> None:
    """Raise the limit of open files, which counts sockets here and in the emulator."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


if __name__ == "__main__":
    main()
