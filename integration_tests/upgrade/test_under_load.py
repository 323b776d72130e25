"""An upgrade and a rollback while 200 downloads run: each ends READY on the release that it began with."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from integration_tests.conftest import keep_on_failure
from integration_tests.support.clouds import Cloud, Target, cloud_with_unscaled_waits
from integration_tests.support.engines import DeployedStack, Engine, deployed
from integration_tests.support.records import log_lines
from integration_tests.support.settings import FILES, config_for
from integration_tests.support.sockets import Socket
from integration_tests.support.stack import Stack
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for
from integration_tests.upgrade.gated_origin import GatedOrigin, Group, content, gated_origin
from integration_tests.upgrade.releases import MARKER, other_runtime, versions

IN_FLIGHT = 200
THREADS = 6
SOCKETS = 20
TIMEOUT = 300.0
SMALL, LARGE, SLICED = 20_000, 1_200_000, 66_000_000
UPGRADE = {"limits.maxFileMb": 1}  # a download that got this environment would fail, if its file is LARGE
KINDS = {"ranged": (2, 0, SLICED), "slow": (10, 10, SMALL), "prepared": (12, 12, LARGE)}  # first, second group, size
START = re.compile(r"START RequestId: \S+ Version: (\S+)")
WORKFLOW = ("copy", "copy_slice", "complete", "deliver", "fail", "close")


class Upgrading(NamedTuple):
    """A client of a stack, the stack itself, and the origin that it copies from."""

    stack: Stack
    deployment: DeployedStack
    origin: GatedOrigin


@pytest.fixture
def upgrading(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Upgrading]:
    """A stack on an emulator of its own, whose waits are not shortened."""
    if request.config.getoption("--target") != Target.EMULATOR:
        pytest.skip("The origin of this test is on this machine: use --target emulator.")
    groups = {"first": Group(retry_after=60), "second": Group(retry_after=100), "later": Group(retry_after=5)}
    groups["later"].gate.set()
    with cloud_with_unscaled_waits(tmp_path) as cloud, gated_origin(groups) as origin:
        origins: dict[str, dict[str, object]] = {FILES: {"baseUrl": origin.base_url, "allowHttp": True}}
        settings = {
            "auth.type": "none",
            "copying.sliceThresholdMb": 64,
            "limits.maxDownloadsPerCaller": 500,
            "websocket.idleTimeoutSeconds": 0,
        }
        engine, name = Engine(request.config.getoption("--engine")), f"upgrade-{secrets.token_hex(3)}"
        config = config_for(cloud, origins, settings)
        with deployed(engine, cloud, name, config, keep_on_failure(request)) as deployment:
            yield Upgrading(Stack(cloud, deployment.outputs, origin=FILES), deployment, origin)


def paths() -> list[str]:
    """Return the paths of all downloads that run during the upgrade, half of them in each group."""
    chosen: list[str] = []
    for kind, (first, second, size) in KINDS.items():
        chosen += [f"first/{kind}/{size}-{number}" for number in range(first)]
        chosen += [f"second/{kind}/{size}-{number}" for number in range(second)]
    for group in ("first", "second"):
        count = IN_FLIGHT // 2 - sum(path.startswith(group) for path in chosen)
        chosen += [f"{group}/prepared/{SMALL}-{number}" for number in range(100, 100 + count)]
    return chosen


def request_all(stack: Stack, chosen: list[str]) -> dict[str, Download]:
    with ThreadPoolExecutor(THREADS) as threads:
        return dict(zip(chosen, threads.map(stack.client.request, chosen), strict=True))


def statuses(stack: Stack) -> dict[str, str]:
    """Return ARN -> status of all downloads in the table."""
    items = stack.operator.scan(stack.outputs["downloadsTableName"])
    return {item["executionArn"]["S"]: item["status"]["S"] for item in items if "status" in item}


def wait_until_in_flight(stack: Stack, downloads: dict[str, Download]) -> None:
    """Wait until the origin of each download was requested, and no download has ended."""
    started = {"COPYING", "PREPARING"}
    counts = wait_for(
        lambda: Counter(statuses(stack).values()),
        TIMEOUT,
        until=lambda counts: sum(counts[status] for status in started) == len(downloads),
    )
    assert counts.keys() <= started
    assert len(stack.operator.executions("RUNNING")) == len(downloads)


def wait_until_ready(stack: Stack, downloads: dict[str, Download]) -> None:
    """Wait until the executions have ended; assert that each download is READY."""
    arns = {download.execution_arn: path for path, download in downloads.items()}

    def running() -> set[str]:
        return arns.keys() & {execution["executionArn"] for execution in stack.operator.executions("RUNNING")}

    wait_for(running, TIMEOUT, until=is_absent)
    current = statuses(stack)
    assert {path: current[arn] for arn, path in arns.items() if current[arn] != "READY"} == {}


def assert_bytes(stack: Stack, downloads: dict[str, Download]) -> None:
    """Assert that the URL of each download has the bytes of its file."""

    def fetch(path: str) -> bool:
        fetched = stack.client.fetch(stack.client.status(downloads[path]).body["url"])
        return fetched.sha256 == hashlib.sha256(content(f"/{path}")).hexdigest()

    with ThreadPoolExecutor(THREADS) as threads:
        assert [
            path for path, is_right in zip(downloads, threads.map(fetch, downloads), strict=True) if not is_right
        ] == []


def lines_of_downloads(stack: Stack) -> dict[str, list[dict[str, Any]]]:
    """Return the id of each download -> log lines of the functions that state machines call."""
    names = {stack.operator.function_name(name): name for name in WORKFLOW}
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for group, text in log_lines(stack):
        name = names.get(group.rpartition("/")[2])
        if name and text.startswith("{"):
            line = json.loads(text)
            if "downloadId" in line:
                lines[line["downloadId"]].append(line | {"function": name})
    return lines


def assert_release(
    lines: dict[str, list[dict[str, Any]]],
    downloads: dict[str, Download],
    version: str,
    marker: str | None,
) -> None:
    """Assert that all tasks of each download ran one version of the functions, and the code of one release.

    Lines of `deliver` are of downloads with sockets only.
    """
    for path, download in downloads.items():
        tasks = lines[download.id]
        assert {(line["functionVersion"], line.get(MARKER)) for line in tasks} == {(version, marker)}, path
        expected = {"copy"} | ({"copy_slice", "complete"} if "/ranged/" in path else set())
        assert {line["function"] for line in tasks} - {"deliver"} == expected, path


def invocations(stack: Stack, name: str) -> Counter[str]:
    """Return version -> how often it was invoked, by Lambda's own lines in the log of a function."""
    function = stack.operator.function_name(name)
    texts = [text for group, text in log_lines(stack) if group.endswith(f"/{function}")]
    return Counter(match[1] for text in texts if (match := START.match(text)))


