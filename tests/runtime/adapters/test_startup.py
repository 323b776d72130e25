"""Starting a function: its first call finds clients and connections ready, and no failure ends it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from benchmarks.cold.calls import EVENTS, is_success
from benchmarks.cold.endpoint import Handler, Server
from benchmarks.cold.runs import CERTIFICATE, CREDENTIALS, Function, Process, environment_of, stage
from benchmarks.cold.runs import started as started_by
from integration_tests.support import function_server
from runtime.adapters import aws, startup
from tests.runtime.support.in_process import RawBody
from tests.runtime.test_architecture import HANDLERS, ROOT

Start = Callable[[Function, dict[str, str]], AbstractContextManager[Process]]
OPENED_BY_THE_CALL = {"copy": 2, "copy_slice": 1, "complete": 1}  # to the bucket, and to the origin
OPENED_BY_EACH_CALL = {"copy": 1}  # to the origin, whose connection is closed after a whole file


class CountingEndpoint(Server):
    """Counts connections and keeps the names of signed requests."""

    def __init__(self) -> None:
        self.connections = 0
        self.signed: list[str] = []
        self.open: list[socket.socket] = []
        super().__init__(str(CERTIFICATE), CountingHandler)
        self.url = f"https://127.0.0.1:{self.server_port}"

    def get_request(self) -> tuple[Any, Any]:
        self.connections += 1
        sock, address = super().get_request()
        self.open.append(sock)
        return sock, address

    def close_connections(self) -> None:
        """Close idle connections as AWS does."""
        for sock in self.open:
            with suppress(OSError):  # it was closed already
                sock.shutdown(socket.SHUT_RDWR)
        self.open.clear()


class CountingHandler(Handler):
    server: CountingEndpoint

    def record(self, name: str) -> None:
        if "Authorization" in self.headers:
            self.server.signed.append(name)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[CountingEndpoint]:
    """Return a server that stands for AWS and an origin."""
    server = CountingEndpoint()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def functions(endpoint: CountingEndpoint, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Function]:
    """Return every function as it is deployed."""
    return stage(ROOT, tmp_path_factory.mktemp("functions"), endpoint.url)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start functions from a process that has loaded botocore, as the end-to-end tests do."""
    python, server = function_server.start_server(tmp_path_factory.mktemp("server") / "socket")
    with server:
        yield partial(started_by, python=python)


@pytest.fixture
def environment(endpoint: CountingEndpoint, tmp_path: Path) -> dict[str, str]:
    """Return the environment that Lambda sets."""
    return environment_of(endpoint.url, tmp_path)


@pytest.mark.parametrize("key", HANDLERS)
def test_first_call_opens_no_connection_that_the_start_could_open(
    key: str,
    endpoint: CountingEndpoint,
    functions: dict[str, Function],
    environment: dict[str, str],
    started: Start,
) -> None:
    """Requests before the first call are unsigned, except for AssumeRole of the signing role."""
    endpoint.signed.clear()
    with started(functions[key], environment) as process:
        sent_at_start, open_at_start = list(endpoint.signed), endpoint.connections
        first = process.call(EVENTS[key])
        open_after_first = endpoint.connections
        second = process.call(EVENTS[key])
        log = process.log()
    assert is_success(first.get("answer")), (first, log)
    assert is_success(second.get("answer")), (second, log)
    assert open_after_first - open_at_start == OPENED_BY_THE_CALL.get(key, 0)
    assert endpoint.connections - open_after_first == OPENED_BY_EACH_CALL.get(key, 0)
    assert set(sent_at_start) <= {"AssumeRole"}
    assert "could not be prepared" not in log
    assert "botocore" not in log


@pytest.mark.parametrize("key", ["request_download", "connect", "deliver", "complete"])
def test_connection_closed_since_the_start_is_opened_again(
    key: str,
    endpoint: CountingEndpoint,
    functions: dict[str, Function],
    environment: dict[str, str],
    started: Start,
) -> None:
    """Lambda may start a function long before its first call, and freezes it between calls."""
    with started(functions[key], environment) as process:
        for _ in range(2):
            endpoint.close_connections()
            result = process.call(EVENTS[key])
            assert is_success(result.get("answer")), (result, process.log())
        process.log()


