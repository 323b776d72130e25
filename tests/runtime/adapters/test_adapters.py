"""Signing, executions, functions, sockets and secrets: the calls to AWS, and how errors are mapped."""

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
from runtime.adapters.event_bus import EventBridgeBus
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
    """A client that validates each call and answers from a list; `service` is the service used last."""

    def __init__(self, answers: list[Answer]) -> None:
        self.service = ""
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def of(self, service: str, *_settings: object) -> FakeClient:
        """Replace `aws.client`."""
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


def client_error(code: str, status: int = 400) -> ClientError:
    """Return an error as botocore raises it."""
    response: Any = {
        "Error": {"Code": code, "Message": "see https://secret"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Operation")


@pytest.fixture
def answer_with(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeClient]:
    """Return a function that replaces every client by a client with these answers."""

    def answer(*answers: Answer) -> FakeClient:
        client = FakeClient(list(answers))
        monkeypatch.setattr(aws, "client", client.of)
        return client

    return answer


AnswerWith = Callable[..., FakeClient]


def test_start_sends_identical_input_every_time(answer_with: AnswerWith) -> None:
    """StartExecution is idempotent only if name and input are the same."""
    client = answer_with({}, {})
    for _ in range(2):
        StepFunctions(STATE_MACHINE).start(DOWNLOAD_ID)
    first, second = client.calls
    assert first == second
    expected = {"stateMachineArn": STATE_MACHINE, "name": DOWNLOAD_ID, "input": f'{{"downloadId":"{DOWNLOAD_ID}"}}'}
    assert first == ("start_execution", expected)


def test_start_of_an_existing_execution_raises_its_own_error(answer_with: AnswerWith) -> None:
    answer_with(client_error("ExecutionAlreadyExists"), client_error("ThrottlingException"))
    with pytest.raises(ExecutionExistsError):
        StepFunctions(STATE_MACHINE).start(DOWNLOAD_ID)
    with pytest.raises(ServiceError, match="StartExecution: ThrottlingException"):
        StepFunctions(STATE_MACHINE).start(DOWNLOAD_ID)


def test_stop_ignores_a_missing_execution_only(answer_with: AnswerWith) -> None:
    client = answer_with({}, client_error("ExecutionDoesNotExist"), client_error("AccessDeniedException"))
    StepFunctions(STATE_MACHINE).stop(ARN)
    StepFunctions(STATE_MACHINE).stop(ARN)
    with pytest.raises(ServiceError, match="AccessDenied"):
        StepFunctions(STATE_MACHINE).stop(ARN)
    assert client.calls[0][1]["executionArn"] == ARN


def test_status_of_a_missing_execution_is_none_and_data_is_not_requested(answer_with: AnswerWith) -> None:
    client = answer_with(
        {"status": "RUNNING"}, client_error("ExecutionDoesNotExist"), client_error("ThrottlingException")
    )
    assert StepFunctions(STATE_MACHINE).status(ARN) == "RUNNING"
    assert StepFunctions(STATE_MACHINE).status(ARN) is None
    with pytest.raises(ServiceError, match="Throttling"):
        StepFunctions(STATE_MACHINE).status(ARN)
    assert client.calls[0][1]["includedData"] == "METADATA_ONLY"


def test_function_is_invoked_asynchronously_and_its_response_read(answer_with: AnswerWith) -> None:
    payload = io.BytesIO(b"unread")
    client = answer_with({"Payload": payload}, client_error("TooManyRequestsException"))
    LambdaFunctions().start("deliver", {"executionArn": ARN})
    operation, parameters = client.calls[0]
    assert (operation, parameters["FunctionName"], parameters["InvocationType"]) == ("invoke", "deliver", "Event")
    assert json.loads(parameters["Payload"]) == {"executionArn": ARN}
    assert payload.read() == b"", "a connection whose answer is not read to its end cannot be used again"
    with pytest.raises(ServiceError, match="Invoke: TooManyRequests"):
        LambdaFunctions().start("deliver", {})


BUS = "arn:aws:events:us-east-1:123456789012:event-bus/downloads"


def test_event_is_put_on_its_bus_with_source_type_and_time(answer_with: AnswerWith) -> None:
    client = answer_with({"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]})
    EventBridgeBus(BUS).put({"status": "READY"}, resource=ARN, time=1_800_000_000.25)
    ((operation, parameters),) = client.calls
    assert (client.service, operation) == ("events", "put_events")
    assert parameters == {
        "Entries": [
            {
                "EventBusName": BUS,
                "Source": "async-download",
                "DetailType": "Download Status Change",
                "Detail": '{"status": "READY"}',
                "Resources": [ARN],
                "Time": datetime(2027, 1, 15, 8, 0, 0, 250_000, UTC),
            }
        ]
    }


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalException", "InternalFailure"])
def test_entry_that_is_refused_with_status_200_for_now_raises_a_transient_error(
    answer_with: AnswerWith, code: str
) -> None:
    answer_with({"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "https://secret"}]})
    with pytest.raises(TransientServiceError, match=f"^PutEvents: {code}$"):
        EventBridgeBus(BUS).put({}, resource=ARN, time=1.0)


@pytest.mark.parametrize("entries", [[{"ErrorCode": "NotAuthorizedForSourceException"}], [{}], []])
def test_entry_that_is_refused_with_status_200_for_good_raises_an_error(
    answer_with: AnswerWith, entries: list[dict[str, str]]
) -> None:
    answer_with({"FailedEntryCount": 1, "Entries": entries})
    with pytest.raises(ServiceError, match=r"^PutEvents: (NotAuthorizedForSourceException|Unknown)$") as error_info:
        EventBridgeBus(BUS).put({}, resource=ARN, time=1.0)
    assert not isinstance(error_info.value, TransientServiceError)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (client_error("InternalException", 500), TransientServiceError),
        (client_error("ThrottlingException"), TransientServiceError),
        (ReadTimeoutError(endpoint_url="https://secret"), TransientServiceError),
        (EndpointConnectionError(endpoint_url="https://secret"), TransientServiceError),
        (client_error("ResourceNotFoundException"), ServiceError),
        (client_error("AccessDeniedException", 403), ServiceError),
        (NoCredentialsError(), ServiceError),
    ],
)
def test_failed_call_of_the_bus_is_an_error_without_its_message(
    answer_with: AnswerWith, failure: Exception, kind: type[ServiceError]
) -> None:
    answer_with(failure)
    with pytest.raises(ServiceError) as error_info:
        EventBridgeBus(BUS).put({}, resource=ARN, time=1.0)
    assert error_info.type is kind
    assert "secret" not in str(error_info.value)


@pytest.mark.parametrize(
    "gone_error", [client_error("GoneException", 410), client_error("410", 410), client_error("Unknown", 410)]
)
def test_post_to_a_gone_socket_raises_connection_gone(answer_with: AnswerWith, gone_error: Exception) -> None:
    answer_with(
        {},
        gone_error,
        client_error("LimitExceededException", 429),
        EndpointConnectionError(endpoint_url="https://secret"),
    )
    sockets = ManagementSockets("https://api.example/v1")
    sockets.post("c1", b"{}")
    with pytest.raises(ConnectionGoneError):
        sockets.post("c1", b"{}")
    with pytest.raises(ServiceError, match="LimitExceeded"):
        sockets.post("c1", b"{}")
    with pytest.raises(ServiceError, match="PostToConnection: EndpointConnectionError"):
        sockets.post("c1", b"{}")


@pytest.mark.parametrize(
    "failure",
    [
        client_error("LimitExceededException", 429),
        client_error("Unknown", 429),
        client_error("InternalServerError", 500),
        client_error("ServiceUnavailable", 503),
        EndpointConnectionError(endpoint_url="https://secret"),
        ConnectTimeoutError(endpoint_url="https://secret"),
        ReadTimeoutError(endpoint_url="https://secret"),
        ConnectionClosedError(endpoint_url="https://secret"),
    ],
)
def test_post_that_may_succeed_later_raises_a_transient_error(answer_with: AnswerWith, failure: Exception) -> None:
    answer_with(failure)
    with pytest.raises(TransientServiceError) as caught:
        ManagementSockets("https://api.example/v1").post("c1", b"{}")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "failure",
    [
        client_error("ForbiddenException", 403),
        client_error("BadRequestException", 400),
        client_error("PayloadTooLargeException", 413),
        NoCredentialsError(),
    ],
)
def test_post_that_cannot_succeed_raises_a_permanent_error(answer_with: AnswerWith, failure: Exception) -> None:
    answer_with(failure)
    with pytest.raises(ServiceError) as caught:
        ManagementSockets("https://api.example/v1").post("c1", b"{}")
    assert not isinstance(caught.value, TransientServiceError)


def test_is_open_raises_an_error_other_than_gone(answer_with: AnswerWith) -> None:
    client = answer_with({}, client_error("GoneException", 410), client_error("LimitExceededException", 429))
    sockets = ManagementSockets("https://api.example/v1")
    assert sockets.is_open("c1")
    assert not sockets.is_open("c1")
    with pytest.raises(ServiceError, match="GetConnection: LimitExceeded"):
        sockets.is_open("c1")
    assert client.calls == [("get_connection", {"ConnectionId": "c1"})] * 3


def test_close_of_a_gone_socket_raises_connection_gone(answer_with: AnswerWith) -> None:
    client = answer_with({}, client_error("GoneException", 410), client_error("ForbiddenException", 403))
    sockets = ManagementSockets("https://api.example/v1")
    sockets.close("c1")
    with pytest.raises(ConnectionGoneError):
        sockets.close("c1")
    with pytest.raises(ServiceError, match="DeleteConnection: Forbidden"):
        sockets.close("c1")
    assert client.calls == [("delete_connection", {"ConnectionId": "c1"})] * 3


def test_idle_closer_starts_an_unnamed_execution_without_secrets(answer_with: AnswerWith) -> None:
    client = answer_with({}, client_error("ThrottlingException"))
    IdleCloserMachine(STATE_MACHINE).start(ARN, ["c1", "c2"], since=1_800_000_000.5)
    operation, parameters = client.calls[0]
    assert (operation, set(parameters)) == ("start_execution", {"stateMachineArn", "input"})
    expected = {"executionArn": ARN, "connectionIds": ["c1", "c2"], "since": "2027-01-15T08:00:00.500Z"}
    assert json.loads(parameters["input"]) == expected
    with pytest.raises(ServiceError, match="StartExecution: Throttling"):
        IdleCloserMachine(STATE_MACHINE).start(ARN, ["c1"], since=0.0)


def test_sockets_are_called_at_the_full_url_without_retries_of_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    urls: list[str] = []

    def stop(request: Any, **_arguments: object) -> None:
        urls.append(request.url)
        raise EndpointConnectionError(endpoint_url=request.url)

    session = Session()
    session.set_credentials("test", "test")
    session.set_config_variable("region", "us-east-1")
    session.register("before-send", stop)
    monkeypatch.setattr(aws, "session", lambda: session)
    monkeypatch.setattr(aws, "_clients", {})
    with pytest.raises(ServiceError):
        ManagementSockets("https://a1b2.execute-api.us-east-1.amazonaws.com/v1").post("c1=", b"{}")
    assert urls == ["https://a1b2.execute-api.us-east-1.amazonaws.com/v1/@connections/c1%3D"]


def test_secret_is_read_once_and_must_fit_into_a_header(answer_with: AnswerWith) -> None:
    client = answer_with(
        {"SecretString": "s3cret\n"}, {"SecretString": "a\r\nHost: b"}, client_error("AccessDeniedException")
    )
    secrets = SecretsManager()
    assert secrets.get("arn:key") == secrets.get("arn:key") == "s3cret"
    assert client.calls == [("get_secret_value", {"SecretId": "arn:key"})]
    with pytest.raises(ServiceError, match="NotAHeaderValue"):
        secrets.get("arn:other")
    with pytest.raises(ServiceError, match="AccessDenied"):
        secrets.get("arn:third")


def test_secret_without_a_string_is_a_service_error(answer_with: AnswerWith) -> None:
    """Secrets Manager returns SecretBinary for a secret that was stored as bytes."""
    answer_with({"SecretBinary": b"s3cret"}, {"SecretBinary": b"s3cret"})
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
def test_ca_bundle_is_cached_for_five_minutes(
    answer_with: AnswerWith, monkeypatch: pytest.MonkeyPatch, arn: str, answer: Any, call: tuple[str, str]
) -> None:
    """A CA certificate is renewed while functions live."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    client, secrets = answer_with(answer, answer), SecretsManager()
    assert secrets.get_ca_bundle(arn) == secrets.get_ca_bundle(arn) == "PEM\n"
    assert [(operation, parameters[call[1]]) for operation, parameters in client.calls] == [(call[0], arn)]
    now[0] += 301
    assert secrets.get_ca_bundle(arn) == "PEM\n"
    assert len(client.calls) == 2


def test_cached_ca_bundle_is_not_accepted_as_a_header_value(answer_with: AnswerWith) -> None:
    answer_with({"SecretString": "a\nb"}, {"SecretString": "a\nb"})
    secrets, arn = SecretsManager(), "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ca-a1B2c3"
    assert secrets.get_ca_bundle(arn) == "a\nb"
    with pytest.raises(ServiceError, match="NotAHeaderValue"):
        secrets.get(arn)


def credentials(minutes: float) -> dict[str, Any]:
    """Return a response of AssumeRole."""
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
    """Return a function that sets the region to sign for, without an endpoint of the environment."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    def use(name: str) -> None:
        session = Session()
        session.set_config_variable("region", name)
        monkeypatch.setattr(aws, "session", lambda: session)

    use("us-east-1")
    return use


def sign(role: RoleSigner) -> tuple[str, float]:
    """Return a URL and its end."""
    signed = role.sign("downloads/abc", content_disposition='attachment; filename="a.csv"', content_type="text/csv")
    return signed.url, signed.expires_at


@pytest.mark.parametrize("name", ["us-east-1", "eu-central-1", "ap-southeast-4"])
def test_urls_are_signed_with_sigv4_for_the_regional_host(
    answer_with: AnswerWith, region: Callable[[str], None], name: str
) -> None:
    """The global host answers 307 in new regions, and SigV2 is refused there."""
    region(name)
    answer_with(credentials(60))
    url, _ = sign(RoleSigner(ROLE, "my-bucket", 900))
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", f"my-bucket.s3.{name}.amazonaws.com", "/downloads/abc")
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["900"]
    assert query["X-Amz-Security-Token"] == ["token"]
    assert query["response-content-disposition"] == ['attachment; filename="a.csv"']
    assert query["response-content-type"] == ["text/csv"]


def test_endpoint_that_is_an_address_gets_the_bucket_in_the_path(
    answer_with: AnswerWith, region: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no host `my-bucket.127.0.0.1`."""
    region("eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    answer_with(credentials(60))
    parts = urlsplit(sign(RoleSigner(ROLE, "my-bucket", 900))[0])
    assert (parts.netloc, parts.path) == ("127.0.0.1:4566", "/my-bucket/downloads/abc")
    assert parse_qs(parts.query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


@pytest.mark.usefixtures("region")
def test_role_is_assumed_once_for_many_urls(answer_with: AnswerWith) -> None:
    """An hour is the longest session that a role may request for another role."""
    client = answer_with(credentials(60))
    role = RoleSigner(ROLE, "my-bucket", 900)
    assert sign(role)[0] != ""
    assert sign(role)[0] != ""
    ((operation, parameters),) = client.calls
    assert operation == "assume_role"
    assert parameters.pop("RoleSessionName").startswith("async-download-")
    assert parameters == {"RoleArn": ROLE, "DurationSeconds": 3600}


@pytest.mark.usefixtures("region")
def test_role_is_assumed_again_before_its_session_would_shorten_a_url(
    answer_with: AnswerWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A URL ends with the session that signed it."""
    client = answer_with(credentials(60), credentials(120))
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
def test_expiry_of_a_url_is_limited_by_the_session(answer_with: AnswerWith) -> None:
    answer_with(credentials(5))
    url, ends = sign(RoleSigner(ROLE, "my-bucket", 900))
    seconds = int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0])
    assert 290 <= seconds <= 300
    assert ends <= datetime.now(UTC).timestamp() + 300


@pytest.mark.usefixtures("region")
def test_assume_role_error_is_raised_without_its_message(answer_with: AnswerWith) -> None:
    answer_with(client_error("AccessDenied"))
    with pytest.raises(ServiceError, match=r"^AssumeRole: AccessDenied$"):
        sign(RoleSigner(ROLE, "my-bucket", 900))


def test_system_clock_returns_the_systems_time() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0)
    assert clock.monotonic() >= before
    assert abs(clock.now() - datetime.now(UTC).timestamp()) < 5


def test_session_is_created_once() -> None:
    """Creating it takes a large part of a cold start."""
    assert aws.session() is aws.session()
    assert isinstance(aws.session(), Session)


def test_client_is_created_once_per_service(in_process: InProcess) -> None:
    assert in_process.requests == []
    assert aws.client("dynamodb") is aws.client("dynamodb")
    assert aws.client("dynamodb") is not aws.client("stepfunctions")
