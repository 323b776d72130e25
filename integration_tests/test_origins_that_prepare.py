"""Origins that need long for a file: the execution waits, clients see when the origin is requested again."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from integration_tests.conftest import deploy_stack
from integration_tests.support.clouds import Target, cloud_with_unscaled_waits
from integration_tests.support.leaks import find_leaks
from integration_tests.support.records import all_records
from integration_tests.support.settings import GUARDED, SECRET_HEADER, config_for, origin_secret, origins_for
from integration_tests.support.stack import Stack, parse_time, unique_path
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import is_absent, wait_for
from integration_tests.test_cancelling import assert_cancelled
from integration_tests.test_downloader import run
from localcloud.origin import Origin

LONG = "retry_after=600"
SIGNED = "sig={signature}"


@pytest.fixture(scope="module")
def waiting(
    request: pytest.FixtureRequest, origin: Origin, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stack, str]]:
    """A stack and the secret of its origin `guarded`; on the emulator one of its own, whose waits are not shortened."""
    if request.config.getoption("--target") != Target.EMULATOR:
        yield request.getfixturevalue("stack"), request.getfixturevalue("secret")[1]
        return
    settings = {"auth.type": "none", "copying.sliceThresholdMb": 64, "websocket.idleTimeoutSeconds": 0}
    with (
        cloud_with_unscaled_waits(tmp_path_factory.mktemp("waits")) as cloud,
        origin_secret(cloud) as (arn, value),
        origins_for(cloud, origin.base_url, None, arn) as origins,
        deploy_stack(request, cloud, "waiting", config_for(cloud, origins, settings)) as stack,
    ):
        yield stack, value


@pytest.fixture
def stack(waiting: tuple[Stack, str]) -> Stack:
    """The stack of these tests."""
    return waiting[0]


def preparing_path(options: str = "", *, then: str = "") -> str:
    """Return a path that is answered with 202 once; `then` is the path of the next request, if it is another one."""
    location = f"&location={quote('/' + then, safe='')}" if then else ""
    return unique_path("1MB", f"status=202&times=1{options and '&'}{options}{location}")


def wait_until_preparing(stack: Stack, download: Download) -> dict[str, object]:
    """Return the status of the download when it is PREPARING."""
    return wait_for(lambda: stack.client.status(download).body, 30, until=lambda body: body["status"] == "PREPARING")


def seconds_in(stack: Stack, download: Download, state: str) -> float:
    """Return how long the execution was in a state, all visits together."""
    entered: datetime | None = None
    total = 0.0
    for event in stack.operator.history(download):
        if event.get("stateEnteredEventDetails", {}).get("name") == state:
            entered = event["timestamp"]
        if event.get("stateExitedEventDetails", {}).get("name") == state and entered:
            total += (event["timestamp"] - entered).total_seconds()
    return total


def test_a_prepared_file_is_copied_and_no_function_waits(stack: Stack, origin: Origin) -> None:
    """202, 202 at its Location, then the file: nine transitions, and the waits are in the state that waits."""
    location = preparing_path("retry_after=1")
    path = preparing_path("retry_after=6", then=location)
    download = stack.client.request(path)
    with stack.client.connect(download) as socket:
        ready = socket.receive("ready", "failed", deadline=90)
        messages = [message for message in socket.messages if message["type"] == "status"]
    assert ready["type"] == "ready", ready
    assert stack.client.fetch(ready["url"]).sha256 == Origin.content_sha256(1_000_000)
    assert {message["status"] for message in messages} == {"PREPARING"}
    assert len({parse_time(message["nextRequestAt"]) for message in messages}) == len(messages) >= 1
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
    states = stack.operator.entered_states(download.execution_arn)
    assert states == [*["Copy", "Stored?", "AwaitOrigin"] * 2, "Copy", "Stored?", "Deliver"]
    waited, worked = (seconds_in(stack, download, state) for state in ("AwaitOrigin", "Copy"))
    assert waited >= 6 + 15
    assert worked < waited
    if origin.requests:  # on AWS the origin is elsewhere
        paths = [request.path for request in origin.requests if request.path in (f"/{path}", f"/{location}")]
        assert paths == [f"/{path}", f"/{location}", f"/{location}"]


def test_the_url_of_a_preparing_origin_is_in_no_record_and_no_message(stack: Stack, origin: Origin) -> None:
    """Its signature is in the download's item until the end. Logs and histories keep all that was ever in them."""
    file = unique_path("1MB")
    then = unique_path("1MB", f"{SIGNED}&status=303&location={quote('/' + file, safe='')}")
    key = secrets.token_hex(16)
    path = preparing_path("retry_after=20", then=then)
    download = stack.client.request(path, key=key)
    with stack.client.connect(download) as socket:
        answers = wait_until_preparing(stack, download)
        repeated = stack.client.post(path, key=key)
        stack.client.parse_download(repeated)
        answers |= repeated.body
        assert repeated.body["nextRequestAt"]
        assert origin.signature in json.dumps(stack.operator.download_item(download), default=str)
        assert socket.ask("status", "status")["status"] == "PREPARING"
        assert socket.receive("ready", "failed", deadline=120)["type"] == "ready"
        assert origin.signature not in json.dumps([answers, socket.messages])
    assert any(origin.signature in request.path for request in origin.requests), "the scan shows nothing"
    assert stack.operator.wait_until_ended(download) == "SUCCEEDED"
    assert find_leaks(all_records(stack), {origin.signature}) == []


