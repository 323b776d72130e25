"""Downloads queue while Lambda throttles, and callers of the REST API are asked to come back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from async_download_client import Client, OutgoingRequest

from integration_tests.conftest import keeper
from integration_tests.support import throttling
from integration_tests.support.clouds import Target, emulated
from integration_tests.support.engines import Engine, deployed
from integration_tests.support.settings import FILES, config_for, origins_for
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import wait_for
from localcloud.emulator import Emulator
from localcloud.origin import Origin

WAITS = "0.02"  # what is left of the waits in the emulator's Step Functions
SLICED = 100_000_000  # two slices
LARGE = 250_000_000  # four
IMPATIENT_ATTEMPTS = 8  # all that a task had for a throttled function when it gave up after half a minute


@pytest.fixture(scope="module")
def throttled(
    request: pytest.FixtureRequest, origin: Origin, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack on an emulator of its own, which throttles as AWS does."""
    if request.config.getoption("--target") != Target.EMULATOR:
        pytest.skip("Functions are throttled by taking their concurrency away: use --target emulator.")
    log, program = tmp_path_factory.mktemp("throttling") / "emulator.log", Path(throttling.__file__)
    with Emulator(log, env={"SFN_WAIT_SCALE": WAITS}, observe=True, observer=program) as emulator:
        cloud = emulated(emulator)
        with origins_for(cloud, origin.base_url, None) as origins:
            config = config_for(
                cloud, origins, {"auth.type": "none", "copying.sliceThresholdMb": 64, "copying.concurrency": 4}
            )
            engine, name = Engine(request.config.getoption("--engine")), f"throttled-{secrets.token_hex(3)}"
            with deployed(engine, cloud, name, config, keeper(request)) as outputs:
                yield Stack(cloud, outputs, origin=FILES)


@contextmanager
def concurrency(stack: Stack, key: str, executions: int) -> Iterator[None]:
    """Let a function have so many executions at once, while the context lasts; none throttles it altogether."""
    functions, name = stack.cloud.client("lambda"), stack.operator.function_name(key)
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=executions)
    try:
        yield
    finally:
        functions.delete_function_concurrency(FunctionName=name)


def refusals(stack: Stack, execution_arn: str) -> list[dict[str, Any]]:
    """The attempts of an execution's own tasks that Lambda refused."""
    failed = [event.get("taskFailedEventDetails", {}) for event in stack.operator.execution_events(execution_arn)]
    return [details for details in failed if details.get("error") == throttling.THROTTLED]


def entered(stack: Stack, download: Download, state: str) -> int:
    """Return how many times the execution has entered a state."""
    names = [event.get("stateEnteredEventDetails", {}).get("name") for event in stack.operator.history(download)]
    return names.count(state)


def assert_comes(stack: Stack, download: Download, size: int) -> None:
    """Assert that the client gets the whole file."""
    with stack.client.connect(download) as socket:
        ready = socket.receive("ready", "failed", deadline=60)
    assert ready["type"] == "ready", ready
    assert stack.client.fetch(ready["url"]).sha256 == Origin.content_sha256(size)
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"


@pytest.mark.parametrize("key", ["copy", "deliver"])
def test_a_download_queues_while_its_function_is_throttled(throttled: Stack, key: str) -> None:
    with concurrency(throttled, key, 0):
        download = throttled.client.request(unique_path("1MB"))
        arn = download.execution_arn
        wait_for(lambda: len(refusals(throttled, arn)) > IMPATIENT_ATTEMPTS, 60)
        assert throttled.operator.execution_status(download) == "RUNNING"
    assert_comes(throttled, download, 1_000_000)


def test_a_failure_is_told_although_its_function_was_throttled(throttled: Stack) -> None:
    with concurrency(throttled, "fail", 0):
        download = throttled.client.request(unique_path("1MB", "status=404"))
        wait_for(lambda: len(refusals(throttled, download.execution_arn)) > IMPATIENT_ATTEMPTS, 60)
    assert throttled.operator.wait_until_ended(download) == "FAILED"
    with throttled.client.connect(download) as socket:
        assert socket.receive("failed")["error"]["code"] == "ORIGIN_NOT_FOUND"


@pytest.mark.parametrize("key", ["copy_slice", "complete"])
def test_a_large_file_queues_while_its_function_is_throttled(throttled: Stack, key: str) -> None:
    with concurrency(throttled, key, 0):
        download = throttled.client.request(unique_path(str(SLICED)))
        if key == "complete":
            wait_for(lambda: len(refusals(throttled, download.execution_arn)) > IMPATIENT_ATTEMPTS, 60)
        else:
            wait_for(lambda: entered(throttled, download, "AwaitCapacity") >= 3, 60)
        assert throttled.operator.execution_status(download) == "RUNNING"
    assert_comes(throttled, download, SLICED)


def test_a_large_file_takes_the_capacity_that_there_is(throttled: Stack) -> None:
    """Four children want an execution at once, and there is one."""
    with concurrency(throttled, "copy_slice", 1):
        download = throttled.client.request(unique_path(str(LARGE), "rate=40000000"))
        assert_comes(throttled, download, LARGE)


def test_a_large_file_that_cannot_be_copied_fails_at_once_beside_throttled_slices(throttled: Stack) -> None:
    with concurrency(throttled, "copy_slice", 1):
        download = throttled.client.request(unique_path(str(LARGE), "status=410&after=1"))
        assert throttled.operator.wait_until_ended(download, 30) == "FAILED"
    row = throttled.operator.download_item(download)
    assert row is not None
    assert row["failure"]["code"] == "ORIGIN_NOT_FOUND"


def test_a_caller_who_meets_a_throttled_function_is_asked_to_come_back(throttled: Stack) -> None:
    with concurrency(throttled, "request_download", 0):
        answer = throttled.client.post(unique_path("1MB"))
    assert answer.status == 503
    assert answer.body["error"]["code"] == "UNAVAILABLE"
    assert int(answer.headers["retry-after"]) > 0
    assert throttled.client.post(unique_path("1MB")).status == 202


def test_the_downloader_comes_back_to_a_throttled_function(throttled: Stack) -> None:
    calls: list[str] = []

    class CountCalls:
        def headers(self, request: OutgoingRequest, /) -> dict[str, str]:
            calls.append(request.url)
            return {}

    with Client(str(throttled.outputs["apiUrl"]), auth=CountCalls()) as client, ThreadPoolExecutor(1) as pool:
        with concurrency(throttled, "request_download", 0):
            download = pool.submit(client.request, unique_path("1MB"), FILES)
            wait_for(lambda: len(calls) >= 2, 20)
        assert download.result(30).id


def test_a_caller_who_meets_a_broken_function_is_asked_to_come_back(throttled: Stack) -> None:
    functions, name = throttled.cloud.client("lambda"), throttled.operator.function_name("get_download")
    download = throttled.client.request(unique_path("1MB"))
    handler = functions.get_function_configuration(FunctionName=name)["Handler"]
    functions.update_function_configuration(FunctionName=name, Handler="runtime.handlers.missing.handler")
    try:
        answer = throttled.client.status(download)
    finally:
        functions.update_function_configuration(FunctionName=name, Handler=handler)
    assert (answer.status, answer.body["error"]["code"]) == (503, "UNAVAILABLE")
    assert int(answer.headers["retry-after"]) > 0
    assert throttled.client.status(download).status == 200
