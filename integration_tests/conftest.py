"""Options, and the deployments that the whole suite shares."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integration_tests.support import aws_request_problems
from integration_tests.support.clouds import Cloud, Target, open_cloud
from integration_tests.support.engines import KEPT, Config, Engine, deployed
from integration_tests.support.errors import MissingError
from integration_tests.support.leaks import find_leaks
from integration_tests.support.records import all_records
from integration_tests.support.settings import (
    FILES,
    IDLE,
    MAX_FILE_MB,
    PAGE,
    Origins,
    config_for,
    origin_secret,
    origins_for,
)
from integration_tests.support.stack import Deploy, Stack
from integration_tests.support.waiting import is_absent, wait_for
from localcloud import aws_request_checks
from localcloud.origin import Origin

ENGINE_FOLDER = Path(__file__).parent / "engine"
LEFT_SECONDS = 120  # the longest back-off of a retry that a test has provoked, and the wait of a machine that closes


aws_request_checks.install()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where to deploy, and with what."""
    group = parser.getgroup("async-download", "end-to-end suite")
    group.addoption("--target", choices=list(Target), default=Target.EMULATOR, help="where to deploy (%(default)s)")
    group.addoption("--engine", choices=list(Engine), default=Engine.EMBEDDED, help="what deploys (%(default)s)")
    group.addoption("--aws-account", metavar="ID", help="--target aws: the sandbox account; any other is refused")
    group.addoption("--origin-url", metavar="URL", help="--target aws: where it can reach `localcloud.origin`")
    group.addoption("--random-ids", metavar="N", default=400, help="how many are asked for (%(default)s)")
    group.addoption("--keep-on-failure", action="store_true", help="leave the stacks when a test failed")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot be meant."""
    if config.getoption("--target") == Target.AWS:
        if not config.getoption("--aws-account"):
            raise pytest.UsageError("--target aws needs --aws-account ID: the one account that may be deployed to.")
        if config.getoption("--engine") != Engine.PULUMI:
            raise pytest.UsageError("--target aws needs --engine pulumi: the embedded one deploys to emulators only.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of `engine/` with `engine`."""
    for item in items:
        if ENGINE_FOLDER in item.path.parents:
            item.add_marker("engine")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a worker kept to the process that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["kept"] = KEPT


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker kept."""
    KEPT.extend(getattr(node, "workeroutput", {}).get("kept", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how to destroy what was kept."""
    if KEPT:
        terminalreporter.section("stacks that were kept")
        terminalreporter.write_line("\n".join(["To destroy them:", *KEPT]))


def keeper(request: pytest.FixtureRequest) -> Callable[[], bool]:
    """Whether a stack is to be left, asked when it would be destroyed."""
    return lambda: bool(request.config.getoption("--keep-on-failure") and request.session.testsfailed)


@pytest.fixture(autouse=True)
def _right_requests() -> Iterator[None]:
    """Fail the test during which a request was made that AWS would refuse, by whichever process."""
    yield
    _assert_right_requests()


def _assert_right_requests() -> None:
    problems = aws_request_problems.collect()
    assert not problems, "\n".join(["AWS would refuse:", *problems])


@pytest.fixture(scope="session")
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The cloud that was asked for."""
    target, account = request.config.getoption("--target"), request.config.getoption("--aws-account")
    try:
        with open_cloud(Target(target), folder=tmp_path_factory.mktemp("cloud"), account=account) as opened:
            yield opened
            _assert_right_requests()  # of what was still running after the last test, and of the destruction
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def origin() -> Iterator[Origin]:
    """Our HTTP origin; what it does is asked for in the path."""
    with Origin() as running:
        yield running


@pytest.fixture(scope="session")
def secret(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """ARN and value of the secret that one of the origins is sent."""
    with origin_secret(cloud) as made:
        yield made


@pytest.fixture(scope="session")
def origins(cloud: Cloud, origin: Origin, secret: tuple[str, str], request: pytest.FixtureRequest) -> Iterator[Origins]:
    """The origins that the stacks know."""
    try:
        with origins_for(cloud, origin.base_url, request.config.getoption("--origin-url"), secret[0]) as known:
            yield known
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def deploy(cloud: Cloud, secret: tuple[str, str], request: pytest.FixtureRequest) -> Deploy:
    """Deploys a stack of the shipped program, for as long as the context lasts."""
    engine = Engine(request.config.getoption("--engine"))

    @contextmanager
    def made(name: str, config: Config) -> Iterator[Stack]:
        try:
            with deployed(engine, cloud, f"{name}-{secrets.token_hex(3)}", config, keeper(request)) as outputs:
                stack = Stack(cloud, outputs, origin=FILES, signed=config["auth.type"] == "iam")
                stack.client.secrets.add(secret[1])
                yield stack
                _assert_clean(stack, failed=bool(request.session.testsfailed))
        except MissingError as missing:
            pytest.skip(str(missing))

    return made


@pytest.fixture(scope="session")
def stack(cloud: Cloud, origins: Origins, deploy: Deploy) -> Iterator[Stack]:
    """The stack that nearly every test uses: slices from 64 MB on, a web page, REST open to everyone except on AWS."""
    auth = "iam" if cloud.target is Target.AWS else "none"
    page = auth == "none"  # a page cannot sign
    settings = config_for(
        cloud,
        origins,
        {"auth.type": auth, "copying.sliceThresholdMb": 64, "api.corsOrigins": [PAGE], "api.webPage": page},
    )
    with deploy("e2e", settings) as made:
        yield made


@pytest.fixture(scope="session")
def strict_stack(cloud: Cloud, origins: Origins, deploy: Deploy) -> Iterator[Stack]:
    """Deploy a second stack with other settings: REST by IAM, short URLs, one connection, reuse, low limits.

    Slices, from 64 MB on as well, are copied by STANDARD executions.
    """
    settings = config_for(
        cloud,
        origins,
        {
            "auth.type": "iam",
            "retention.urlExpiresSeconds": 60,
            "websocket.maxConnectionsPerDownload": 1,
            "limits.maxFileMb": MAX_FILE_MB,
            "copying.reuseSeconds": 600,
            "websocket.idleTimeoutSeconds": IDLE,
            "copying.sliceThresholdMb": 64,
            "cloud.sliceExecutionType": "STANDARD",
        },
    )
    with deploy("strict", settings) as made:
        yield made


def _assert_clean(stack: Stack, *, failed: bool) -> None:
    """Whatever the tests did, nothing is left of it that costs, and no secret was written down."""
    if failed:
        print("\nWhat is left of the stack is not looked at, for a test failed: mend that first.")  # noqa: T201
        return
    wait_for(stack.operator.leftovers, LEFT_SECONDS, until=is_absent)
    assert find_leaks(all_records(stack), stack.client.secrets) == []