def test_the_url_of_a_failed_preparation_is_in_no_record(stack: Stack, origin: Origin) -> None:
    """An address that is refused is named by its host."""
    options = f"status=202&location={quote(f'http://169.254.169.254/{SIGNED}', safe='')}"
    download = stack.client.request(unique_path("1MB", options))
    error = stack.client.receive_end(download, 60)["error"]
    assert error["code"] == "ORIGIN_ADDRESS_REFUSED"
    assert find_leaks({"message": [("error", json.dumps(error))], **all_records(stack)}, {origin.signature}) == []


def test_secret_headers_follow_to_a_location_under_the_base_url(waiting: tuple[Stack, str], origin: Origin) -> None:
    stack, secret = waiting
    then = unique_path("1MB")
    download = stack.client.request(preparing_path(then=then), origin=GUARDED)
    assert stack.client.receive_end(download, 60)["type"] == "ready"
    sent = {request.headers.get(SECRET_HEADER.lower()) for request in origin.requests if request.path == f"/{then}"}
    assert sent == {secret}


def test_a_failure_after_the_preparation_fails_the_download(stack: Stack) -> None:
    download = stack.client.request(preparing_path(then=unique_path("1MB", "status=404")))
    assert stack.client.receive_end(download, 60)["error"]["code"] == "ORIGIN_NOT_FOUND"
    assert stack.operator.wait_until_ended(download) == "FAILED"


def test_a_preparing_download_is_cancelled_at_once(stack: Stack) -> None:
    download = stack.client.request(preparing_path(LONG, then=unique_path("1MB", SIGNED)))
    with stack.client.connect(download) as socket:
        body = wait_until_preparing(stack, download)
        assert parse_time(str(body["nextRequestAt"])).timestamp() > time.time() + 300
        wait_for(lambda: stack.operator.has_entered(download, "AwaitOrigin"), 15)
        assert stack.client.cancel(download).status == 202
        socket.receive("cancelled")
    assert_cancelled(stack, download)
    item = stack.operator.download_item(download)
    assert not {"nextRequestAt", "nextRequestTarget", "preparingAnswers"} & set(item)


def test_a_stopped_execution_of_a_preparing_download_is_reported(stack: Stack) -> None:
    download = stack.client.request(preparing_path(LONG))
    with stack.client.connect(download) as socket:
        wait_until_preparing(stack, download)
        stack.cloud.client("stepfunctions").stop_execution(executionArn=download.execution_arn)
        assert socket.receive("failed")["error"]["code"] == "STOPPED"


def test_an_overloaded_origin_is_waited_for_during_a_copy_in_slices(stack: Stack) -> None:
    """Slices meet 503 with a long Retry-After: they end, and the parts that are there are kept."""
    path = unique_path("80MB", "status=503&after=3&times=1&retry_after=31")
    download = stack.client.request(path)
    ready = stack.client.receive_end(download, 120)
    assert ready["type"] == "ready", ready
    assert stack.client.fetch(ready["url"]).sha256 == Origin.content_sha256(80_000_000)
    states = stack.operator.entered_states(download.execution_arn)
    assert [state for state in states if state in ("AwaitOrigin", "CopySlices")] == [
        "CopySlices",
        "AwaitOrigin",
        "CopySlices",
    ]
    wait_for(lambda: stack.operator.uploads(download), 5, until=is_absent)


def test_the_downloader_says_when_the_origin_is_requested_again(stack: Stack, tmp_path: Path) -> None:
    target = tmp_path / "report.bin"
    where = (str(stack.outputs["apiUrl"]), "--origin", stack.client.origin, "--path", preparing_path("retry_after=9"))
    ended = run(stack, "get", *where, "-o", str(target), "--json")
    assert ended.returncode == 0, ended.stderr
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    (preparing,) = [event for event in events if event["event"] == "preparing"]
    assert parse_time(preparing["nextRequestAt"])
    assert target.stat().st_size == 1_000_000
