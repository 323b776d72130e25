"""The downloader beside curl and aria2c on one pre-signed URL, and resumed after SIGKILL: `make bench-client`.

Whole processes, from start to end, in turns: ours verifies the checksum and syncs to the disk, the others do not. The
ratio is that of medians. The emulator's S3 is slow at one large answer and quick at many small ones, which suits ours;
so the seconds from a plain HTTP server on this machine, as quick at both, stand beside: no line is as fast, and what
shows there is what Python costs.
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
from benchmarks.processes import Run, found, run
from benchmarks.report import Figure
from benchmarks.stage import measured_stack
from integration_tests.support.stack import Stack, unique_path
from localcloud.origin import Origin, parse_size

COMMAND = str(Path(sys.executable).with_name("async-download"))
OURS = "async-download"
PARALLEL, NOTED_EVERY = 8, 1 << 20  # the command's own: what SIGKILL may cost
MOST_MB = 120
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
        download = client.request(unique_path(options.size), stack.client.origin)
        ready = client.wait(download, timeout=300)
        from_s3 = measured(rivals, download, ready, target, rounds)
        with Origin() as server:
            plain = replace(ready, url=f"{server.base_url}files/{options.size}", etag=f'"{size}-0"')
            from_server = measured(rivals, download, plain, target, rounds)
        killed = resume_after_kill(stack, options.size, target)
    show(from_s3, from_server, killed, options.size)


def measured(rivals: dict[str, list[str]], download: Download, ready: ReadyFile, target: Path, rounds: int) -> Runs:
    """Every program in turns; each result is held against the file's SHA-256."""
    file = {"url": ready.url, "expiresAt": ready.expires_at.isoformat(), "size": ready.size, "etag": ready.etag}
    if ready.checksum:
        file["checksum"] = {"algorithm": ready.checksum.algorithm, "value": ready.checksum.value}
    told = json.dumps({"answer": download.response, "file": file})
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
    command = [
        COMMAND,
        "get",
        str(stack.outputs["apiUrl"]),
        "--origin",
        stack.client.origin,
        "--path",
        unique_path(size),
    ]
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
    limit = PARALLEL * NOTED_EVERY / 1e6
    figures = [
        throughput("throughput from S3", from_s3, parse_size(size)),
        Figure("peak memory", peak(from_s3[OURS]) / 1000, MOST_MB, 1, False, "MB", "the limit"),
        Figure("again after SIGKILL", killed["fetched_again_bytes"] / 1e6, limit, 1, False, "MB", "1 MiB a GET"),
    ]
    seconds = {"s3_of_the_emulator": medians(from_s3), "plain_server": medians(from_server)}
    described = [figure.described() for figure in figures]
    report.write("client", {"file": size, "rounds": len(from_s3[OURS]), "figures": described, "seconds": seconds})
    rows = [(name, *(f"{place[name]:.2f} s" for place in seconds.values())) for name in from_s3]
    report.show(f"Downloading {size}, median of {len(from_s3[OURS])}", rows, ("the emulator's S3", "a plain server"))
    report.show_figures("Beside the best of the others", figures)


def throughput(name: str, runs: Runs, size: int) -> Figure:
    """Ours beside the quickest of the others."""
    seconds = medians(runs)
    best = min(seconds.keys() - {OURS}, key=seconds.__getitem__)
    return Figure(name, size / seconds[OURS] / 1e6, size / seconds[best] / 1e6, 0.95, True, "MB/s", best)


def medians(runs: Runs) -> dict[str, float]:
    """Seconds of each program."""
    return {name: statistics.median(each.seconds for each in found) for name, found in runs.items()}


def peak(runs: list[Run]) -> int:
    """KB at most, 0 where nothing was seen."""
    return max(each.peak_rss_kb or 0 for each in runs)


if __name__ == "__main__":
    main()
