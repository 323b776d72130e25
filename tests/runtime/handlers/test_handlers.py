"""Each handler with the events that AWS sends: parsing, the call of the use case, and the response."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runtime.adapters.idle_closer import IdleCloserMachine
from runtime.errors import ConfigError, ServiceError, StorageError, TransferError
from runtime.handlers import boundary
from runtime.logic.requests import tickets
from runtime.logic.requests.access import Access
from runtime.logic.requests.cancel_download import CancelDownload
from runtime.logic.requests.get_download import GetDownload
from runtime.models import Preparation, Status, Target, execution_arn_of
from tests.runtime.ending.test_deliver import message_types, outcome_counts
from tests.runtime.support.fakes import STATE_MACHINE
from tests.runtime.support.fakes.hooks import fail_at
from tests.runtime.support.world import World
from tests.runtime.test_architecture import HANDLERS, ROOT
from tools.rest_contract import check_response

EVENTS = ROOT / "events"
Event = dict[str, Any]


def load_event(name: str) -> Event:
    """Return a canonical event."""
    loaded: Event = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


class Context:
    """The context object that Lambda passes to a handler."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before the time-out."""
        return 900_000


@pytest.fixture
def call(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Event], Any]:
    """Return a function that runs a handler on the fakes and checks its response against the REST contract."""
    monkeypatch.setenv("CORS_ORIGINS", '["https://app.example.com"]')
    access = Access(world.downloads, world.clock, STATE_MACHINE)
    use_cases = {
        "request_download": world.request_download,
        "get_download": GetDownload(access, world.reconcile, world.download_messages),
        "cancel_download": CancelDownload(access, world.cancel),
        "connect": world.connect,
        "disconnect": world.disconnect,
        "message": world.client_message,
        "copy": SimpleNamespace(run=lambda arn, seconds: {"outcome": "STORED", "arn": arn, "seconds": seconds}),
        "complete": SimpleNamespace(
            run=lambda arn, slices, throttled: {
                "outcome": "STORED",
                "arn": arn,
                "slices": slices,
                "throttled": sorted(throttled),
            }
        ),
        "close": world.close,
        "deliver": world.deliver,
        "fail": world.fail,
    }

    def run(name: str, event: Event) -> Any:
        module = importlib.import_module(f"runtime.handlers.{name}")
        monkeypatch.setattr(module, "build_use_case", lambda: use_cases[name])
        response = module.handler(event, Context())
        if "httpMethod" in event:
            check_response(
                event["httpMethod"],
                event["path"],
                response["statusCode"],
                response["headers"],
                json.loads(response["body"]),
            )
        return response

    return run


Call = Callable[[str, Event], Any]


def json_body(response: Event) -> Event:
    """Return the JSON body of a response that must not be cached."""
    assert response["headers"]["Content-Type"] == "application/json"
    assert response["headers"]["Cache-Control"] == "no-store"
    body: Event = json.loads(response["body"])
    return body


def put_event_download(world: World, **fields: object) -> tuple[str, tickets.Ticket]:
    """Put the download that the canonical events name into the table; return its ARN and ticket."""
    ticket_text = load_event("get_download")["headers"]["x-download-ticket"]
    ticket = tickets.parse(ticket_text)
    arn = execution_arn_of("arn:aws:states:us-east-1:123456789012:stateMachine:files", ticket.download_id)
    world.put_download(
        **{"execution_arn": arn, "download_id": ticket.download_id, "ticket_hashes": (ticket.hash,), **fields}
    )
    row = world.row
    world.downloads.rows = {arn: row}
    return arn, ticket


def test_every_handler_has_an_event_and_every_event_a_handler() -> None:
    names = {path.stem for path in EVENTS.glob("*.json")}
    assert set(HANDLERS) <= names
    assert all(any(name.startswith(handler) for handler in HANDLERS) for name in names)


def test_post_answers_202_with_location_and_is_idempotent(call: Call, world: World) -> None:
    response = call("request_download", load_event("request_download"))
    body = json_body(response)
    assert response["statusCode"] == 202
    assert response["headers"]["Location"] == body["statusUrl"]
    assert response["headers"]["Retry-After"] == "1"
    assert set(body) == {"downloadId", "executionArn", "webSocketEndpoint", "statusUrl", "expiresAt"}
    (row,) = world.downloads.rows.values()
    assert (row.path, row.file_name) == ("2026/11/figures.csv", "Figures 2026.csv")
    assert row.owner == "iam:arn:aws:iam::123456789012:user/alice"
    assert json_body(call("request_download", load_event("request_download")))["downloadId"] == body["downloadId"]


