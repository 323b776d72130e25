"""Runs the load on a stack of its own, waits until everything has settled, and collects the results."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from async_download_client import Client

from integration_tests.load import faults
from integration_tests.load.audit import FINAL, Verdict, give_verdict
from integration_tests.load.clients import ClientResult, LoadClient
from integration_tests.load.evidence import write_evidence
from integration_tests.load.injector import start_faults
from integration_tests.load.leftovers import Leftovers, classify, find_leftovers, was_never_started
from integration_tests.load.mix import PlannedDownload, draw_downloads
from integration_tests.operate.operator_command import OperatorCommand
from integration_tests.support.clouds import Cloud, emulated
from integration_tests.support.engines import Engine, deployed
from integration_tests.support.settings import FILES, config_for, origins_for
from integration_tests.support.stack import Stack, parse_time
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import WaitTimeoutError, is_absent, wait_for
from localcloud.emulator import Emulator
from localcloud.origin import Origin

CLIENT_TIMEOUT = 240.0
SETTLE_SECONDS = 150.0  # MiniStack doubles the delays of retries without a maximum
LEFTOVERS_SECONDS = 90.0  # idle sockets are closed, failed asynchronous calls repeated
REDRIVES = 3
ACCOUNT_CONCURRENCY = 24  # more processes at once would only slow each other down
SETTINGS: dict[str, object] = {
    "auth.type": "none",
    "api.throttleRate": 1_000,
    "api.throttleBurst": 1_000,
    "copying.sliceThresholdMb": 64,
    "limits.maxDownloadsPerCaller": 500,  # all clients are one caller
    "websocket.idleTimeoutSeconds": 10,
}


@dataclass(frozen=True)
class LoadOptions:
    """The size of a run; `wait_scale` shortens the waits of the emulator's Step Functions."""

    downloads: int
    seconds: float
    seed: int
    wait_scale: float = 1.0


@dataclass
class LoadResult:
    """The results of a run.

    Attributes:
        clients: the result of each client, and in the same order its verdict and its item.
        faults: number of injected faults of each kind.
        dead_letters: messages in the dead-letter queue that were worked off.
        leftovers: what is left after the end.
        settle_seconds: from the last client's end until nothing was left.
    """

    options: LoadOptions
    clients: list[ClientResult]
    verdicts: list[Verdict]
    items: list[dict[str, Any]]
    faults: Counter[str]
    dead_letters: int
    leftovers: Leftovers
    settle_seconds: float
    lost_items: list[str] = field(default_factory=list)

    @property
    def lost(self) -> list[str]:
        """The downloads that were lost, with the reason."""
        lost = [_describe(client, verdict) for client, verdict in self._pairs() if verdict.is_lost]
        return lost + self.lost_items

    @property
    def problems(self) -> list[str]:
        """The downloads that did not end as they should, with the reason."""
        return [_describe(client, verdict) for client, verdict in self._pairs() if verdict.problems]

    @property
    def seconds_to_ready(self) -> list[float]:
        """Seconds from the request to READY of each download that is READY."""
        pairs = zip(self.clients, self.items, strict=True)
        return [
            parse_time(item["updatedAt"]).timestamp() - client.requested_at
            for client, item in pairs
            if item.get("status") == "READY"
        ]

    def seconds_to_message(self, *, pushed_only: bool) -> list[float]:
        """Seconds from the request until a client knew that its file is READY."""
        return [
            client.received_at - client.requested_at
            for client in self.clients
            if client.outcome == "READY" and (client.is_pushed or not pushed_only)
        ]

    def _pairs(self) -> Iterator[tuple[ClientResult, Verdict]]:
        return zip(self.clients, self.verdicts, strict=True)


def _describe(client: ClientResult, verdict: Verdict) -> str:
    name = client.download.id if client.download else f"request {client.plan.number}"
    return f"{name} ({client.plan.file.name}, {client.plan.behaviour}): {'; '.join(verdict.problems)}"


@contextmanager
def load_stack(folder: Path, origin: Origin, wait_scale: float) -> Iterator[tuple[Stack, Path]]:
    """Deploy a stack on an emulator that injects faults; yield it with the file that records them."""
    logging.getLogger("localcloud.pulumi").setLevel(logging.ERROR)  # it warns of auth none, which is intended here
    environment = {"SFN_WAIT_SCALE": str(wait_scale), "LAMBDA_ACCOUNT_CONCURRENCY": str(ACCOUNT_CONCURRENCY)}
    observer = Path(faults.__file__)
    with Emulator(folder / "emulator.log", env=environment, observe=True, observer=observer) as emulator:
        cloud: Cloud = emulated(emulator)
        with origins_for(cloud, origin.base_url, None) as origins:
            config = config_for(cloud, origins, SETTINGS)
            with deployed(Engine.EMBEDDED, cloud, "load", config, keep=lambda: True) as deployment:
                yield Stack(cloud, deployment.outputs, origin=FILES), emulator.events_path


