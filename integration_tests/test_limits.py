"""Limits of one caller: the largest file, the downloads that run at once, and the bytes of a day."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from integration_tests.conftest import keeper
from integration_tests.support import throttling
from integration_tests.support.clouds import Target, emulated
from integration_tests.support.engines import Engine, deployed
from integration_tests.support.rest import Answer, Rest
from integration_tests.support.settings import FILES, MAX_FILE_MB, config_for, origins_for
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.waiting import is_absent, wait_for
from integration_tests.test_callers import SPREAD, user
from localcloud.emulator import Emulator
from localcloud.origin import Origin

pytestmark = pytest.mark.security

TOO_LARGE = MAX_FILE_MB * 10**6 + 1
WORKERS = 4  # that copy; one caller has half of them
FLOOD = 1000
DAILY_MB = 5
HELD = "first_byte=300"  # an origin that keeps a worker busy until the download is cancelled
PROMPT = 10  # seconds; less than a worker that is busy takes


@pytest.mark.parametrize("options", ["", "length=no&ranges=no"], ids=["announced", "not announced"])
def test_a_file_above_the_limit_fails_and_leaves_nothing(strict_stack: Stack, options: str) -> None:
    download = strict_stack.client.request(unique_path(str(TOO_LARGE), options))
    with strict_stack.client.connect(download) as socket:
        message = socket.receive("ready", "failed", deadline=60)
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
    """A stack with few copying workers, on an emulator of its own that throttles as AWS does."""
    if request.config.getoption("--target") != Target.EMULATOR:
        pytest.skip("The emulator that throttles functions is this suite's own: use --target emulator.")
    log, program = tmp_path_factory.mktemp("limits") / "emulator.log", Path(throttling.__file__)
    with Emulator(log, observe=True, observer=program) as emulator:
        cloud = emulated(emulator)
        with origins_for(cloud, origin.base_url, None) as origins:
            config = config_for(
                cloud,
                origins,
                {"auth.type": "iam", "copying.reservedConcurrency": WORKERS, "limits.dailyMbPerCaller": DAILY_MB},
            )
            engine, name = Engine(request.config.getoption("--engine")), f"limits-{secrets.token_hex(3)}"
            with deployed(engine, cloud, name, config, keeper(request)) as outputs:
                yield Stack(cloud, outputs, origin=FILES, signed=True)


def post(stack: Stack, rest: Rest, path: str) -> Answer:
    """Request a file as the caller whose signature `rest` has."""
    return rest.call("POST", "/downloads", {"origin": stack.client.origin, "path": path})


def test_a_flood_of_one_caller_leaves_a_worker_for_another(capped: Stack) -> None:
    with user(capped.cloud, "execute-api:Invoke") as one, user(capped.cloud, "execute-api:Invoke") as other:
        flooding, patient = Rest(capped.client.rest.base_url, one), Rest(capped.client.rest.base_url, other)
        wait_for(lambda: patient.call("GET", "/downloads/x").status == 401, SPREAD)
        with ThreadPoolExecutor(8) as crowd:
            answers = list(crowd.map(lambda _: post(capped, flooding, unique_path("1MB", HELD)), range(FLOOD)))
        accepted = [capped.client.parse_download(answer) for answer in answers if answer.status == 202]
        refused = [answer for answer in answers if answer.status != 202]
        codes = {(answer.status, answer.code) for answer in refused}
        assert (429, "TOO_MANY_DOWNLOADS") in codes
        assert codes <= {(429, "TOO_MANY_DOWNLOADS"), (429, "TOO_MANY_REQUESTS")}, "or the API's own throttle"
        assert all(answer.headers["retry-after"].isdigit() for answer in refused)
        assert len(accepted) == WORKERS // 2

        download = capped.client.parse_download(post(capped, patient, unique_path("1MB")))
        with capped.client.connect(download) as socket:
            message = socket.receive("ready", "failed", deadline=PROMPT)
        assert message["type"] == "ready"
        assert capped.operator.execution_status(accepted[0]) == "RUNNING", (
            "the workers of the flood were busy all the time"
        )

        for held in accepted:
            capped.client.cancel(held)
        again = wait_for(
            lambda: post(capped, flooding, unique_path("1MB")), SPREAD, until=lambda answer: answer.status == 202
        )
        assert capped.operator.wait_until_ended(capped.client.parse_download(again), deadline=60) == "SUCCEEDED"
        wait_for(lambda: running(capped), SPREAD, until=is_absent)


def test_a_caller_who_has_had_the_bytes_of_a_day_is_refused_until_midnight(capped: Stack) -> None:
    with user(capped.cloud, "execute-api:Invoke") as one, user(capped.cloud, "execute-api:Invoke") as other:
        rest, others = Rest(capped.client.rest.base_url, one), Rest(capped.client.rest.base_url, other)
        for signed in (rest, others):
            wait_for(lambda signed=signed: signed.call("GET", "/downloads/x").status == 401, SPREAD)  # type: ignore[misc]
        download = capped.client.parse_download(post(capped, rest, unique_path(f"{DAILY_MB}MB")))
        assert capped.operator.wait_until_ended(download, deadline=60) == "SUCCEEDED"
        refused = post(capped, rest, unique_path("1MB"))
        assert (refused.status, refused.code) == (429, "DAILY_LIMIT_REACHED")
        assert 0 < int(refused.headers["retry-after"]) <= 86_400
        assert post(capped, others, unique_path("1MB")).status == 202


def running(stack: Stack) -> list[str]:
    """Return the ids of all downloads that count as running."""
    items = stack.operator.scan(stack.outputs["downloadsTableName"])
    return [key for item in items for key in item.get("running", {}).get("SS", ())]