def test_get_answers_200_and_falls_back_to_the_default_path(call: Call, world: World) -> None:
    response = call("request_download", load_event("request_download_get"))
    assert response["statusCode"] == 200
    assert {"executionArn", "webSocketEndpoint"} <= set(json_body(response))
    without_query = load_event("request_download_get") | {"queryStringParameters": None}
    assert call("request_download", without_query)["statusCode"] == 200
    assert {row.path for row in world.downloads.rows.values()} == {"2026/11/figures.csv", "latest.csv"}


@pytest.mark.parametrize(("text", "status"), [("12", 200), ("-1", 400), ("1e3", 400), ("", 400), ("9" * 5000, 400)])
def test_size_in_a_query_must_be_digits(call: Call, world: World, text: str, status: int) -> None:
    request = load_event("request_download_get") | {"queryStringParameters": {"size": text}}
    assert call("request_download", request)["statusCode"] == status
    assert [row.expected_size for row in world.downloads.rows.values()] == ([12] if status == 200 else [])


def test_size_that_cannot_be_copied_answers_422_before_anything_is_stored(call: Call, world: World) -> None:
    body = json.dumps({"size": 60_000_000_001, "sha256": "a" * 64})
    response = call("request_download", load_event("request_download") | {"body": body})
    assert (response["statusCode"], json_body(response)["error"]["code"]) == (422, "FILE_TOO_LARGE")
    assert not world.downloads.rows


def test_base64_body_is_decoded(call: Call, world: World) -> None:
    """API Gateway sends a body in base64 when its type is a binary media type."""
    request = load_event("request_download")
    request |= {"body": base64.b64encode(request["body"].encode()).decode(), "isBase64Encoded": True}
    assert call("request_download", request)["statusCode"] == 202
    assert len(world.downloads.rows) == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"body": None}, 400, "INVALID_REQUEST"),
        ({"body": ""}, 400, "INVALID_REQUEST"),
        ({"body": "{"}, 400, "INVALID_REQUEST"),
        ({"body": "[]"}, 400, "INVALID_REQUEST"),
        ({"body": "[" * 10_000}, 400, "INVALID_REQUEST"),
        ({"body": '{"path": "' + "a" * 20_000 + '"}'}, 400, "INVALID_REQUEST"),
        ({"body": '{"path": 1}'}, 400, "INVALID_REQUEST"),
        ({"body": '{"path": ["a"]}'}, 400, "INVALID_REQUEST"),
        ({"body": '{"origin": {}}'}, 400, "INVALID_REQUEST"),
        ({"body": '{"size": -1}'}, 400, "INVALID_REQUEST"),
        ({"body": '{"size": 1.5}'}, 400, "INVALID_REQUEST"),
        ({"body": '{"size": "x"}'}, 400, "INVALID_REQUEST"),
        ({"body": '{"size": true}'}, 400, "INVALID_REQUEST"),
        ({"body": '{"filename": "a.csv"}'}, 400, "INVALID_REQUEST"),
        ({"body": '{"path": "../a"}'}, 400, "INVALID_PATH"),
        ({"body": '{"origin": "other"}'}, 400, "UNKNOWN_ORIGIN"),
        ({"body": "/w==", "isBase64Encoded": True}, 400, "INVALID_REQUEST"),
        ({"body": "!", "isBase64Encoded": True}, 400, "INVALID_REQUEST"),
        ({"body": '{"path": "other"}'}, 422, "IDEMPOTENCY_KEY_REUSED"),
    ],
)
def test_invalid_request_gets_its_status_and_error_code(
    call: Call, world: World, change: Event, status: int, code: str
) -> None:
    if status == 422:
        call("request_download", load_event("request_download"))
    response = call("request_download", load_event("request_download") | change)
    assert response["statusCode"] == status
    assert json_body(response)["error"]["code"] == code
    assert set(json_body(response)["error"]) == {"code", "message"}
    assert len(world.downloads.rows) == (1 if status == 422 else 0)


