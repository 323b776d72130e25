"""Signing, executions, functions, sockets and secrets: what is asked of AWS, and what becomes of its errors."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.session import Session

from localcloud.aws_request_checks import check_request
from runtime.adapters import aws
from runtime.adapters.clock import SystemClock
from runtime.adapters.executions import StepFunctions
from runtime.adapters.functions import LambdaFunctions
from runtime.adapters.idle_closer import IdleCloserMachine
from runtime.adapters.secret_values import SecretsManager
from runtime.adapters.signer import RoleSigner
from runtime.adapters.sockets import ManagementSockets
from runtime.errors import ConnectionGoneError, ExecutionExistsError, ServiceError, TransientServiceError
from tests.components.support.adapter_calls import names_of
from tests.runtime.support.fakes import STATE_MACHINE
from tests.runtime.support.in_process import InProcess
from tests.runtime.support.world import ARN, DOWNLOAD_ID

ROLE = "arn:aws:iam::123456789012:role/signer"
Answer = dict[str, Any] | Exception


class FakeClient:
    """A client whose calls are checked and then answered from a list. `service` is that of the client used last."""

    def __init__(self, answers: list[Answer]) -> None:
        self.service = ""
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def of(self, service: str, *_settings: object) -> FakeClient:
        """Stand for `aws.client`."""
        self.service = service
        return self

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            check_request(self.service, names_of(self.service)[operation], parameters)
            self.calls.append((operation, parameters))
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def error(code: str, status: int = 400) -> ClientError:
    """What botocore raises."""
    described: Any = {
        "Error": {"Code": code, "Message": "see https://secret"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(described, "Operation")


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeClient]:
    """Let every client be one that answers with these."""

    def answer(*answers: Answer) -> FakeClient:
        client = FakeClient(list(answers))
        monkeypatch.setattr(aws, "client", client.of)
        return client

    return answer


Answering = Callable[..., FakeClient]


def test_an_execution_is_started_with_the_same_words_every_time(answering: Answering) -> None:
    """Named after the download; byte-identical input, or AWS would not take it for the same."""
    client = answering({}, {})
    for _ in range(2):
        StepFunctions(STATE_MACHINE).start(DOWNLOAD_ID)
    first, second = client.calls
    assert first == second
    expected = {"stateMachineArn": STATE_MACHINE, "name": DOWNLOAD_ID, "input": f'{{"downloadId":"{DOWNLOAD_ID}"}}'}
    assert first == ("start_execution", expected)


def test_an_execution_that_exists_is_told_apart(answering: Answering) -> None:
    """From one that could not be started."""
    answering(error("ExecutionAlreadyExists"), error("ThrottlingException"))
    with pytest.raises(ExecutionExistsError):
        StepFunctions(STATE_MACHINE).start(DOWNLOAD_ID)
    with pytest.raises(ServiceError, match="StartExecution: ThrottlingException"):
        StepFunctions(STATE_MACHINE).start(DOWNLOAD_ID)


def test_an_execution_is_stopped_if_there_is_one(answering: Answering) -> None:
    """And only that error is passed over."""
    client = answering({}, error("ExecutionDoesNotExist"), error("AccessDeniedException"))
    StepFunctions(STATE_MACHINE).stop(ARN)
    StepFunctions(STATE_MACHINE).stop(ARN)
    with pytest.raises(ServiceError, match="AccessDenied"):
        StepFunctions(STATE_MACHINE).stop(ARN)
    assert client.calls[0][1]["executionArn"] == ARN


def test_an_execution_has_a_status_or_is_not_there(answering: Answering) -> None:
    """Its input and output are not asked for."""
    client = answering({"status": "RUNNING"}, error("ExecutionDoesNotExist"), error("ThrottlingException"))
    assert StepFunctions(STATE_MACHINE).status(ARN) == "RUNNING"
    assert StepFunctions(STATE_MACHINE).status(ARN) is None
    with pytest.raises(ServiceError, match="Throttling"):
        StepFunctions(STATE_MACHINE).status(ARN)
    assert client.calls[0][1]["includedData"] == "METADATA_ONLY"


def test_a_function_is_not_waited_for(answering: Answering) -> None:
    """An event invocation."""
    payload = io.BytesIO(b"unread")
    client = answering({"Payload": payload}, error("TooManyRequestsException"))
    LambdaFunctions().start("deliver", {"executionArn": ARN})
    operation, parameters = client.calls[0]
    assert (operation, parameters["FunctionName"], parameters["InvocationType"]) == ("invoke", "deliver", "Event")
    assert json.loads(parameters["Payload"]) == {"executionArn": ARN}
    assert payload.read() == b"", "a connection whose answer is not read to its end cannot be used again"
    with pytest.raises(ServiceError, match="Invoke: TooManyRequests"):
        LambdaFunctions().start("deliver", {})


@pytest.mark.parametrize("gone", [error("GoneException", 410), error("410", 410), error("Unknown", 410)])
def test_a_socket_that_is_gone_is_told_apart(answering: Answering, gone: Exception) -> None:
    """From one that could not be reached."""
    answering({}, gone, error("LimitExceededException", 429), EndpointConnectionError(endpoint_url="https://secret"))
    sockets = ManagementSockets("https://api.example/v1")
    sockets.post("c1", b"{}")
    with pytest.raises(ConnectionGoneError):
        sockets.post("c1", b"{}")
    with pytest.raises(ServiceError, match="LimitExceeded"):
        sockets.post("c1", b"{}")
    with pytest.raises(ServiceError, match="PostToConnection: EndpointConnectionError"):
        sockets.post("c1", b"{}")


@pytest.mark.parametrize(
    "fault",
    [
        error("LimitExceededException", 429),
        error("Unknown", 429),
        error("InternalServerError", 500),
        error("ServiceUnavailable", 503),
        EndpointConnectionError(endpoint_url="https://secret"),
        ConnectTimeoutError(endpoint_url="https://secret"),
        ReadTimeoutError(endpoint_url="https://secret"),
        ConnectionClosedError(endpoint_url="https://secret"),
    ],
)
def test_a_post_that_another_try_may_mend_is_told_apart(answering: Answering, fault: Exception) -> None:
    """Throttled, a server error, no connection, no answer in time."""
    answering(fault)
    with pytest.raises(TransientServiceError) as caught:
        ManagementSockets("https://api.example/v1").post("c1", b"{}")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        error("ForbiddenException", 403),
        error("BadRequestException", 400),
        error("PayloadTooLargeException", 413),
        NoCredentialsError(),
    ],
)
def test_a_post_that_cannot_mend_is_told_apart(answering: Answering, fault: Exception) -> None:
    """Permission, size, form, credentials."""
    answering(fault)
    with pytest.raises(ServiceError) as caught:
        ManagementSockets("https://api.example/v1").post("c1", b"{}")
    assert not isinstance(caught.value, TransientServiceError)


def test_a_socket_is_open_until_it_is_gone(answering: Answering) -> None:
    """What cannot be known is an error, not an answer."""
    client = answering({}, error("GoneException", 410), error("LimitExceededException", 429))
    sockets = ManagementSockets("https://api.example/v1")
    assert sockets.is_open("c1")
    assert not sockets.is_open("c1")
    with pytest.raises(ServiceError, match="GetConnection: LimitExceeded"):
        sockets.is_open("c1")
    assert client.calls == [("get_connection", {"ConnectionId": "c1"})] * 3


def test_a_socket_is_closed_once(answering: Answering) -> None:
    """Closing it again finds it gone."""
    client = answering({}, error("GoneException", 410), error("ForbiddenException", 403))
    sockets = ManagementSockets("https://api.example/v1")
    sockets.close("c1")
    with pytest.raises(ConnectionGoneError):
        sockets.close("c1")
    with pytest.raises(ServiceError, match="DeleteConnection: Forbidden"):
        sockets.close("c1")
    assert client.calls == [("delete_connection", {"ConnectionId": "c1"})] * 3


def test_idle_sockets_are_closed_by_an_execution_of_any_name(answering: Answering) -> None:
    """It is told which, and since when they may be idle; a ticket or a URL is not among it."""
    client = answering({}, error("ThrottlingException"))
    IdleCloserMachine(STATE_MACHINE).start(ARN, ["c1", "c2"], since=1_800_000_000.5)
    operation, parameters = client.calls[0]
    assert (operation, set(parameters)) == ("start_execution", {"stateMachineArn", "input"})
    told = {"executionArn": ARN, "connectionIds": ["c1", "c2"], "since": "2027-01-15T08:00:00.500Z"}
    assert json.loads(parameters["input"]) == told
    with pytest.raises(ServiceError, match="StartExecution: Throttling"):
        IdleCloserMachine(STATE_MACHINE).start(ARN, ["c1"], since=0.0)


def test_sockets_are_reached_at_the_stacks_own_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """Path included; without a second try of the SDK's own."""
    seen: list[str] = []

    def stop(request: Any, **_other: object) -> None:
        seen.append(request.url)
        raise EndpointConnectionError(endpoint_url=request.url)

    session = Session()
    session.set_credentials("test", "test")
    session.set_config_variable("region", "us-east-1")
    session.register("before-send", stop)
    monkeypatch.setattr(aws, "session", lambda: session)
    monkeypatch.setattr(aws, "_clients", {})
    with pytest.raises(ServiceError):
        ManagementSockets("https://a1b2.execute-api.us-east-1.amazonaws.com/v1").post("c1=", b"{}")
    assert seen == ["https://a1b2.execute-api.us-east-1.amazonaws.com/v1/@connections/c1%3D"]


