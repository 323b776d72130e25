"""Throttled functions: downloads wait, and REST calls get 503 with Retry-After."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from async_download_client import Client, OutgoingRequest

from integration_tests.conftest import deploy_stack
from integration_tests.support import throttling
from integration_tests.support.clouds import Target, throttling_cloud
from integration_tests.support.settings import FILES, config_for, origins_for
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import wait_for
from localcloud.origin import Origin

WAIT_SCALE = "0.02"  # of the waits in the emulator's Step Functions
SLICED = 100_000_000  # two slices
LARGE = 250_000_000  # four
OTHER_ATTEMPTS = 8  # more than a task has for other errors


@pytest.fixture(scope="module")
def throttled(
    request: pytest.FixtureRequest, origin: Origin, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack on an emulator of its own that throttles as AWS does."""
    if request.config.getoption("--target") != Target.EMULATOR:
        pytest.skip("Functions are throttled by taking their concurrency away: use --target emulator.")
    settings = {"auth.type": "none", "copying.sliceThresholdMb": 64, "copying.concurrency": 4}
    with (
        throttling_cloud(tmp_path_factory.mktemp("throttling"), {"SFN_WAIT_SCALE": WAIT_SCALE}) as cloud,
        origins_for(cloud, origin.base_url, None) as origins,
        deploy_stack(request, cloud, "throttled", config_for(cloud, origins, settings)) as stack,
    ):
        yield stack


@contextmanager
def concurrency(stack: Stack, key: str, executions: int) -> Iterator[None]:
    """Limit the concurrent executions of a function until the context ends; 0 throttles every call."""
    functions, name = stack.cloud.client("lambda"), stack.operator.function_name(key)
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=executions)
    try:
        yield
    finally:
        functions.delete_function_concurrency(FunctionName=name)


def throttled_attempts(stack: Stack, execution_arn: str) -> list[dict[str, Any]]:
    """Return the failed attempts of an execution's tasks that Lambda has throttled."""
    failures = [event.get("taskFailedEventDetails", {}) for event in stack.operator.execution_events(execution_arn)]
    return [details for details in failures if details.get("error") == throttling.THROTTLED]


def assert_delivered(stack: Stack, download: Download, size: int) -> None:
    """Assert that the client gets the whole file."""
    assert stack.client.fetch_when_ready(download, 60).sha256 == Origin.content_sha256(size)
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"


@pytest.mark.parametrize("key", ["copy", "deliver"])
def test_a_download_queues_while_its_function_is_throttled(throttled: Stack, key: str) -> None:
    with concurrency(throttled, key, 0):
        download = throttled.client.request(unique_path("1MB"))
        arn = download.execution_arn
        wait_for(lambda: len(throttled_attempts(throttled, arn)) > OTHER_ATTEMPTS, 60)
        assert throttled.operator.execution_status(download) == "RUNNING"
    assert_delivered(throttled, download, 1_000_000)


def test_a_failure_is_reported_after_its_function_was_throttled(throttled: Stack) -> None:
    with concurrency(throttled, "fail", 0):
        download = throttled.client.request(unique_path("1MB", "status=404"))
        wait_for(lambda: len(throttled_attempts(throttled, download.execution_arn)) > OTHER_ATTEMPTS, 60)
    assert throttled.operator.wait_until_ended(download) == "FAILED"
    assert throttled.client.receive_end(download)["error"]["code"] == "ORIGIN_NOT_FOUND"


@pytest.mark.parametrize("key", ["copy_slice", "complete"])
def test_a_large_file_queues_while_its_function_is_throttled(throttled: Stack, key: str) -> None:
    with concurrency(throttled, key, 0):
        download = throttled.client.request(unique_path(str(SLICED)))
        if key == "complete":
            wait_for(lambda: len(throttled_attempts(throttled, download.execution_arn)) > OTHER_ATTEMPTS, 60)
        else:
            wait_for(lambda: throttled.operator.entered_states(download.execution_arn).count("AwaitCapacity") >= 3, 60)
        assert throttled.operator.execution_status(download) == "RUNNING"
    assert_delivered(throttled, download, SLICED)


def test_a_large_file_is_copied_with_the_concurrency_that_is_left(throttled: Stack) -> None:
    """Four child executions share a concurrency of one."""
    with concurrency(throttled, "copy_slice", 1):
        download = throttled.client.request(unique_path(str(LARGE), "rate=40000000"))
        assert_delivered(throttled, download, LARGE)


def test_a_large_file_fails_at_once_while_slices_are_throttled(throttled: Stack) -> None:
    with concurrency(throttled, "copy_slice", 1):
        download = throttled.client.request(unique_path(str(LARGE), "status=410&after=1"))
        assert throttled.operator.wait_until_ended(download, 30) == "FAILED"
    assert throttled.operator.download_item(download)["failure"]["code"] == "ORIGIN_NOT_FOUND"


def test_a_call_of_a_throttled_function_gets_retry_after(throttled: Stack) -> None:
    with concurrency(throttled, "request_download", 0):
        answer = throttled.client.post(unique_path("1MB"))
    assert answer.status == 503
    assert answer.body["error"]["code"] == "UNAVAILABLE"
    assert int(answer.headers["retry-after"]) > 0
    assert throttled.client.post(unique_path("1MB")).status == 202


def test_the_downloader_retries_a_throttled_function(throttled: Stack) -> None:
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


def test_a_call_of_a_broken_function_gets_retry_after(throttled: Stack) -> None:
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