@pytest.mark.parametrize(
    ("context", "owner"),
    [
        ({"identity": {"userArn": "arn:user", "sourceIp": "1.2.3.4"}}, "iam:arn:user"),
        ({"identity": {"userArn": "arn:pool", "cognitoIdentityId": "eu-west-1:u1"}}, "identity:eu-west-1:u1"),
        ({"identity": {"apiKeyId": "key1", "sourceIp": "1.2.3.4"}}, "key:key1"),
        ({"authorizer": {"claims": "bob", "principalId": "alice"}}, "principal:alice"),
        ({"authorizer": {"principalId": "bob"}, "identity": {"sourceIp": "1.2.3.4"}}, "principal:bob"),
        ({"authorizer": {"claims": {"sub": "u-1"}, "principalId": "x"}}, "user:u-1"),
        ({"identity": {"sourceIp": "1.2.3.4", "userArn": None}}, "address:1.2.3.4"),
        ({}, "address:unknown"),
    ],
)
def test_owner_is_taken_from_the_authenticated_caller(call: Call, world: World, context: Event, owner: str) -> None:
    headers = {"Idempotency-Key": "b0e3f9a4-51c7-4d2e-9a68-7c1f0d35e2b9"}
    call("request_download", load_event("request_download") | {"requestContext": context, "headers": headers})
    (row,) = world.downloads.rows.values()
    assert row.owner == owner


@pytest.mark.parametrize("identity", [{"apiKeyId": "key1", "sourceIp": "1.2.3.4"}, {"sourceIp": "1.2.3.4"}])
def test_idempotency_key_of_a_shared_caller_must_be_a_uuid(call: Call, world: World, identity: Event) -> None:
    """Callers with one API key or address count as one owner and could guess each other's keys."""
    request = load_event("request_download") | {"requestContext": {"identity": identity}}
    for _ in ("the caller", "another caller"):
        response = call("request_download", request)
        assert response["statusCode"] == 400
        assert "UUID" in json_body(response)["error"]["message"]
    assert not world.downloads.rows