def test_a_secret_is_asked_for_once(answering: Answering) -> None:
    """And is fit for a header."""
    client = answering({"SecretString": "s3cret\n"}, {"SecretString": "a\r\nHost: b"}, error("AccessDeniedException"))
    secrets = SecretsManager()
    assert secrets.get("arn:key") == secrets.get("arn:key") == "s3cret"
    assert client.calls == [("get_secret_value", {"SecretId": "arn:key"})]
    with pytest.raises(ServiceError, match="NotAHeaderValue"):
        secrets.get("arn:other")
    with pytest.raises(ServiceError, match="AccessDenied"):
        secrets.get("arn:third")


def test_a_secret_without_a_string_is_an_error_of_ours(answering: Answering) -> None:
    """Secrets Manager returns SecretBinary for a secret that was stored as bytes."""
    answering({"SecretBinary": b"s3cret"}, {"SecretBinary": b"s3cret"})
    for read in (SecretsManager().get, SecretsManager().get_ca_bundle):
        with pytest.raises(ServiceError, match="GetSecretValue: NoSecretString"):
            read("arn:aws:secretsmanager:eu-west-1:123456789012:secret:ca-a1B2c3")


@pytest.mark.parametrize(
    ("arn", "answer", "call"),
    [
        (
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ca-a1B2c3",
            {"SecretString": "PEM\n"},
            ("get_secret_value", "SecretId"),
        ),
        (
            "arn:aws:ssm:eu-west-1:123456789012:parameter/ca",
            {"Parameter": {"Value": "PEM\n"}},
            ("get_parameter", "Name"),
        ),
    ],
    ids=["secret", "parameter"],
)
def test_a_ca_bundle_is_read_as_it_is_and_again_after_five_minutes(
    answering: Answering, monkeypatch: pytest.MonkeyPatch, arn: str, answer: Any, call: tuple[str, str]
) -> None:
    """A CA certificate is renewed while functions live."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    client, secrets = answering(answer, answer), SecretsManager()
    assert secrets.get_ca_bundle(arn) == secrets.get_ca_bundle(arn) == "PEM\n"
    assert [(operation, parameters[call[1]]) for operation, parameters in client.calls] == [(call[0], arn)]
    now[0] += 301
    assert secrets.get_ca_bundle(arn) == "PEM\n"
    assert len(client.calls) == 2


def test_a_ca_bundle_in_the_cache_is_no_header(answering: Answering) -> None:
    """A value that was read as a bundle is not sent as a header without its check."""
    answering({"SecretString": "a\nb"}, {"SecretString": "a\nb"})
    secrets, arn = SecretsManager(), "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ca-a1B2c3"
    assert secrets.get_ca_bundle(arn) == "a\nb"
    with pytest.raises(ServiceError, match="NotAHeaderValue"):
        secrets.get(arn)


def credentials(minutes: float) -> dict[str, Any]:
    """What AssumeRole answers."""
    ends = datetime.now(UTC) + timedelta(minutes=minutes)
    return {
        "Credentials": {
            "AccessKeyId": f"ASIA{minutes:.0f}",
            "SecretAccessKey": "secret",
            "SessionToken": "token",
            "Expiration": ends,
        }
    }


@pytest.fixture
def region(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sign for this region, without an endpoint of the environment's."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    def use(name: str) -> None:
        session = Session()
        session.set_config_variable("region", name)
        monkeypatch.setattr(aws, "session", lambda: session)

    use("us-east-1")
    return use


def sign(role: RoleSigner) -> tuple[str, float]:
    """A URL, and when it ends."""
    signed = role.sign("downloads/abc", content_disposition='attachment; filename="a.csv"', content_type="text/csv")
    return signed.url, signed.expires_at


@pytest.mark.parametrize("name", ["us-east-1", "eu-central-1", "ap-southeast-4"])
def test_urls_are_signed_for_the_regional_host_with_sigv4(
    answering: Answering, region: Callable[[str], None], name: str
) -> None:
    """The global host answers 307 in new regions, and SigV2 is refused there."""
    region(name)
    answering(credentials(60))
    url, _ = sign(RoleSigner(ROLE, "my-bucket", 900))
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", f"my-bucket.s3.{name}.amazonaws.com", "/downloads/abc")
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["900"]
    assert query["X-Amz-Security-Token"] == ["token"]
    assert query["response-content-disposition"] == ['attachment; filename="a.csv"']
    assert query["response-content-type"] == ["text/csv"]


def test_an_endpoint_that_is_an_address_keeps_the_bucket_in_the_path(
    answering: Answering, region: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no host `my-bucket.127.0.0.1`."""
    region("eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    answering(credentials(60))
    parts = urlsplit(sign(RoleSigner(ROLE, "my-bucket", 900))[0])
    assert (parts.netloc, parts.path) == ("127.0.0.1:4566", "/my-bucket/downloads/abc")
    assert parse_qs(parts.query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


@pytest.mark.usefixtures("region")
def test_the_role_is_assumed_once_for_many_urls(answering: Answering) -> None:
    """For an hour, the longest that a role may for another."""
    client = answering(credentials(60))
    role = RoleSigner(ROLE, "my-bucket", 900)
    assert sign(role)[0] != ""
    assert sign(role)[0] != ""
    ((operation, parameters),) = client.calls
    assert operation == "assume_role"
    assert parameters.pop("RoleSessionName").startswith("async-download-")
    assert parameters == {"RoleArn": ROLE, "DurationSeconds": 3600}


@pytest.mark.usefixtures("region")
def test_the_role_is_assumed_again_before_a_url_would_be_cut_short(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A URL dies with the session that signed it."""
    client = answering(credentials(60), credentials(120))
    role = RoleSigner(ROLE, "my-bucket", 900)
    first, _ = sign(role)
    later = time.time() + 45 * 60
    monkeypatch.setattr(time, "time", lambda: later)
    second, ends = sign(role)
    assert len({parameters["RoleSessionName"] for _, parameters in client.calls}) == 2
    assert "ASIA60" in first
    assert "ASIA120" in second
    assert ends == int(later) + 900


@pytest.mark.usefixtures("region")
def test_the_end_that_is_told_is_the_sessions_when_that_is_earlier(answering: Answering) -> None:
    """Never a promise that AWS would not keep."""
    answering(credentials(5))
    url, ends = sign(RoleSigner(ROLE, "my-bucket", 900))
    seconds = int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0])
    assert 290 <= seconds <= 300
    assert ends <= datetime.now(UTC).timestamp() + 300


@pytest.mark.usefixtures("region")
def test_a_role_that_may_not_be_assumed_is_an_error(answering: Answering) -> None:
    """Without its message."""
    answering(error("AccessDenied"))
    with pytest.raises(ServiceError, match=r"^AssumeRole: AccessDenied$"):
        sign(RoleSigner(ROLE, "my-bucket", 900))


def test_the_clock_goes_forward() -> None:
    """And is the system's."""
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0)
    assert clock.monotonic() >= before
    assert abs(clock.now() - datetime.now(UTC).timestamp()) < 5


def test_a_session_is_made_once() -> None:
    """Loading it is what a cold start waits for."""
    assert aws.session() is aws.session()
    assert isinstance(aws.session(), Session)


def test_a_client_is_made_once_per_service(in_process: InProcess) -> None:
    """And shared by threads."""
    assert in_process.requests == []
    assert aws.client("dynamodb") is aws.client("dynamodb")
    assert aws.client("dynamodb") is not aws.client("stepfunctions")
