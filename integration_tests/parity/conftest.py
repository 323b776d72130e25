"""Servers of the other implementations of AWS, one of each for the whole suite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import pytest

from integration_tests.parity import dynamodb, machines, s3, step_functions
from integration_tests.parity.servers import free_port
from integration_tests.support import aws_request_problems
from integration_tests.support.clouds import FUNCTION_SERVER, RETRY_WAITS, Cloud, emulated
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
    "cloud.sliceExecutionType": "STANDARD",  # LocalStack refuses EXPRESS in a Distributed Map
    "websocket.idleTimeoutSeconds": 10,  # LocalStack does not shorten waits
}


class Ports(NamedTuple):
    """Free ports of 127.0.0.1 for MiniStack and the interpreter."""

    emulator: int
    step_functions: int

    @property
    def emulator_url(self) -> str:
        """The URL of MiniStack."""
        return f"http://127.0.0.1:{self.emulator}"

    @property
    def step_functions_url(self) -> str:
        """The URL of the interpreter."""
        return f"http://127.0.0.1:{self.step_functions}"


def require(implementation: GoProgram | PythonPackage) -> None:
    """Skip the test if the implementation is not built; the reason names the remedy."""
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
    """An empty bucket; the adapters of the runtime use its server until the test ends."""
    return s3_server.use(monkeypatch)


@pytest.fixture(scope="session")
def aws_url(dynamodb_url: str) -> str:
    """The URL of AWS for functions under the Runtime Interface Emulator: moto implements more than DynamoDB."""
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
def ports() -> Ports:
    """The ports of MiniStack and of the interpreter: each needs the other's URL before it starts."""
    return Ports(free_port(), free_port())


@pytest.fixture(scope="session")
def emulator(ports: Ports, dynamodb_url: str, tmp_path_factory: pytest.TempPathFactory) -> Emulator:
    """MiniStack, not yet started."""
    endpoints = {"AWS_ENDPOINT_URL_SFN": ports.step_functions_url, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url}
    environment = {"SFN_WAIT_SCALE": RETRY_WAITS, **aws_request_problems.environment(), **endpoints}
    log = tmp_path_factory.mktemp("cloud") / "emulator.log"
    return Emulator(log, ports.emulator, environment, observe=True, observer=FUNCTION_SERVER)


@pytest.fixture(scope="session")
def step_functions_url(ports: Ports, emulator: Emulator, dynamodb_url: str) -> Iterator[str]:
    """The URL of LocalStack's interpreter; its tasks call moto's DynamoDB, and MiniStack for the rest."""
    require(STEP_FUNCTIONS)
    endpoints = dict.fromkeys(("events", "lambda", "logs"), ports.emulator_url) | {"dynamodb": dynamodb_url}
    key = emulator.access_key_id, emulator.secret_access_key
    with step_functions.running(machines.responses(), endpoints, key, ports.step_functions) as url:
        yield url


@pytest.fixture(scope="session")
def cloud(emulator: Emulator, step_functions_url: str, dynamodb_url: str) -> Iterator[Cloud]:
    """The cloud of the end-to-end fixtures: MiniStack with LocalStack's Step Functions and moto's DynamoDB."""
    endpoints = {"stepfunctions": step_functions_url, "dynamodb": dynamodb_url}
    with emulator:
        yield replace(emulated(emulator), service_endpoints=endpoints, settings=SETTINGS)