def test_internal_error_is_logged_but_not_returned(
    call: Call, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.executions.error = ServiceError("StartExecution", "AccessDeniedException")
    response = call("request_download", load_event("request_download"))
    assert response["statusCode"] == 500
    assert json_body(response)["error"]["code"] == "INTERNAL"
    assert "AccessDenied" not in response["body"]
    assert "StartExecution: AccessDeniedException" in capsys.readouterr().out


def test_throttling_answers_503_with_retry_after(call: Call, world: World) -> None:
    world.executions.error = ServiceError("StartExecution", "ThrottlingException")
    response = call("request_download", load_event("request_download"))
    assert (response["statusCode"], response["headers"]["Retry-After"]) == (503, "1")


def test_ticket_secret_never_appears_in_the_log(call: Call, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    response = call("request_download", load_event("request_download"))
    call("connect", load_event("connect"))
    log = capsys.readouterr().out
    assert json_body(response)["webSocketEndpoint"].rpartition(".")[2] not in log
    assert tickets.parse(load_event("connect")["queryStringParameters"]["ticket"]).secret not in log
    assert len(world.downloads.rows) == 1


def test_get_download_returns_status_and_progress(call: Call, world: World) -> None:
    arn, ticket = put_event_download(world, status=Status.COPYING, size=9, copied_bytes=4)
    response = call("get_download", load_event("get_download"))
    assert response["statusCode"] == 200
    assert json_body(response) == {
        "downloadId": ticket.download_id,
        "executionArn": arn,
        "status": "COPYING",
        "origin": "reports",
        "path": "a/b.csv",
        "createdAt": "2027-01-15T08:00:00.000Z",
        "expiresAt": "2027-01-15T09:00:00.000Z",
        "size": 9,
        "copiedBytes": 4,
    }


def test_get_download_of_a_preparing_download_returns_the_time_of_the_next_request(call: Call, world: World) -> None:
    target = Target("https://files.example.com/7?sig=s3cret", gets_secrets=True)
    waiting = Preparation(1, world.clock.now() + 60, target)
    put_event_download(world, status=Status.PREPARING, preparation=waiting)
    response = call("get_download", load_event("get_download"))
    body = json_body(response)
    assert (body["status"], body["nextRequestAt"]) == ("PREPARING", "2027-01-15T08:01:00.000Z")
    assert "s3cret" not in str(response)


def test_get_download_of_a_copying_download_names_no_request(call: Call, world: World) -> None:
    put_event_download(world, status=Status.COPYING, preparation=Preparation(1, world.clock.now()))
    assert "nextRequestAt" not in json_body(call("get_download", load_event("get_download")))


def test_get_download_of_a_ready_download_returns_a_fresh_url(call: Call, world: World) -> None:
    put_event_download(world, status=Status.READY)
    body = json_body(call("get_download", load_event("get_download")))
    assert body["url"] == body["download"]["url"]
    assert set(body["download"]) == {
        "url",
        "expiresAt",
        "size",
        "contentType",
        "fileName",
        "etag",
        "checksum",
        "sha256",
    }
    assert "error" not in body


def test_get_download_fails_a_download_whose_execution_is_gone(call: Call, world: World) -> None:
    put_event_download(world)
    world.clock.time += 61
    body = json_body(call("get_download", load_event("get_download")))
    assert (body["status"], body["error"]["code"]) == ("FAILED", "TRANSFER_FAILED")


@pytest.mark.parametrize("name", ["get_download", "cancel_download"])
def test_rest_ignores_a_ticket_in_the_query(call: Call, world: World, name: str) -> None:
    """URLs end up in access logs and browser histories."""
    put_event_download(world)
    request = load_event(name)
    ticket = request["headers"].pop("x-download-ticket")
    response = call(name, request | {"queryStringParameters": {"ticket": ticket}})
    assert (response["statusCode"], json_body(response)["error"]["code"]) == (401, "TICKET_REQUIRED")


@pytest.mark.parametrize("name", ["get_download", "cancel_download"])
@pytest.mark.parametrize(
    ("headers", "path", "status", "code"),
    [
        ({}, None, 401, "TICKET_REQUIRED"),
        ({"x-download-ticket": "nonsense"}, None, 403, "TICKET_REFUSED"),
        ({"X-DOWNLOAD-TICKET": tickets.issue("f" * 32).text}, None, 403, "TICKET_REFUSED"),
        ({"x-download-ticket": tickets.issue("f" * 32).text}, {"id": "f" * 32}, 403, "TICKET_REFUSED"),
        (None, {"id": "f" * 32}, 403, "TICKET_REFUSED"),
        (None, None, 404, "DOWNLOAD_NOT_FOUND"),
    ],
    ids=["none", "malformed", "foreign", "unknown", "mismatch", "expired"],
)
def test_rest_refuses_a_missing_wrong_or_expired_ticket(
    call: Call, world: World, name: str, headers: Event | None, path: Event | None, status: int, code: str
) -> None:
    put_event_download(world, expires_at=1 if code == "DOWNLOAD_NOT_FOUND" and path is None else 2_000_000_000)
    request = load_event(name)
    request["headers"] = request["headers"] if headers is None else headers
    request["pathParameters"] = path or request["pathParameters"]
    response = call(name, request)
    assert (response["statusCode"], json_body(response)["error"]["code"]) == (status, code)
    assert not world.executions.stopped


def test_rest_refuses_a_wrong_secret_of_the_right_download(call: Call, world: World) -> None:
    _, ticket = put_event_download(world)
    request = load_event("get_download")
    request["headers"] = {"x-download-ticket": tickets.issue(ticket.download_id).text}
    assert call("get_download", request)["statusCode"] == 403


def test_cancel_answers_202_and_can_be_repeated(call: Call, world: World) -> None:
    arn, ticket = put_event_download(world)
    for _ in range(2):
        response = call("cancel_download", load_event("cancel_download"))
        assert response["statusCode"] == 202
        assert json_body(response) == {"downloadId": ticket.download_id, "status": "CANCELLED"}
    assert arn in world.executions.stopped


def test_cancel_of_a_finished_download_answers_409(call: Call, world: World) -> None:
    put_event_download(world, status=Status.READY)
    response = call("cancel_download", load_event("cancel_download"))
    assert (response["statusCode"], json_body(response)["error"]["code"]) == (409, "DOWNLOAD_FINISHED")


@pytest.mark.parametrize("case", [str, str.lower, str.upper])
@pytest.mark.parametrize("source", ["query", "header"])
def test_connect_reads_the_ticket_from_query_or_header_in_any_case(
    call: Call, world: World, case: Callable[[str], str], source: str
) -> None:
    """The sample's header `X-StateMachine-ExecutionArn` may come along, in any case."""
    arn, ticket = put_event_download(world)
    handshake = load_event("connect")
    headers = {case(name): value for name, value in handshake["headers"].items()}
    if source == "header":
        handshake["queryStringParameters"] = None
        headers[case("X-Download-Ticket")] = ticket.text
    assert call("connect", handshake | {"headers": headers}) == {"statusCode": 200}
    (connection_id,) = world.connections.rows
    assert connection_id == handshake["requestContext"]["connectionId"]
    assert world.connections.rows[connection_id].execution_arn == arn


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"queryStringParameters": None}, 401),
        ({"queryStringParameters": {"ticket": "x"}}, 403),
        ({"queryStringParameters": {"ticket": tickets.issue("f" * 32).text}}, 403),
        ({"headers": {"x-statemachine-executionarn": "arn:other"}}, 403),
    ],
)
def test_connect_refuses_an_invalid_ticket_without_a_body(call: Call, world: World, change: Event, status: int) -> None:
    put_event_download(world)
    assert call("connect", load_event("connect") | change) == {"statusCode": status}
    assert not world.connections.rows


