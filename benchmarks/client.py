"""Compares the downloader with curl and aria2c on one URL, and resumes it after SIGKILL: `make bench-client`.

Whole processes run in turns, from start to end; only ours verifies the checksum and syncs to the disk. The ratio is
that of medians. The emulator's S3 is slow at one large response and fast at many small ones, which favours ours. So the
seconds from a plain HTTP server on this machine are shown too; they contain the costs of Python.
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

from async_download_client import Client, Download, ReadyFile

from benchmarks import report
from benchmarks.processes import Run, is_installed, run
from benchmarks.report import Figure
from benchmarks.stage import measured_stack
from integration_tests.support.stack import Stack, unique_path
from localcloud.origin import Origin, parse_size

COMMAND = str(Path(sys.executable).with_name("async-download"))
OURS = "async-download"
PARALLEL, RECORD_EVERY_BYTES = 8, 1 << 20  # of the command; SIGKILL loses at most their product
MAX_MB = 120
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
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.client", description=str(__doc__).splitlines()[0])
    parser.add_argument("--size", default="1GB", help="of the file (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each program (%(default)s)")
    options = parser.parse_args()
    rivals = {name: command for name, command in RIVALS.items() if is_installed(command[0])}
    for missing in sorted({command[0] for command in RIVALS.values()} - {command[0] for command in rivals.values()}):
        package = missing.removesuffix("c") if missing == "aria2c" else missing
        print(f"Skipped: {missing} is not installed (Debian and Ubuntu: apt-get install {package}).")
    if not rivals:
        sys.exit("There is nothing to compare with.")
    rounds, size = max(1, options.rounds), parse_size(options.size)
    with TemporaryDirectory() as folder, measured_stack() as stack, Client(str(stack.outputs["apiUrl"])) as client:
        target = Path(folder) / "file"
        download = client.request(unique_path(options.size), stack.client.origin)
        file = client.wait(download, timeout=300)
        from_s3 = measure(rivals, download, file, target, rounds)
        with Origin() as server:
            local_file = replace(file, url=f"{server.base_url}files/{options.size}", etag=f'"{size}-0"')
            from_server = measure(rivals, download, local_file, target, rounds)
        byte_counts = resume_after_kill(stack, options.size, target)
    show(from_s3, from_server, byte_counts, options.size)


def measure(rivals: dict[str, list[str]], download: Download, file: ReadyFile, target: Path, rounds: int) -> Runs:
    """Run every program in turns, and compare each result with the file's SHA-256."""
    fields = {"url": file.url, "expiresAt": file.expires_at.isoformat(), "size": file.size, "etag": file.etag}
    if file.checksum:
        fields["checksum"] = {"algorithm": file.checksum.algorithm, "value": file.checksum.value}
    runner_input = json.dumps({"response": download.response, "file": fields})
    names = {"file": str(target), "folder": str(target.parent), "name": target.name, "url": file.url}
    programs: dict[str, Callable[[], Run]] = {
        OURS: lambda: run([sys.executable, "-m", "benchmarks.client_runner", str(target)], runner_input)
    }
    for name, command in rivals.items():
        words = [word.format_map(names) for word in command]
        programs[name] = lambda words=words: run(words)  # type: ignore[misc]
    runs: Runs = {name: [] for name in programs}
    for _ in range(rounds):
        for name, start in programs.items():
            target.unlink(missing_ok=True)
            runs[name].append(start())
            with target.open("rb") as result:
                if hashlib.file_digest(result, "sha256").hexdigest() != Origin.content_sha256(file.size):
                    sys.exit(f"{name} wrote a wrong file.")
    return runs


def resume_after_kill(stack: Stack, size: str, target: Path) -> dict[str, int]:
    """Kill the command at 40 % of the file, run it again, and return the bytes it had, kept and fetched again."""
    target.unlink(missing_ok=True)
    command = [COMMAND, "get", str(stack.outputs["apiUrl"]), "--origin", stack.client.origin]
    command += ["--path", unique_path(size), "-o", str(target), "--json"]
    received = 0
    with subprocess.Popen([*command, "--limit-rate", "200M"], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        for line in first.stdout:
            event = json.loads(line)
            received = int(event.get("receivedBytes", received))
            if received > 0.4 * parse_size(size):
                first.kill()
                break
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    events: list[dict[str, Any]] = [json.loads(line) for line in ended.stdout.splitlines()]
    resumed = next((int(event["receivedBytes"]) for event in events if event["event"] == "resumed"), 0)
    return {"had_bytes": received, "resumed_bytes": resumed, "fetched_again_bytes": max(0, received - resumed)}


def show(from_s3: Runs, from_server: Runs, byte_counts: dict[str, int], size: str) -> None:
    """Print and write the results."""
    limit = PARALLEL * RECORD_EVERY_BYTES / 1e6
    figures = [
        throughput("throughput from S3", from_s3, parse_size(size)),
        Figure("peak memory", peak(from_s3[OURS]) / 1000, MAX_MB, 1, False, "MB", "the limit"),
        Figure("again after SIGKILL", byte_counts["fetched_again_bytes"] / 1e6, limit, 1, False, "MB", "1 MiB a GET"),
    ]
    seconds = {"s3_of_the_emulator": medians(from_s3), "plain_server": medians(from_server)}
    results = [figure.as_dict() for figure in figures]
    report.write("client", {"file": size, "rounds": len(from_s3[OURS]), "figures": results, "seconds": seconds})
    rows = [(name, *(f"{place[name]:.2f} s" for place in seconds.values())) for name in from_s3]
    report.show(f"Downloading {size}, median of {len(from_s3[OURS])}", rows, ("the emulator's S3", "a plain server"))
    report.show_figures("Compared with the best of the other programs", figures)


def throughput(name: str, runs: Runs, size: int) -> Figure:
    """Compare ours with the fastest of the other programs."""
    seconds = medians(runs)
    best = min(seconds.keys() - {OURS}, key=seconds.__getitem__)
    return Figure(name, size / seconds[OURS] / 1e6, size / seconds[best] / 1e6, 0.95, True, "MB/s", best)


def medians(runs: Runs) -> dict[str, float]:
    """Return the median seconds of each program."""
    return {name: statistics.median(run.seconds for run in its_runs) for name, its_runs in runs.items()}


def peak(runs: list[Run]) -> int:
    """Return the largest peak in KB, 0 if it could not be read."""
    return max(run.peak_rss_kb or 0 for run in runs)


if __name__ == "__main__":
    main()