def assert_versions(cloud: Cloud, stack: Stack, numbers: list[str]) -> None:
    """Assert that these versions are published, and that those of the first release have the same code."""
    for name in WORKFLOW:
        published = versions(cloud, stack.operator.function_name(name))
        assert [version["Version"] for version in published] == numbers, name
        codes = [version["CodeSha256"] for version in published]
        assert codes[0] not in codes[1:2], name
        assert len(codes) < 3 or codes[2] == codes[0], name


def test_downloads_end_on_the_release_that_they_began_with(upgrading: Upgrading, tmp_path: Path) -> None:
    stack, deployment, origin = upgrading
    assert deployment.up({}) == set(), "without a change no version is published"
    downloads = request_all(stack, paths())
    assert len(downloads) == IN_FLIGHT
    with ExitStack() as sockets:
        connected = {
            path: sockets.enter_context(Socket(downloads[path].endpoint))
            for path in [*downloads][:: IN_FLIGHT // SOCKETS]
        }
        wait_until_in_flight(stack, downloads)

        with other_runtime(tmp_path, "next"):
            changed = deployment.up(UPGRADE)
        assert {f"files-{name.replace('_', '-')}" for name in WORKFLOW} | {"files-transfer", "files-closing"} <= changed
        assert_versions(stack.cloud, stack, ["1", "2"])
        wait_until_in_flight(stack, downloads)
        new = request_all(stack, [f"later/prepared/{SMALL}-{number}" for number in range(5)])
        too_large = stack.client.request(f"later/prepared/{LARGE}-1")
        origin.complete("first")
        first = {path: download for path, download in downloads.items() if path.startswith("first/")}
        wait_until_ready(stack, first | new)
        assert statuses(stack)[too_large.execution_arn] == "FAILED", "the new environment has a limit"

        deployment.up({"limits.maxFileMb": 1_000_000})
        assert_versions(stack.cloud, stack, ["1", "2", "3"])
        last = request_all(stack, [f"later/prepared/{LARGE}-{number}" for number in range(10, 15)])
        origin.complete("second")
        wait_until_ready(stack, downloads | last)
        for path, socket in connected.items():
            assert socket.receive("ready", "failed", "cancelled", deadline=TIMEOUT)["type"] == "ready", path

    assert_bytes(stack, downloads | new | last)
    lines = lines_of_downloads(stack)
    assert_release(lines, downloads, "1", None)
    assert_release(lines, new, "2", "next")
    assert_release(lines, last, "3", None)
    delivered = invocations(stack, "deliver")
    assert delivered.keys() == {"1", "2", "3"}, "none by a function without a version"
    for version, group in {"1": downloads, "2": new, "3": last}.items():
        assert delivered[version] >= len(group), delivered
    wait_for(stack.operator.leftovers, TIMEOUT, until=is_absent)
