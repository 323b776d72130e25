"""The implementations, one server of each for the whole suite, and the product's adapters on them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration_tests.parity import dynamodb, machines, s3, step_functions
from integration_tests.parity.servers import free_port
from integration_tests.support.clouds import RETRY_WAITS, Cloud, Target
from localcloud.emulator import Emulator
from tools.parity.build import is_ready
from tools.parity.implementations import (
    EMULATOR,
    IMPLEMENTATIONS,
    LAMBDA_CLIENT,
    MOTO,
    STEP_FUNCTIONS,
    VERSITYGW,
    GoProgram,
    PythonPackage,
)
from tools.parity.prerequisites import MissingPrerequisiteError, find_go, find_python

SETTINGS = {
    "sliceExecutionType": "STANDARD",  # LocalStack refuses EXPRESS in a Distributed Map
    "closeIdleSeconds": 10,  # its waits last as long as they say, and the suite ends when no execution is left
}


def require(implementation: GoProgram | PythonPackage) -> None:
    """Skip the test unless the implementation was built, with the reason and the remedy."""
    if not is_ready(implementation):
        pytest.skip(f"{implementation.name} {implementation.version} is not built: {_remedy(implementation)}")


def _remedy(implementation: GoProgram | PythonPackage) -> str:
    try:
        if isinstance(implementation, GoProgram):
            find_go(implementation.pins[0].parent)
        else:
            find_python()
    except MissingPrerequisiteError as missing:
        return f"{missing} Then run: make test-parity"
    return "run make test-parity, which builds it."


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the implementations that the suite ran on."""
    terminalreporter.section("implementations")
    for implementation in IMPLEMENTATIONS:
        state = "" if is_ready(implementation) else " (not built here)"
        terminalreporter.write_line(f"{implementation.name} {implementation.version}{state}")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[s3.S3Server]:
    """A running versitygw, over TLS."""
    require(VERSITYGW)
    with s3.running() as server:
        yield server


@pytest.fixture
def bucket(s3_server: s3.S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket; until the test ends, the product's adapters speak to its server."""
    return s3_server.use(monkeypatch)


@pytest.fixture(scope="session")
def aws_url(dynamodb_url: str) -> str:
    """The URL where functions under the Runtime Interface Emulator reach AWS: moto plays more than DynamoDB there."""
    require(EMULATOR)
    require(LAMBDA_CLIENT)
    return dynamodb_url


@pytest.fixture(scope="session")
def dynamodb_url() -> Iterator[str]:
    """The URL of a running moto server."""
    require(MOTO)
    with dynamodb.running() as url:
        yield url


@pytest.fixture(scope="session")
def emulator_port() -> int:
    """The port of the MiniStack that the journeys start, which the interpreter has to know before."""
    return free_port()


@pytest.fixture(scope="session")
def step_functions_url(dynamodb_url: str, emulator_port: int) -> Iterator[str]:
    """The URL of LocalStack's interpreter; its tasks call moto's DynamoDB, and MiniStack for the rest."""
    require(STEP_FUNCTIONS)
    emulator = f"http://127.0.0.1:{emulator_port}"
    endpoints = {"dynamodb": dynamodb_url, **dict.fromkeys(("events", "lambda", "logs"), emulator)}
    with step_functions.running(machines.responses(), endpoints) as url:
        yield url


@pytest.fixture(scope="session")
def cloud(
    step_functions_url: str, dynamodb_url: str, emulator_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud]:
    """MiniStack, but for Step Functions and DynamoDB: what the fixtures of the end-to-end suite deploy to here."""
    elsewhere = {"stepfunctions": step_functions_url, "dynamodb": dynamodb_url}
    environment = {"AWS_ENDPOINT_URL_SFN": step_functions_url, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url}
    log = tmp_path_factory.mktemp("cloud") / "emulator.log"
    with Emulator(log_path=log, port=emulator_port, env={"SFN_WAIT_SCALE": RETRY_WAITS} | environment) as emulator:
        yield Cloud(
            Target.EMULATOR,
            emulator.region,
            emulator.endpoint,
            emulator.log_path,
            service_endpoints=elsewhere,
            settings=SETTINGS,
        )
