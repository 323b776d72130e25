"""Each handler with the events that AWS sends: parsed, called, mapped, and silent about its internals."""

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
from runtime.models import Status, execution_arn_of
from tests.runtime.ending.test_deliver import counts, types
from tests.runtime.support.fakes import STATE_MACHINE
from tests.runtime.support.world import World
from tests.runtime.test_architecture import HANDLERS, ROOT
from tools.rest_contract import check_response

EVENTS = ROOT / "events"
Event = dict[str, Any]


def event(name: str) -> Event:
    """A canonical event."""
    loaded: Event = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


class Context:
    """What Lambda passes beside the event."""

    def get_remaining_time_in_millis(self) -> int:
        """Of the function's time-out."""
        return 900_000


@pytest.fixture
def call(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Event], Any]:
    """Run a handler on the fakes."""
    monkeypatch.setenv("CORS_ORIGINS", '["https://app.example.com"]')
    access = Access(world.downloads, world.clock, STATE_MACHINE)
    wired = {
        "request_download": world.request,
        "get_download": GetDownload(access, world.reconcile, world.download_messages),
        "cancel_download": CancelDownload(access, world.cancel),
        "connect": world.connect,
        "disconnect": world.disconnect,
        "message": world.message,
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
        monkeypatch.setattr(module, "build_use_case", lambda: wired[name])
        answer = module.handler(event, Context())
        if "httpMethod" in event:
            check_response(
                event["httpMethod"], event["path"], answer["statusCode"], answer["headers"], json.loads(answer["body"])
            )
        return answer

    return run


Call = Callable[[str, Event], Any]


def body_of(answer: Event) -> Event:
    """A JSON answer that nobody may cache."""
    assert answer["headers"]["Content-Type"] == "application/json"
    assert answer["headers"]["Cache-Control"] == "no-store"
    body: Event = json.loads(answer["body"])
    return body


def ordered(world: World, **fields: object) -> tuple[str, tickets.Ticket]:
    """The download of the canonical events, and its ticket as these carry it."""
    text = event("get_download")["headers"]["x-download-ticket"]
    ticket = tickets.parse(text)
    arn = execution_arn_of("arn:aws:states:us-east-1:123456789012:stateMachine:files", ticket.download_id)
    world.has(**{"execution_arn": arn, "download_id": ticket.download_id, "ticket_hashes": (ticket.hash,), **fields})
    row = world.row
    world.downloads.rows = {arn: row}
    return arn, ticket


def test_there_is_an_event_for_every_handler() -> None:
    """And no event without one."""
    names = {path.stem for path in EVENTS.glob("*.json")}
    assert set(HANDLERS) <= names
    assert all(any(name.startswith(handler) for handler in HANDLERS) for name in names)


def test_an_order_by_post(call: Call, world: World) -> None:
    """202, and where to look."""
    answer = call("request_download", event("request_download"))
    body = body_of(answer)
    assert answer["statusCode"] == 202
    assert answer["headers"]["Location"] == body["statusUrl"]
    assert answer["headers"]["Retry-After"] == "1"
    assert set(body) == {"downloadId", "executionArn", "webSocketEndpoint", "statusUrl", "expiresAt"}
    (row,) = world.downloads.rows.values()
    assert (row.path, row.file_name) == ("2026/11/figures.csv", "Figures 2026.csv")
    assert row.owner == "iam:arn:aws:iam::123456789012:user/alice"
    assert body_of(call("request_download", event("request_download")))["downloadId"] == body["downloadId"]


def test_an_order_by_get(call: Call, world: World) -> None:
    """200, as the sample has it; nothing has to be said where there is a default."""
    answer = call("request_download", event("request_download_get"))
    assert answer["statusCode"] == 200
    assert {"executionArn", "webSocketEndpoint"} <= set(body_of(answer))
    plain = event("request_download_get") | {"queryStringParameters": None}
    assert call("request_download", plain)["statusCode"] == 200
    assert {row.path for row in world.downloads.rows.values()} == {"2026/11/figures.csv", "latest.csv"}


@pytest.mark.parametrize(("text", "status"), [("12", 200), ("-1", 400), ("1e3", 400), ("", 400), ("9" * 5000, 400)])
def test_a_size_in_a_query_is_digits(call: Call, world: World, text: str, status: int) -> None:
    """A query has no numbers."""
    asked = event("request_download_get") | {"queryStringParameters": {"size": text}}
    assert call("request_download", asked)["statusCode"] == status
    assert [row.expected_size for row in world.downloads.rows.values()] == ([12] if status == 200 else [])


def test_a_size_that_cannot_be_copied_is_unprocessable(call: Call, world: World) -> None:
    """Said before anything is begun."""
    body = json.dumps({"size": 60_000_000_001, "sha256": "a" * 64})
    answer = call("request_download", event("request_download") | {"body": body})
    assert (answer["statusCode"], body_of(answer)["error"]["code"]) == (422, "FILE_TOO_LARGE")
    assert not world.downloads.rows


def test_a_body_in_base64(call: Call, world: World) -> None:
    """As API Gateway sends it for binary types."""
    encoded = event("request_download")
    encoded |= {"body": base64.b64encode(encoded["body"].encode()).decode(), "isBase64Encoded": True}
    assert call("request_download", encoded)["statusCode"] == 202
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
def test_a_bad_order_is_told_what_is_wrong(call: Call, world: World, change: Event, status: int, code: str) -> None:
    """In the same JSON always."""
    if status == 422:
        call("request_download", event("request_download"))
    answer = call("request_download", event("request_download") | change)
    assert answer["statusCode"] == status
    assert body_of(answer)["error"]["code"] == code
    assert set(body_of(answer)["error"]) == {"code", "message"}
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
def test_the_owner_is_who_calls(call: Call, world: World, context: Event, owner: str) -> None:
    """Whatever kind of authentication the stack has."""
    headers = {"Idempotency-Key": "b0e3f9a4-51c7-4d2e-9a68-7c1f0d35e2b9"}
    call("request_download", event("request_download") | {"requestContext": context, "headers": headers})
    (row,) = world.downloads.rows.values()
    assert row.owner == owner


@pytest.mark.parametrize("identity", [{"apiKeyId": "key1", "sourceIp": "1.2.3.4"}, {"sourceIp": "1.2.3.4"}])
def test_a_guessed_key_gives_nobody_elses_download_away(call: Call, world: World, identity: Event) -> None:
    """Callers with one API key, or behind one address, are one owner."""
    asked = event("request_download") | {"requestContext": {"identity": identity}}
    for _ in ("the caller", "another caller"):
        answer = call("request_download", asked)
        assert answer["statusCode"] == 400
        assert "UUID" in body_of(answer)["error"]["message"]
    assert not world.downloads.rows


def test_a_failure_of_ours_shows_nothing_but_that(call: Call, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """And is in the log, by name."""
    world.executions.error = ServiceError("StartExecution", "AccessDeniedException")
    answer = call("request_download", event("request_download"))
    assert answer["statusCode"] == 500
    assert body_of(answer)["error"]["code"] == "INTERNAL"
    assert "AccessDenied" not in answer["body"]
    assert "StartExecution: AccessDeniedException" in capsys.readouterr().out


def test_too_much_at_once_is_503(call: Call, world: World) -> None:
    """With when to come back."""
    world.executions.error = ServiceError("StartExecution", "ThrottlingException")
    answer = call("request_download", event("request_download"))
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "1")


def test_no_ticket_reaches_the_log(call: Call, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Not of an order, not of a refusal."""
    answer = call("request_download", event("request_download"))
    call("connect", event("connect"))
    said = capsys.readouterr().out
    assert body_of(answer)["webSocketEndpoint"].rpartition(".")[2] not in said
    assert tickets.parse(event("connect")["queryStringParameters"]["ticket"]).secret not in said
    assert len(world.downloads.rows) == 1


def test_the_status_of_a_download(call: Call, world: World) -> None:
    """With what is known so far."""
    arn, ticket = ordered(world, status=Status.COPYING, size=9, copied_bytes=4)
    answer = call("get_download", event("get_download"))
    assert answer["statusCode"] == 200
    assert body_of(answer) == {
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


def test_the_status_of_a_ready_download_has_a_fresh_url(call: Call, world: World) -> None:
    """At the top, and with all that describes the file."""
    ordered(world, status=Status.READY)
    body = body_of(call("get_download", event("get_download")))
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


def test_the_status_of_a_dead_download_is_failed(call: Call, world: World) -> None:
    """Found by asking for the execution."""
    ordered(world)
    world.clock.time += 61
    body = body_of(call("get_download", event("get_download")))
    assert (body["status"], body["error"]["code"]) == ("FAILED", "TRANSFER_FAILED")


@pytest.mark.parametrize("name", ["get_download", "cancel_download"])
def test_rest_takes_no_ticket_from_a_query(call: Call, world: World, name: str) -> None:
    """A URL with a ticket would be kept in logs and histories."""
    ordered(world)
    changed = event(name)
    ticket = changed["headers"].pop("x-download-ticket")
    answer = call(name, changed | {"queryStringParameters": {"ticket": ticket}})
    assert (answer["statusCode"], body_of(answer)["error"]["code"]) == (401, "TICKET_REQUIRED")


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
def test_a_download_is_its_ticket_holders(
    call: Call, world: World, name: str, headers: Event | None, path: Event | None, status: int, code: str
) -> None:
    """Nobody else sees or stops it."""
    ordered(world, expires_at=1 if code == "DOWNLOAD_NOT_FOUND" and path is None else 2_000_000_000)
    changed = event(name)
    changed["headers"] = changed["headers"] if headers is None else headers
    changed["pathParameters"] = path or changed["pathParameters"]
    answer = call(name, changed)
    assert (answer["statusCode"], body_of(answer)["error"]["code"]) == (status, code)
    assert not world.executions.stopped


def test_a_wrong_secret_for_the_right_download_is_refused(call: Call, world: World) -> None:
    """403, the same as for any other ticket."""
    _, ticket = ordered(world)
    changed = event("get_download")
    changed["headers"] = {"x-download-ticket": tickets.issue(ticket.download_id).text}
    assert call("get_download", changed)["statusCode"] == 403


def test_a_download_is_cancelled(call: Call, world: World) -> None:
    """202, and once more."""
    arn, ticket = ordered(world)
    for _ in range(2):
        answer = call("cancel_download", event("cancel_download"))
        assert answer["statusCode"] == 202
        assert body_of(answer) == {"downloadId": ticket.download_id, "status": "CANCELLED"}
    assert arn in world.executions.stopped


def test_a_finished_download_is_not_cancelled(call: Call, world: World) -> None:
    """409."""
    ordered(world, status=Status.READY)
    answer = call("cancel_download", event("cancel_download"))
    assert (answer["statusCode"], body_of(answer)["error"]["code"]) == (409, "DOWNLOAD_FINISHED")


@pytest.mark.parametrize("case", [str, str.lower, str.upper])
@pytest.mark.parametrize("how", ["query", "header"])
def test_connecting_by_query_or_header_in_any_case(
    call: Call, world: World, case: Callable[[str], str], how: str
) -> None:
    """The sample's header beside it, as it spells it or as a proxy does."""
    arn, ticket = ordered(world)
    handshake = event("connect")
    headers = {case(name): value for name, value in handshake["headers"].items()}
    if how == "header":
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
def test_a_stranger_is_refused_without_a_word(call: Call, world: World, change: Event, status: int) -> None:
    """A status and no body."""
    ordered(world)
    assert call("connect", event("connect") | change) == {"statusCode": status}
    assert not world.connections.rows


def test_one_connection_too_many(call: Call, world: World) -> None:
    """429."""
    arn, ticket = ordered(world)
    for name in ("c1", "c2", "c3"):
        world.connect.run(name, ticket.text)
    assert call("connect", event("connect")) == {"statusCode": 429}
    assert world.downloads.rows[arn].connection_ids == {"c1", "c2", "c3"}


def test_closing_idle_sockets(call: Call, world: World) -> None:
    """As the closing machine calls it."""
    arn, ticket = ordered(world, status=Status.READY)
    asked = event("close")
    (connection_id,) = asked["connectionIds"]
    assert asked["executionArn"] == arn
    world.connect.run(connection_id, ticket.text)
    world.sockets.accept(connection_id)
    world.clock.sleep(60)
    assert call("close", asked) == {"closed": 1, "gone": 0, "inUse": 0}
    assert world.sockets.closed == [connection_id]
    assert not world.connections.rows


def test_disconnecting(call: Call, world: World) -> None:
    """Rows gone; harmless when they are."""
    ordered(world)
    call("connect", event("connect"))
    for _ in range(2):
        assert call("disconnect", event("disconnect")) == {"statusCode": 200}
    assert not world.connections.rows


def test_a_message_that_names_the_route_disconnects_nobody(call: Call, world: World) -> None:
    """API Gateway picks the route by what a client says."""
    ordered(world)
    call("connect", event("connect"))
    said = event("disconnect")
    said["requestContext"]["eventType"] = "MESSAGE"
    assert call("disconnect", said) == {"statusCode": 200}
    assert world.connections.rows


def test_a_message_is_answered_over_the_socket_not_by_the_handler(call: Call, world: World) -> None:
    """Whose answer could be taken for the client's."""
    ordered(world)
    call("connect", event("connect"))
    connection_id = event("message")["requestContext"]["connectionId"]
    world.sockets.accept(connection_id)
    assert call("message", event("message")) == {"statusCode": 200}
    assert call("message", event("message") | {"body": None}) == {"statusCode": 200}
    assert types(world, connection_id) == ["status", "error"]


def test_a_websocket_event_that_fails_says_nothing(
    call: Call, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """To the client; the log has it."""

    def broken(_operation: str) -> None:
        raise ServiceError("DeleteItem", "InternalServerError")

    world.connections.before = broken
    assert call("disconnect", event("disconnect")) == {"statusCode": 500}
    assert "DeleteItem: InternalServerError" in capsys.readouterr().out


def test_copying_gets_what_is_left_of_the_time(call: Call) -> None:
    """Less what cleaning up takes."""
    answer = call("copy", event("copy"))
    assert answer["seconds"] == 870
    assert answer["arn"] == event("copy")["executionArn"]


def test_the_end_of_a_map_says_which_slices_were_copied_and_which_were_throttled(call: Call) -> None:
    """A child answers `{}`, or names the slice whose function was throttled."""
    answer = call("complete", event("complete") | {"slices": [1000, 1001], "results": [{}, {"slice": 1001}]})
    assert answer["arn"] == event("complete")["executionArn"]
    assert (answer["slices"], answer["throttled"]) == ([1000, 1001], [1001])
    assert call("complete", event("complete"))["throttled"] == []


@pytest.mark.parametrize("results", [None, [], [None, "x", {"Error": "States.Timeout"}]])
def test_what_names_no_slice_was_not_throttled(call: Call, results: object) -> None:
    """An execution of an older definition passes no results, and another cloud forgives a child that failed."""
    told = {key: value for key, value in event("complete").items() if key != "results"}
    assert call("complete", told | ({"results": results} if results is not None else {}))["throttled"] == []


def test_delivering(call: Call, world: World) -> None:
    """To all, or to the one that asked."""
    arn, _ = ordered(world, status=Status.READY)
    world.downloads.rows = {"x": replace(world.downloads.rows[arn], execution_arn="x")} | world.downloads.rows
    replay = event("deliver_replay")
    world.downloads.rows[arn] = replace(world.downloads.rows[arn], connection_ids=frozenset({replay["connectionId"]}))
    assert call("deliver", event("deliver")) == counts(gone=1)
    assert call("deliver", replay) == counts(gone=1)


@pytest.mark.parametrize(
    ("name", "code"),
    [("fail", "ORIGIN_NOT_FOUND"), ("fail_caught", "STORAGE_ERROR"), ("fail_status_change", "STOPPED")],
)
def test_failing_from_every_side(call: Call, world: World, name: str, code: str) -> None:
    """The state machine's own outcome, what it caught, and its status-change event."""
    arn, _ = ordered(world)
    assert call("fail", event(name)) == {"status": "FAILED"}
    failure = world.downloads.rows[arn].failure
    assert failure is not None
    assert failure.code == code


def test_what_a_task_raises_carries_no_internals(capsys: pytest.CaptureFixture[str]) -> None:
    """It ends in the execution's history."""

    def work(_event: Any, _context: Any) -> dict[str, Any]:
        raise KeyError("https://bucket/?X-Amz-Signature=secret")

    with pytest.raises(TransferError) as caught:
        boundary.task(work)({}, None)
    assert str(caught.value) == "KeyError"
    assert caught.value.__suppress_context__
    assert "secret" not in capsys.readouterr().out


def test_what_a_task_raises_of_ours_is_passed_on_with_its_type() -> None:
    """The state machine decides by it."""

    def work(_event: Any, _context: Any) -> dict[str, Any]:
        raise StorageError("upload_part", "SlowDown")

    with pytest.raises(StorageError, match="upload_part: SlowDown"):
        boundary.task(work)({}, None)


def test_a_missing_variable_is_named_in_the_log_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The caller learns nothing of the environment."""
    module = importlib.import_module("runtime.handlers.get_download")
    monkeypatch.delenv("DOWNLOADS_TABLE", raising=False)
    monkeypatch.setenv("CORS_ORIGINS", "[]")
    with pytest.raises(ConfigError):
        module.build_use_case()
    answer = module.handler(event("get_download"), Context())
    assert answer["statusCode"] == 500
    assert "DOWNLOADS_TABLE" not in answer["body"]
    assert "DOWNLOADS_TABLE" in capsys.readouterr().out


@pytest.mark.parametrize("seconds", [0, 120])
@pytest.mark.parametrize("name", ["deliver", "fail"])
def test_idle_sockets_are_closed_where_the_stack_wants_it(
    monkeypatch: pytest.MonkeyPatch, name: str, seconds: int
) -> None:
    """0 leaves it to API Gateway."""
    module = importlib.import_module(f"runtime.handlers.{name}")
    for field in fields(module.Settings):
        monkeypatch.setenv(field.name.upper(), "1")
    monkeypatch.setenv("CLOSE_IDLE_SECONDS", str(seconds))
    monkeypatch.setenv("IDLE_CLOSER_ARN", "arn:closing")
    notifier = module.build_use_case.__wrapped__().notifier
    assert notifier.idle_closer == (IdleCloserMachine("arn:closing") if seconds else None)


def test_handlers_are_small() -> None:
    """Parse, call, map: what is longer belongs into the logic."""
    for name in HANDLERS:
        assert len(Path(ROOT / "runtime" / "handlers" / f"{name}.py").read_text().splitlines()) <= 100