def test_missing_variable_fails_the_first_call_not_the_start(
    functions: dict[str, Function], environment: dict[str, str], started: Start
) -> None:
    """Lambda would start a function that ended again and again."""
    for key, outcome in (("request_download", 500), ("connect", 500), ("deliver", "ConfigError")):
        with started(functions[key], environment | {"DOWNLOADS_TABLE": ""}) as process:
            assert outcome_of(process, key) == outcome
            log = process.log()
        assert "The function could not be prepared" in log
        assert log.count("DOWNLOADS_TABLE is missing") == (0 if key == "deliver" else 1)


def test_missing_region_fails_the_first_call_not_the_start(
    functions: dict[str, Function], environment: dict[str, str], started: Start
) -> None:
    del environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"], environment["AWS_ENDPOINT_URL"]
    for key, outcome in (("request_download", 500), ("connect", 500), ("deliver", "ServiceError")):
        with started(functions[key], environment) as process:
            assert outcome_of(process, key) == outcome
            assert "NoRegionError" in process.log()


def test_refused_connection_fails_the_first_call_not_the_start(
    functions: dict[str, Function], environment: dict[str, str], started: Start
) -> None:
    with started(functions["connect"], environment | {"AWS_ENDPOINT_URL": "https://127.0.0.1:1"}) as process:
        assert outcome_of(process, "connect") == 500
        assert "EndpointConnectionError" in process.log()


def test_function_without_credentials_starts(
    functions: dict[str, Function], environment: dict[str, str], started: Start
) -> None:
    """The error names the operation that could not be signed."""
    for name in CREDENTIALS:
        del environment[name]
    for key, outcome in (("connect", 500), ("deliver", "ServiceError")):
        with started(functions[key], environment | {"HOME": "/nonexistent"}) as process:
            assert outcome_of(process, key) == outcome
            assert "GetItem: NoCredentialsError" in process.log() or key == "deliver"


def test_importing_a_handler_outside_lambda_creates_no_client() -> None:
    code = (
        "import importlib, sys\n"
        f"for name in {HANDLERS!r}: importlib.import_module('runtime.handlers.' + name)\n"
        "from runtime.adapters import aws\n"
        "assert not aws._clients and not aws.session.cache_info().currsize\n"
        "assert not aws.logging.root.handlers"
    )
    variables = {"PATH": os.environ["PATH"], "DOWNLOADS_TABLE": "d", "CONNECTIONS_TABLE": "c"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=variables, check=True)


class SlowAdapter:
    """An adapter whose endpoint does not answer."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.has_ended = False

    def warm_up(self) -> None:
        self.release.wait(30)
        self.has_ended = True


class FailingAdapter:
    def warm_up(self) -> None:
        raise RuntimeError("https://secret")


class ReadyAdapter:
    is_ready = False

    def warm_up(self) -> None:
        self.is_ready = True


def test_slow_or_failing_adapter_delays_neither_the_start_nor_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
    slow, ready = SlowAdapter(), ReadyAdapter()
    startup.run(lambda: startup.prepare(slow, None, FailingAdapter(), ready), seconds=0.2)
    assert not slow.has_ended
    slow.release.set()
    assert ready.is_ready
    log = capsys.readouterr().out
    assert '"adapter": "FailingAdapter", "reason": "RuntimeError"' in log
    assert "secret" not in log


def test_nothing_is_prepared_outside_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    ready = ReadyAdapter()
    startup.run(lambda: startup.prepare(ready))
    startup.prepare(ready)
    assert not ready.is_ready


def test_only_the_thread_that_opens_a_connection_sends_unsigned() -> None:
    """A call may run while the start's requests go on in the background."""
    signed: dict[str, bool] = {}
    session = aws.session.__wrapped__()
    session.set_credentials("test", "test")
    client = session.create_client("dynamodb", "us-east-1")

    def answer(request: AWSPreparedRequest, event_name: str, **_arguments: object) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        signed[operation] = "Authorization" in request.headers
        if operation == "GetItem":
            thread = threading.Thread(target=client.list_tables)
            thread.start()
            thread.join()
            return AWSResponse(request.url, 400, {}, RawBody(b'{"__type": "MissingAuthenticationToken"}'))
        return AWSResponse(request.url, 200, {}, RawBody(b"{}"))

    client.meta.events.register("before-send", answer)
    aws.open_connection(client, "get_item", TableName="none", Key={"none": {"S": "none"}})
    client.list_backups()
    assert signed == {"GetItem": False, "ListTables": True, "ListBackups": True}


def outcome_of(process: Process, key: str) -> object:
    """Return the status for the caller, or the class of the error for Step Functions."""
    result = process.call(EVENTS[key])
    return result.get("error") or result["answer"]["statusCode"]