def run_load(options: LoadOptions, folder: Path) -> LoadResult:
    """Run all clients with faults, let the stack settle without them, and give the verdicts."""
    with Origin() as origin, load_stack(folder, origin, options.wait_scale) as (stack, records):
        plans = list(draw_downloads(options.downloads, options.seconds, options.seed))
        with Client(str(stack.outputs["apiUrl"]), parallel=2) as client:
            start_faults(records, options.seed, options.seconds)
            results = _run_clients(client, plans)
        began = time.monotonic()
        dead_letters = _settle(stack, folder, records)
        settle_seconds = time.monotonic() - began
        faulty = _read_faults(records)
        hit = {fault["download"] for fault in faulty}
        items = [_item(stack, result) for result in results]
        verdicts = [give_verdict(stack, result, item, hit) for result, item in zip(results, items, strict=True)]
        lost_items = [f"{item['downloadId']['S']}: {item['status']['S']}" for item in _running_items(stack)]
        counts = Counter(fault["fault"] for fault in faulty)
        leftovers = _classify(stack, records)
        remains = {**leftovers.kept, **leftovers.expiring}
        ids = {download for names in remains.values() for name in names if (download := _id(stack, name))}
        ids |= {item["downloadId"]["S"] for item in _running_items(stack)}
        pairs = zip(results, verdicts, strict=True)
        ids |= {result.download.id for result, verdict in pairs if verdict.problems and result.download}
        if ids:
            write_evidence(stack, folder, ids, faulty, asdict(leftovers))
        return LoadResult(
            options, results, verdicts, items, counts, dead_letters, leftovers, settle_seconds, lost_items
        )


def _read_faults(records: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in records.read_text(encoding="utf-8").splitlines()]


def _classify(stack: Stack, records: Path) -> Leftovers:
    return classify(stack, find_leftovers(stack), _read_faults(records))


def _item(stack: Stack, result: ClientResult) -> dict[str, Any]:
    if result.download is None:
        return {}
    accepted = result.download
    download = Download(accepted.id, accepted.execution_arn, accepted.web_socket_endpoint, accepted.status_url)
    return stack.operator.download_item(download)


def _run_clients(client: Client, plans: list[PlannedDownload]) -> list[ClientResult]:
    """Start each client at its second, and wait for all of them."""
    clients = [LoadClient(client, plan, CLIENT_TIMEOUT) for plan in plans]
    threads = [threading.Thread(target=load_client.run, daemon=True) for load_client in clients]
    began = time.monotonic()
    for plan, thread in zip(plans, threads, strict=True):
        time.sleep(max(0.0, began + plan.second - time.monotonic()))
        thread.start()
    end = time.monotonic() + 2 * CLIENT_TIMEOUT
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return [load_client.result for load_client in clients]


def _settle(stack: Stack, folder: Path, records: Path) -> int:
    """Wait until nothing runs, and work off the dead-letter queue as an operator does; return its messages."""
    _wait(lambda: _running_items(stack), SETTLE_SECONDS)
    _wait(lambda: _classify(stack, records).kept, LEFTOVERS_SECONDS)  # running executions are among them
    command, count = OperatorCommand(stack, folder), 0
    for _ in range(REDRIVES):
        redriven = command.run("redrive", "--yes")
        count += len(redriven.content["messages"])
        if redriven.exit_code == 0:
            break
    _wait(lambda: _classify(stack, records).kept, LEFTOVERS_SECONDS if count else 0)
    return count


def _running_items(stack: Stack) -> list[dict[str, Any]]:
    """Return the items of started downloads without a final status, those of lost responses included."""
    items = stack.operator.scan(stack.outputs["downloadsTableName"])
    running = [item for item in items if "status" in item and item["status"]["S"] not in FINAL]
    return [item for item in running if not was_never_started(stack, item["downloadId"]["S"])]


def _id(stack: Stack, name: str) -> str:
    """Return the id of the download of something that is left, empty if it has none."""
    match = re.search(r"[0-9a-f]{32}", stack.operator.connection_item(name).get("executionArn", name))
    return match[0] if match else ""


def _wait(probe: Any, seconds: float) -> None:
    with suppress(WaitTimeoutError):  # the verdicts name what is left
        wait_for(probe, seconds, until=is_absent)
