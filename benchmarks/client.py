"""Compares the downloader with curl and aria2c, and resumes it after SIGKILL: `make bench-client`.

A plain server, one with TLS and one that limits each connection send the file; a directory or a pipe receives it, over
1, 8 and 32 connections. curl has one, so it is left out where they are limited; aria2c has at most 16. Then all fetch a
copy from the emulator's S3. Whole processes run in turns, from start to end, after one turn that does not count; ratios
are those of medians. Only ours verifies a checksum. A missed bound fails the run. Nothing is installed: a program that
is missing is named and left out.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import statistics
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from async_download_client import Client

from benchmarks import report
from benchmarks.processes import Run, is_installed, run
from benchmarks.report import Figure
from benchmarks.stage import measured_stack
from integration_tests.support.stack import Stack, unique_path
from localcloud.origin import Origin, parse_size

COMMAND = str(Path(sys.executable).with_name("async-download"))
CERTIFICATE = Path(__file__).parents[1] / "tests/runtime/support/self_signed.pem"
OURS = "async-download"
PARALLEL, RECORD_EVERY_BYTES = 8, 1 << 20  # of the command; SIGKILL loses at most their product
MIN_RATIO, MAX_MB = 0.95, 80
LIMITED = "25 MB/s a connection"
CONNECTION_BYTES_PER_SECOND = 25_000_000
READER = ("cat",)
RESPONSE = {  # of an API that is never called
    "downloadId": "0" * 32,
    "executionArn": f"arn:aws:states:eu-central-1:000000000000:execution:transfer:{'0' * 32}",
    "webSocketEndpoint": "ws://127.0.0.1:9/socket?ticket=none",
    "statusUrl": f"http://127.0.0.1:9/downloads/{'0' * 32}",
    "expiresAt": "2099-01-01T00:00:00Z",
}


@dataclass(frozen=True)
class Case:
    """A comparison: what sends the file, what receives it (`file` or `pipe`), and over how many connections."""

    server: str
    output: str
    connections: int

    @property
    def name(self) -> str:
        """The case in words."""
        return f"{self.server} to a {self.output}, {self.connections} connection{'s' * (self.connections > 1)}"

    def rivals(self, url: str, target: Path) -> dict[str, list[str]]:
        """Return the commands of the other programs that are installed; aria2c has none for a pipe."""
        to_file = self.output == "file"
        curl = ["curl", "-sS", "--cacert", str(CERTIFICATE), "-o", str(target) if to_file else "-", url]
        count = min(self.connections, 16)
        aria2c = ["aria2c", "-q", "--allow-overwrite=true", f"--ca-certificate={CERTIFICATE}", f"-x{count}"]
        aria2c += [f"-s{count}", "-k8M", "-d", str(target.parent), "-o", target.name, url]
        rivals = {"curl": curl} if self.server != LIMITED else {}
        rivals |= {"aria2c": aria2c} if to_file else {}
        return {name: command for name, command in rivals.items() if is_installed(name)}


CASES = [
    *(Case(s, output, n) for s in ("plain server", "TLS server") for output in ("file", "pipe") for n in (1, 8, 32)),
    *(Case(LIMITED, "file", n) for n in (8, 32)),
]
Runs = dict[str, list[Run]]


def main() -> None:
    """Measure, print and write the results; exit with 1 if a bound is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.client", description=str(__doc__).splitlines()[0])
    parser.add_argument("--size", default="1GB", help="of the file (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each program (%(default)s)")
    parser.add_argument("--only", help="only cases whose name contains this text")
    options = parser.parse_args()
    missing = [program for program in ("aria2c", "curl") if not is_installed(program)]
    for program in missing:
        package = "aria2" if program == "aria2c" else program
        print(f"Without {program}, which is not installed (Debian and Ubuntu: apt-get install {package}).")
    if len(missing) > 1:
        sys.exit("There is nothing to compare with.")
    rounds, size = max(1, options.rounds), parse_size(options.size)
    with TemporaryDirectory() as folder:
        measured = measure_servers(Path(folder), size, rounds, options.only or "")
        byte_counts = None
        if not options.only:
            with measured_stack() as stack:
                measured[Case("the emulator's S3", "file", PARALLEL)] = measure_stack(
                    stack, options.size, folder, rounds
                )
                byte_counts = resume_after_kill(stack, options.size, Path(folder) / "resumed")
    figures = show(measured, byte_counts, size, options.size)
    sys.exit(0 if all(figure.is_met for figure in figures) else "A bound is missed.")


def measure_servers(folder: Path, size: int, rounds: int, name: str) -> dict[Case, Runs]:
    """Run the cases with a server on this machine."""
    served, measured = folder / "served", {}
    crc = 0
    with served.open("wb") as file:
        for block in Origin.blocks(0, size):
            file.write(block)
            crc = zlib.crc32(block, crc)
    checksum = {"algorithm": "CRC32", "value": base64.b64encode(crc.to_bytes(4, "big")).decode()}
    file_fields = {"expiresAt": RESPONSE["expiresAt"], "size": size, "etag": f'"{size}"', "checksum": checksum}
    options = {
        "plain server": [],
        "TLS server": ["--certificate", str(CERTIFICATE)],
        LIMITED: ["--rate", str(CONNECTION_BYTES_PER_SECOND)],
    }
    for server, arguments in options.items():
        with serving(served, arguments) as url:
            for case in CASES:
                if case.server == server and name in case.name and case.rivals(url, served):
                    input_fields = {"response": RESPONSE, "file": {"url": url, **file_fields}}
                    measured[case] = measure(case, url, input_fields, folder / "received", rounds)
    return measured


