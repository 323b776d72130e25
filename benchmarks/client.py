"""The downloader beside curl and aria2c on one pre-signed URL, and resumed after SIGKILL: `make bench-client`.

Whole processes, from start to end, in turns: ours verifies the checksum and syncs to the disk, the others do not. The
ratio is that of medians. The emulator's S3 is slow at one large answer and quick at many small ones, which suits ours;
so a plain HTTP server with the same bytes, as quick at both, is measured too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from async_download_client import Client, Download, Ready

from benchmarks import report
from benchmarks.processes import Run, found, run
from benchmarks.stage import measured_stack
from integration_tests.support.stack import Stack, unique
from localcloud.origin import Origin, parse_size

COMMAND = str(Path(sys.executable).with_name("async-download"))
OURS = "async-download"
RIVALS: dict[str, list[str]] = {
    "curl": ["curl", "-sS", "-o", "{file}", "{url}"],
    "aria2c": ["aria2c", "-q", "--allow-overwrite=true", "-d", "{folder}", "-o", "{name}", "{url}"],
    "aria2c, 8 ranges": [
        *["aria2c", "-q", "--allow-overwrite=true", "-x8", "-s8", "-k8M"],
        *["-d", "{folder}", "-o", "{name}", "{url}"],
    ],
}

Runs = dict[str, list[Run]]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.client", description=str(__doc__).splitlines()[0])
    parser.add_argument("--size", default="1GB", help="of the file (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each program (%(default)s)")
    options = parser.parse_args()
    rivals = {name: command for name, command in RIVALS.items() if found(command[0])}
    for missing in sorted({command[0] for command in RIVALS.values()} - {each[0] for each in rivals.values()}):
        package = missing.removesuffix("c") if missing == "aria2c" else missing
        print(f"Left out: {missing} is not installed (Debian and Ubuntu: apt-get install {package}).")
    if not rivals:
        sys.exit("There is nothing to compare with.")
    rounds, size = max(1, options.rounds), parse_size(options.size)
    with TemporaryDirectory() as folder, measured_stack() as stack, Client(str(stack.outputs["apiUrl"])) as client:
        target = Path(folder) / "file"
        download = client.request(unique(options.size), stack.origin)
        ready = client.wait(download, timeout=300)
        from_s3 = measured(rivals, download, ready, target, rounds)
        with Origin() as server:
            plain = replace(ready, url=f"{server.base_url}files/{options.size}", etag=f'"{size}-0"')
            from_server = measured(rivals, download, plain, target, rounds)
        killed = resume_after_kill(stack, options.size, target)
    show(from_s3, from_server, killed, options.size)


def measured(rivals: dict[str, list[str]], download: Download, ready: Ready, target: Path, rounds: int) -> Runs:
    """Every program in turns; each result is held against the file's SHA-256."""
    file = {"url": ready.url, "expiresAt": ready.expires_at.isoformat(), "size": ready.size, "etag": ready.etag}
    if ready.checksum:
        file["checksum"] = {"algorithm": ready.checksum.algorithm, "value": ready.checksum.value}
    told = json.dumps({"answer": download.answer, "file": file})
    names = {"file": str(target), "folder": str(target.parent), "name": target.name, "url": ready.url}
    programs: dict[str, Callable[[], Run]] = {
        OURS: lambda: run([sys.executable, "-m", "benchmarks.client_runner", str(target)], told)
    }
    for name, command in rivals.items():
        words = [word.format_map(names) for word in command]
        programs[name] = lambda words=words: run(words)  # type: ignore[misc]
    runs: Runs = {name: [] for name in programs}
    for _ in range(rounds):
        for name, start in programs.items():
            target.unlink(missing_ok=True)
            runs[name].append(start())
            with target.open("rb") as made:
                if hashlib.file_digest(made, "sha256").hexdigest() != Origin.content_sha256(ready.size):
                    sys.exit(f"{name} made another file.")
    return runs


def resume_after_kill(stack: Stack, size: str, target: Path) -> dict[str, int]:
    """Kill the command when it has 40 % of the file, start it again, and see what it had to fetch."""
    target.unlink(missing_ok=True)
    command = [COMMAND, "get", str(stack.outputs["apiUrl"]), "--origin", stack.origin, "--path", unique(size)]
    command += ["-o", str(target), "--json"]
    had = 0
    with subprocess.Popen([*command, "--limit-rate", "200M"], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        for line in first.stdout:
            event = json.loads(line)
            had = int(event.get("receivedBytes", had))
            if had > 0.4 * parse_size(size):
                first.kill()
                break
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    told: list[dict[str, Any]] = [json.loads(line) for line in ended.stdout.splitlines()]
    resumed = next((int(event["receivedBytes"]) for event in told if event["event"] == "resumed"), 0)
    return {"had_bytes": had, "resumed_bytes": resumed, "fetched_again_bytes": max(0, had - resumed)}


def show(from_s3: Runs, from_server: Runs, killed: dict[str, int], size: str) -> None:
    """Print and write."""
    figures = {"s3_of_the_emulator": summary(from_s3), "plain_server": summary(from_server)}
    report.write("client", {"file": size, "rounds": len(from_s3[OURS]), **figures, "killed": killed})
    rows: list[report.Row] = []
    for place, runs in (("S3", from_s3), ("plain server", from_server)):
        seconds, best = medians(runs), best_rival(runs)
        for name in (each for each in seconds if each != OURS):
            rows.append((f"{place}: seconds, beside {name}", f"{seconds[OURS]:.2f}", f"{seconds[name]:.2f}"))
        rows.append((f"{place}: throughput, beside the best", f"{seconds[best] / seconds[OURS]:.2f} x", best))
        rows.append((f"{place}: peak memory", megabytes(peak(runs[OURS])), megabytes(peak(runs[best]))))
    rows.append(("had when killed", megabytes(killed["had_bytes"] / 1000), ""))
    rows.append(("of that fetched again", megabytes(killed["fetched_again_bytes"] / 1000), ""))
    report.show(f"Downloading {size}, median of {len(from_s3[OURS])}", rows, ("here", "beside"))


def summary(runs: Runs) -> dict[str, object]:
    """For machines."""
    seconds, best = medians(runs), best_rival(runs)
    return {
        "seconds_median": {name: round(value, 3) for name, value in seconds.items()},
        "peak_rss_kb": {name: peak(found) for name, found in runs.items()},
        "best_rival": best,
        "throughput_beside_best_rival": round(seconds[best] / seconds[OURS], 3),
    }


def medians(runs: Runs) -> dict[str, float]:
    """Seconds of each program."""
    return {name: statistics.median(each.seconds for each in found) for name, found in runs.items()}


def best_rival(runs: Runs) -> str:
    """The quickest of the others."""
    seconds = medians(runs)
    return min(seconds.keys() - {OURS}, key=seconds.__getitem__)


def peak(runs: list[Run]) -> int:
    """KB at most, 0 where nothing was seen."""
    return max(each.peak_rss_kb or 0 for each in runs)


def megabytes(kilobytes: float) -> str:
    """To be read."""
    return f"{kilobytes / 1000:,.1f} MB"


if __name__ == "__main__":
    main()
