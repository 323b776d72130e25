"""Limits of one caller: the largest file, the downloads that run at once, and the bytes of a day."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from integration_tests.conftest import deploy_stack
from integration_tests.support.clouds import Target, throttling_cloud
from integration_tests.support.iam_users import SPREAD_SECONDS, user
from integration_tests.support.rest import Answer, Rest
from integration_tests.support.settings import MAX_FILE_MB, config_for, origins_for
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.waiting import is_absent, wait_for
from localcloud.origin import Origin

pytestmark = pytest.mark.security

TOO_LARGE = MAX_FILE_MB * 10**6 + 1
WORKERS = 4  # that copy; one caller gets at most half of them
DAILY_MB = 5
BUSY = "first_byte=300"  # the worker waits for the origin until the download is cancelled
PROMPT_SECONDS = 10


@pytest.mark.parametrize("options", ["", "length=no&ranges=no"], ids=["announced", "not announced"])
def test_a_file_above_the_limit_fails_and_leaves_nothing(strict_stack: Stack, options: str) -> None:
    download = strict_stack.client.request(unique_path(str(TOO_LARGE), options))
    message = strict_stack.client.receive_end(download, 60)
    assert message["type"] == "failed"
    assert message["error"]["code"] == "FILE_TOO_LARGE"
    assert "maxFileMb" in message["error"]["message"]
    assert strict_stack.operator.wait_until_ended(download) == "FAILED"
    assert not strict_stack.operator.has_object(download)


def test_a_request_for_a_size_above_the_limit_is_refused(strict_stack: Stack) -> None:
    answer = strict_stack.client.post(unique_path("1"), size=TOO_LARGE)
    assert (answer.status, answer.code) == (422, "FILE_TOO_LARGE")
    assert "maxFileMb" in answer.body["error"]["message"]


@pytest.fixture(scope="module")
def capped(request: pytest.FixtureRequest, origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with four copying workers, on an emulator of its own that throttles as AWS does."""
    if request.config.getoption("--target") != Target.EMULATOR:
        pytest.skip("The emulator that throttles functions is this suite's own: use --target emulator.")
    limits = {"copying.reservedConcurrency": WORKERS, "limits.dailyMbPerCaller": DAILY_MB}
    with (
        throttling_cloud(tmp_path_factory.mktemp("limits")) as cloud,
        origins_for(cloud, origin.base_url, None) as origins,
        deploy_stack(request, cloud, "limits", config_for(cloud, origins, {"auth.type": "iam", **limits})) as stack,
    ):
        yield stack


def post(stack: Stack, rest: Rest, path: str) -> Answer:
    """Request a file as the caller whose signature `rest` has."""
    return rest.call("POST", "/downloads", {"origin": stack.client.origin, "path": path})


def test_a_flood_of_one_caller_leaves_a_worker_for_another(capped: Stack, request: pytest.FixtureRequest) -> None:
    """`make test-abuse` sends 1,000 requests."""
    number = int(request.config.getoption("--flood"))
    with user(capped.cloud, "execute-api:Invoke") as first, user(capped.cloud, "execute-api:Invoke") as second:
        flooder, other = Rest(capped.client.rest.base_url, first), Rest(capped.client.rest.base_url, second)
        wait_for(lambda: other.call("GET", "/downloads/x").status == 401, SPREAD_SECONDS)
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: post(capped, flooder, unique_path("1MB", BUSY)), range(number)))
        accepted = [capped.client.parse_download(answer) for answer in answers if answer.status == 202]
        refused = [answer for answer in answers if answer.status != 202]
        codes = {(answer.status, answer.code) for answer in refused}
        assert (429, "TOO_MANY_DOWNLOADS") in codes
        assert codes <= {(429, "TOO_MANY_DOWNLOADS"), (429, "TOO_MANY_REQUESTS")}, "or the API's own throttle"
        assert all(answer.headers["retry-after"].isdigit() for answer in refused)
        assert len(accepted) == WORKERS // 2

        download = capped.client.parse_download(post(capped, other, unique_path("1MB")))
        message = capped.client.receive_end(download, PROMPT_SECONDS)
        assert message["type"] == "ready"
        assert capped.operator.execution_status(accepted[0]) == "RUNNING", "a worker of the flood has ended"

        for held in accepted:
            capped.client.cancel(held)
        again = wait_for(
            lambda: post(capped, flooder, unique_path("1MB")), SPREAD_SECONDS, until=lambda answer: answer.status == 202
        )
        assert capped.operator.wait_until_ended(capped.client.parse_download(again), deadline=60) == "SUCCEEDED"
        wait_for(lambda: running(capped), SPREAD_SECONDS, until=is_absent)


def test_a_caller_above_the_daily_bytes_is_refused_until_midnight(capped: Stack) -> None:
    with user(capped.cloud, "execute-api:Invoke") as first, user(capped.cloud, "execute-api:Invoke") as second:
        caller, other = Rest(capped.client.rest.base_url, first), Rest(capped.client.rest.base_url, second)
        for signed in (caller, other):
            wait_for(lambda signed=signed: signed.call("GET", "/downloads/x").status == 401, SPREAD_SECONDS)  # type: ignore[misc]
        download = capped.client.parse_download(post(capped, caller, unique_path(f"{DAILY_MB}MB")))
        assert capped.operator.wait_until_ended(download, deadline=60) == "SUCCEEDED"
        refused = post(capped, caller, unique_path("1MB"))
        assert (refused.status, refused.code) == (429, "DAILY_LIMIT_REACHED")
        assert 0 < int(refused.headers["retry-after"]) <= 86_400
        assert post(capped, other, unique_path("1MB")).status == 202


def running(stack: Stack) -> list[str]:
    """Return the ids of all downloads that count as running."""
    items = stack.operator.scan(stack.outputs["downloadsTableName"])
    return [key for item in items for key in item.get("running", {}).get("SS", ())]