def test_connect_beyond_the_limit_answers_429(call: Call, world: World) -> None:
    arn, ticket = put_event_download(world)
    for name in ("c1", "c2", "c3"):
        world.connect.run(name, ticket.text)
    assert call("connect", load_event("connect")) == {"statusCode": 429}
    assert world.downloads.rows[arn].connection_ids == {"c1", "c2", "c3"}


def test_close_closes_idle_sockets(call: Call, world: World) -> None:
    arn, ticket = put_event_download(world, status=Status.READY)
    request = load_event("close")
    (connection_id,) = request["connectionIds"]
    assert request["executionArn"] == arn
    world.connect.run(connection_id, ticket.text)
    world.sockets.accept(connection_id)
    world.clock.sleep(60)
    assert call("close", request) == {"closed": 1, "gone": 0, "inUse": 0}
    assert world.sockets.closed == [connection_id]
    assert not world.connections.rows


def test_disconnect_removes_the_connection_and_can_be_repeated(call: Call, world: World) -> None:
    put_event_download(world)
    call("connect", load_event("connect"))
    for _ in range(2):
        assert call("disconnect", load_event("disconnect")) == {"statusCode": 200}
    assert not world.connections.rows


def test_message_routed_to_disconnect_disconnects_nobody(call: Call, world: World) -> None:
    """A client chooses the route of its message; `$disconnect` comes from API Gateway only."""
    put_event_download(world)
    call("connect", load_event("connect"))
    request = load_event("disconnect")
    request["requestContext"]["eventType"] = "MESSAGE"
    assert call("disconnect", request) == {"statusCode": 200}
    assert world.connections.rows


def test_message_is_answered_over_the_socket_not_by_the_response(call: Call, world: World) -> None:
    put_event_download(world)
    call("connect", load_event("connect"))
    connection_id = load_event("message")["requestContext"]["connectionId"]
    world.sockets.accept(connection_id)
    assert call("message", load_event("message")) == {"statusCode": 200}
    assert call("message", load_event("message") | {"body": None}) == {"statusCode": 200}
    assert message_types(world, connection_id) == ["status", "error"]


