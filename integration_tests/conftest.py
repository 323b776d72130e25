"""Command line options, and the stacks that the whole suite shares."""

from __future__ import annotations

import gc
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from integration_tests.support import aws_request_problems, wheels
from integration_tests.support.clouds import Cloud, Target, open_cloud
from integration_tests.support.engines import DESTROY_COMMANDS, Config, Engine, deployed
from integration_tests.support.errors import MissingError
from integration_tests.support.event_queue import EventQueue, event_queue
from integration_tests.support.leaks import find_leaks
from integration_tests.support.provider import Provider, select_provider, selected_provider
from integration_tests.support.records import all_records
from integration_tests.support.settings import (
    FILES,
    IDLE_SECONDS,
    MAX_FILE_MB,
    PAGE_ORIGIN,
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
LEFTOVERS_SECONDS = 120  # the longest back-off of a retry that a test may have caused


aws_request_checks.install()
gc.set_threshold(20_000)  # a deployment creates many short-lived objects, beside those of the SDK, which stay


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for the target and the engine."""
    group = parser.getgroup("async-download", "end-to-end suite")
    group.addoption("--target", choices=list(Target), default=Target.EMULATOR, help="where to deploy (%(default)s)")
    group.addoption("--engine", choices=list(Engine), default=Engine.EMBEDDED, help="what deploys (%(default)s)")
    group.addoption(
        "--provider", choices=list(Provider), default=Provider.AUTO, help="of --engine pulumi (%(default)s)"
    )
    group.addoption("--aws-account", metavar="ID", help="--target aws: the sandbox account; any other is refused")
    group.addoption("--origin-url", metavar="URL", help="--target aws: where it can reach `localcloud.origin`")
    group.addoption("--random-ids", metavar="N", default=400, help="random ids that test_abuse.py tries (%(default)s)")
    group.addoption("--flood", metavar="N", default=200, help="requests of one caller in test_limits.py (%(default)s)")
    group.addoption("--wheels", metavar="FOLDER", type=Path, help="wheels to test, as by `make test-dist`")
    group.addoption("--keep-on-failure", action="store_true", help="leave the stacks when a test failed")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse --target aws without an account or with the embedded engine."""
    wheels.select_folder(config.getoption("--wheels"))
    if config.getoption("--target") == Target.AWS:
        if not config.getoption("--aws-account"):
            raise pytest.UsageError("--target aws needs --aws-account ID: the one account that may be deployed to.")
        if config.getoption("--engine") != Engine.PULUMI:
            raise pytest.UsageError("--target aws needs --engine pulumi: the embedded one deploys to emulators only.")
    if config.getoption("--engine") == Engine.PULUMI and not config.option.collectonly:
        choice = getattr(config, "workerinput", {}).get("provider", config.getoption("--provider"))
        if config.getoption("--target") == Target.AWS and choice == Provider.STAND_IN:
            raise pytest.UsageError("--provider stand-in is for emulators: --target aws needs the official provider.")
        try:
            select_provider(Provider(choice))
        except MissingError as error:
            raise pytest.UsageError(str(error)) from None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker which provider was selected, so that it is looked for once."""
    node.workerinput["provider"] = str(selected_provider())


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the provider that Pulumi's engine uses."""
    if config.getoption("--engine") != Engine.PULUMI:
        return []
    return [f"provider: {selected_provider()}, pulumi-aws {version('pulumi-aws')}"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of `engine/` with `engine`."""
    for item in items:
        if ENGINE_FOLDER in item.path.parents:
            item.add_marker("engine")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the commands that destroy kept stacks from a worker to the main process."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["destroy_commands"] = DESTROY_COMMANDS


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Receive the commands that destroy kept stacks from a worker."""
    DESTROY_COMMANDS.extend(getattr(node, "workeroutput", {}).get("destroy_commands", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the commands that destroy kept stacks."""
    if DESTROY_COMMANDS:
        terminalreporter.section("stacks that were kept")
        terminalreporter.write_line("\n".join(["To destroy them:", *DESTROY_COMMANDS]))


def keep_on_failure(request: pytest.FixtureRequest) -> Callable[[], bool]:
    """Return a function that decides, at the end of a stack, whether it is kept."""
    return lambda: bool(request.config.getoption("--keep-on-failure") and request.session.testsfailed)


@pytest.fixture(autouse=True)
def _valid_requests() -> Iterator[None]:
    """Fail a test during which a process sent a request that AWS would refuse."""
    yield
    _assert_valid_requests()


def _assert_valid_requests() -> None:
    problems = aws_request_problems.collect()
    assert not problems, "\n".join(["AWS would refuse:", *problems])


@pytest.fixture(scope="session")
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The cloud of the option --target."""
    target, account = request.config.getoption("--target"), request.config.getoption("--aws-account")
    try:
        with open_cloud(Target(target), folder=tmp_path_factory.mktemp("cloud"), account=account) as opened:
            yield opened
            _assert_valid_requests()  # requests after the last test, and of the destruction of stacks
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def origin() -> Iterator[Origin]:
    """The local HTTP origin, whose behaviour a path selects (`localcloud/origin.py`)."""
    with Origin() as running:
        yield running


@pytest.fixture(scope="session")
def secret(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """ARN and value of the secret that the origin `guarded` gets in a header."""
    with origin_secret(cloud) as arn_and_value:
        yield arn_and_value


@pytest.fixture(scope="session")
def origins(cloud: Cloud, origin: Origin, secret: tuple[str, str], request: pytest.FixtureRequest) -> Iterator[Origins]:
    """The origins of the stacks."""
    try:
        with origins_for(cloud, origin.base_url, request.config.getoption("--origin-url"), secret[0]) as configured:
            yield configured
    except MissingError as missing:
        pytest.skip(str(missing))


@contextmanager
def deploy_stack(request: pytest.FixtureRequest, cloud: Cloud, name: str, config: Config) -> Iterator[Stack]:
    """Deploy the program with the engine of the option --engine, and destroy it when the context ends."""
    engine, unique_name = Engine(request.config.getoption("--engine")), f"{name}-{secrets.token_hex(3)}"
    try:
        with deployed(engine, cloud, unique_name, config, keep_on_failure(request)) as deployment:
            yield Stack(cloud, deployment.outputs, origin=FILES, signed=config["auth.type"] == "iam")
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def deploy(cloud: Cloud, secret: tuple[str, str], request: pytest.FixtureRequest) -> Deploy:
    """A function that deploys the program, and checks when the context ends that the tests left nothing behind."""

    @contextmanager
    def deploy_and_check(name: str, config: Config) -> Iterator[Stack]:
        with deploy_stack(request, cloud, name, config) as stack:
            stack.client.secrets.add(secret[1])
            yield stack
            _assert_clean(stack, failed=bool(request.session.testsfailed))

    return deploy_and_check


@pytest.fixture(scope="session")
def end_events(cloud: Cloud) -> Iterator[EventQueue]:
    """The bus of the events of `stack`, and the queue that receives them."""
    with event_queue(cloud) as queue:
        yield queue


@pytest.fixture(scope="session")
def stack(cloud: Cloud, origins: Origins, deploy: Deploy, end_events: EventQueue) -> Iterator[Stack]:
    """The stack of most tests: slices from 64 MB, a web page, events, REST without authentication except on AWS."""
    auth = "iam" if cloud.target is Target.AWS else "none"
    page = auth == "none"  # the page cannot sign
    settings = config_for(
        cloud,
        origins,
        {
            "auth.type": auth,
            "copying.sliceThresholdMb": 64,
            "api.corsOrigins": [PAGE_ORIGIN],
            "api.webPage": page,
            "observability.eventBus": end_events.bus,
        },
    )
    with deploy("e2e", settings) as deployment:
        deployment.end_events = end_events
        yield deployment


@pytest.fixture(scope="session")
def strict_stack(cloud: Cloud, origins: Origins, deploy: Deploy) -> Iterator[Stack]:
    """A stack with other settings: REST by IAM, short URLs, one connection, reuse, low limits, STANDARD slices."""
    settings = config_for(
        cloud,
        origins,
        {
            "auth.type": "iam",
            "retention.urlExpiresSeconds": 60,
            "websocket.maxConnectionsPerDownload": 1,
            "limits.maxFileMb": MAX_FILE_MB,
            "copying.reuseSeconds": 600,
            "websocket.idleTimeoutSeconds": IDLE_SECONDS,
            "copying.sliceThresholdMb": 64,
            "cloud.sliceExecutionType": "STANDARD",
        },
    )
    with deploy("strict", settings) as deployment:
        yield deployment


def _assert_clean(stack: Stack, *, failed: bool) -> None:
    """Assert that the tests left nothing behind that costs money, and that no record holds a secret."""
    if failed:
        print("\nA test failed, so the leftovers of the stack are not checked.")  # noqa: T201
        return
    stack.operator.stop_idle_closers()
    wait_for(stack.operator.leftovers, LEFTOVERS_SECONDS, until=is_absent)
    assert find_leaks(all_records(stack), stack.client.secrets) == []