@contextmanager
def serving(file: Path, arguments: list[str]) -> Iterator[str]:
    """Serve a file in a process of its own; yields its URL."""
    command = [sys.executable, "-m", "benchmarks.file_server", str(file), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as server:
        try:
            assert server.stdout is not None
            scheme, host = ("https", "localhost") if "--certificate" in arguments else ("http", "127.0.0.1")
            yield f"{scheme}://{host}:{int(server.stdout.readline())}/file"
        finally:
            server.kill()


def measure_stack(stack: Stack, size: str, folder: str, rounds: int) -> Runs:
    """Let a stack copy a file, and run every program on the copy in the emulator's S3."""
    with Client(str(stack.outputs["apiUrl"])) as client:
        download = client.request(unique_path(size), stack.client.origin)
        file = client.wait(download, timeout=300)
    fields = {"url": file.url, "expiresAt": file.expires_at.isoformat(), "size": file.size, "etag": file.etag}
    if file.checksum:
        fields["checksum"] = {"algorithm": file.checksum.algorithm, "value": file.checksum.value}
    case = Case("the emulator's S3", "file", PARALLEL)
    return measure(case, file.url, {"response": download.response, "file": fields}, Path(folder) / "received", rounds)


def measure(case: Case, url: str, input_fields: dict[str, Any], target: Path, rounds: int) -> Runs:
    """Run every program in turns; files are compared with the SHA-256 of the content."""
    to_file = case.output == "file"
    runner = [sys.executable, "-m", "benchmarks.client_runner", str(case.connections), str(target) if to_file else "-"]
    programs = {OURS: runner} | case.rivals(url, target)
    environment = {
        n: v for n, v in os.environ.items() if not n.startswith("PYTHON") and not n.lower().endswith("proxy")
    }
    environment["SSL_CERT_FILE"] = str(CERTIFICATE)
    runs: Runs = {name: [] for name in programs}
    for turn in range(rounds + 1):
        for name, command in programs.items():
            target.unlink(missing_ok=True)
            text = json.dumps(input_fields) if name == OURS else ""
            done = run(command, text, environment=environment, reader=None if to_file else READER)
            if to_file and not turn:
                check(name, target, input_fields["file"]["size"])
            if turn:
                runs[name].append(done)
    target.unlink(missing_ok=True)
    return runs


def check(name: str, target: Path, size: int) -> None:
    """End the benchmark unless the file has the right content."""
    with target.open("rb") as result:
        if hashlib.file_digest(result, "sha256").hexdigest() != Origin.content_sha256(size):
            sys.exit(f"{name} wrote a wrong file.")


def resume_after_kill(stack: Stack, size: str, target: Path) -> dict[str, int]:
    """Kill the command at 40 % of the file, run it again, and return the bytes it had, kept and fetched again."""
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


def show(measured: dict[Case, Runs], byte_counts: dict[str, int] | None, size: int, text: str) -> list[Figure]:
    """Print and write the results, and return the figures with their bounds."""
    figures = [throughput(case, runs, size) for case, runs in measured.items()]
    peaks = [run.peak_rss_kb for runs in measured.values() for run in runs[OURS] if run.peak_rss_kb]
    if peaks:
        figures.append(Figure("peak memory", max(peaks) / 1000, MAX_MB, 1, False, "MB", "the limit"))
    else:
        print("Without the peak memory, which this system does not report (it has no /proc).")
    if byte_counts:
        limit, again = PARALLEL * RECORD_EVERY_BYTES / 1e6, byte_counts["fetched_again_bytes"] / 1e6
        figures.append(Figure("again after SIGKILL", again, limit, 1, False, "MB", "1 MiB a GET"))
    seconds = {case.name: medians(runs) for case, runs in measured.items()}
    results = [figure.as_dict() for figure in figures]
    report.write("client", {"file": text, "figures": results, "seconds": seconds, "resume": byte_counts})
    programs = (OURS, "curl", "aria2c")
    rows = [(name, *(f"{row[p]:.2f} s" if p in row else "" for p in programs)) for name, row in seconds.items()]
    report.show(f"Downloading {text}, medians", rows, programs)
    report.show_figures("Compared with the best of the other programs", figures)
    return figures


def throughput(case: Case, runs: Runs, size: int) -> Figure:
    """Compare ours with the fastest of the other programs."""
    seconds = medians(runs)
    best = min(seconds.keys() - {OURS}, key=seconds.__getitem__)
    return Figure(case.name, size / seconds[OURS] / 1e6, size / seconds[best] / 1e6, MIN_RATIO, True, "MB/s", best)


def medians(runs: Runs) -> dict[str, float]:
    """Return the median seconds of each program."""
    return {name: statistics.median(run.seconds for run in its_runs) for name, its_runs in runs.items()}


if __name__ == "__main__":
    main()