def test_failed_websocket_event_answers_500_and_is_logged(
    call: Call, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.connections.before_call = fail_at("connections.delete", ServiceError("DeleteItem", "InternalServerError"))
    assert call("disconnect", load_event("disconnect")) == {"statusCode": 500}
    assert "DeleteItem: InternalServerError" in capsys.readouterr().out


def test_copy_gets_the_remaining_time_less_what_cleaning_up_takes(call: Call) -> None:
    outcome = call("copy", load_event("copy"))
    assert outcome["seconds"] == 870
    assert outcome["arn"] == load_event("copy")["executionArn"]


def test_complete_gets_copied_and_throttled_slices(call: Call) -> None:
    """A child returns `{}`, or the slice whose function was throttled."""
    outcome = call("complete", load_event("complete") | {"slices": [1000, 1001], "results": [{}, {"slice": 1001}]})
    assert outcome["arn"] == load_event("complete")["executionArn"]
    assert (outcome["slices"], outcome["throttled"]) == ([1000, 1001], [1001])
    assert call("complete", load_event("complete"))["throttled"] == []


@pytest.mark.parametrize("results", [None, [], [None, "x", {"Error": "States.Timeout"}]])
def test_results_that_name_no_slice_are_ignored(call: Call, results: object) -> None:
    """An execution of an older definition passes no results, and another cloud may return failed children."""
    request = {key: value for key, value in load_event("complete").items() if key != "results"}
    assert call("complete", request | ({"results": results} if results is not None else {}))["throttled"] == []


def test_deliver_counts_connections_that_are_gone(call: Call, world: World) -> None:
    arn, _ = put_event_download(world, status=Status.READY)
    world.downloads.rows = {"x": replace(world.downloads.rows[arn], execution_arn="x")} | world.downloads.rows
    replay = load_event("deliver_replay")
    world.downloads.rows[arn] = replace(world.downloads.rows[arn], connection_ids=frozenset({replay["connectionId"]}))
    assert call("deliver", load_event("deliver")) == outcome_counts(gone=1)
    assert call("deliver", replay) == outcome_counts(gone=1)


@pytest.mark.parametrize(
    ("name", "code"),
    [("fail", "ORIGIN_NOT_FOUND"), ("fail_caught", "STORAGE_ERROR"), ("fail_status_change", "STOPPED")],
)
def test_fail_takes_an_outcome_a_caught_error_or_a_status_event(call: Call, world: World, name: str, code: str) -> None:
    arn, _ = put_event_download(world)
    assert call("fail", load_event(name)) == {"status": "FAILED"}
    failure = world.downloads.rows[arn].failure
    assert failure is not None
    assert failure.code == code


def test_unexpected_error_of_a_task_is_raised_without_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    """The error is kept in the execution's history."""

    def function(_event: Any, _context: Any) -> dict[str, Any]:
        raise KeyError("https://bucket/?X-Amz-Signature=secret")

    with pytest.raises(TransferError) as caught:
        boundary.task(function)({}, None)
    assert str(caught.value) == "KeyError"
    assert caught.value.__suppress_context__
    assert "secret" not in capsys.readouterr().out


def test_typed_error_of_a_task_keeps_its_type() -> None:
    """The state machine decides by the type."""

    def function(_event: Any, _context: Any) -> dict[str, Any]:
        raise StorageError("upload_part", "SlowDown")

    with pytest.raises(StorageError, match="upload_part: SlowDown"):
        boundary.task(function)({}, None)


def test_missing_variable_is_named_in_the_log_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = importlib.import_module("runtime.handlers.get_download")
    monkeypatch.delenv("DOWNLOADS_TABLE", raising=False)
    monkeypatch.setenv("CORS_ORIGINS", "[]")
    with pytest.raises(ConfigError):
        module.build_use_case()
    response = module.handler(load_event("get_download"), Context())
    assert response["statusCode"] == 500
    assert "DOWNLOADS_TABLE" not in response["body"]
    assert "DOWNLOADS_TABLE" in capsys.readouterr().out


@pytest.mark.parametrize("seconds", [0, 120])
@pytest.mark.parametrize("name", ["deliver", "fail"])
def test_idle_closer_is_used_unless_seconds_are_0(monkeypatch: pytest.MonkeyPatch, name: str, seconds: int) -> None:
    module = importlib.import_module(f"runtime.handlers.{name}")
    for field in fields(module.Settings):
        monkeypatch.setenv(field.name.upper(), "1")
    monkeypatch.setenv("CLOSE_IDLE_SECONDS", str(seconds))
    monkeypatch.setenv("IDLE_CLOSER_ARN", "arn:closing")
    notifier = module.build_use_case.__wrapped__().notifier
    assert notifier.idle_closer == (IdleCloserMachine("arn:closing") if seconds else None)


def test_handlers_have_at_most_100_lines() -> None:
    for name in HANDLERS:
        assert len(Path(ROOT / "runtime" / "handlers" / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 100
