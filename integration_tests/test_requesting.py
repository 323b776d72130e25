"""Requests for downloads: accepted at once, or refused with a code."""

from __future__ import annotations

import secrets
import time

import pytest

from integration_tests.support.stack import Stack, parse_time, unique_path
from localcloud.origin import Origin

SLOW = 2.0


def test_rest_answers_at_once_while_the_origin_is_slow(stack: Stack) -> None:
    began = time.monotonic()
    answer = stack.client.post(unique_path("1MB", f"first_byte={SLOW}"))
    assert time.monotonic() - began < SLOW
    assert answer.status == 202
    assert answer.headers["location"] == answer.body["statusUrl"]
    assert answer.headers["retry-after"] == "1"
    download = stack.client.parse_download(answer)
    assert stack.client.status(download).body["status"] in ("PENDING", "COPYING")
    assert stack.client.receive_ready(download)["size"] == 1_000_000


def test_the_answer_names_the_execution_after_the_download(stack: Stack) -> None:
    answer = stack.client.post(unique_path("1"))
    body = answer.body
    assert set(body) == {"downloadId", "executionArn", "webSocketEndpoint", "statusUrl", "expiresAt"}
    machine = str(stack.outputs["stateMachineArn"])
    assert body["executionArn"] == machine.replace(":stateMachine:", ":execution:") + ":" + body["downloadId"]
    assert body["webSocketEndpoint"].startswith(f"{stack.outputs['webSocketUrl']}?ticket={body['downloadId']}.")
    assert 86_390 < parse_time(body["expiresAt"]).timestamp() - time.time() < 86_410
    assert answer.headers["cache-control"] == "no-store"


def test_the_call_of_the_sample_works(stack: Stack) -> None:
    answer = stack.client.rest.call("GET", f"/download?origin={stack.client.origin}&path={unique_path('3')}")
    assert answer.status == 200
    assert {"executionArn", "webSocketEndpoint"} <= set(answer.body)
    assert stack.client.receive_ready(stack.client.parse_download(answer))["size"] == 3


def test_the_same_idempotency_key_returns_the_same_download_and_another_ticket(stack: Stack, origin: Origin) -> None:
    key, path = secrets.token_hex(16), unique_path("7")
    first, second = stack.client.request(path, key=key), stack.client.request(path, key=key)
    assert first.id == second.id
    assert first.ticket != second.ticket
    with stack.client.connect(first) as first_socket, stack.client.connect(second) as second_socket:
        assert first_socket.receive("ready")["size"] == second_socket.receive("ready")["size"] == 7
    assert [request.path for request in origin.requests].count(f"/{path}") == 1


def test_the_same_key_for_another_file_is_refused(stack: Stack) -> None:
    key = secrets.token_hex(16)
    stack.client.request(unique_path("1"), key=key)
    again = stack.client.post(unique_path("2"), key=key)
    assert (again.status, again.code) == (422, "IDEMPOTENCY_KEY_REUSED")


BAD_BODIES = [
    ('{"origin": "files", "path": "../secret"}', "INVALID_PATH"),
    ('{"origin": "files", "path": "files/../../secret"}', "INVALID_PATH"),
    ('{"origin": "files", "path": "files/%2e%2e/secret"}', "INVALID_PATH"),
    ('{"origin": "files", "path": "files/%252e%252e/secret"}', "INVALID_PATH"),
    ('{"origin": "files", "path": "http://169.254.169.254/latest"}', "INVALID_PATH"),
    ('{"origin": "files", "path": "file:///etc/passwd"}', "INVALID_PATH"),
    ('{"origin": "files", "path": "//evil.example/x"}', "INVALID_PATH"),
    (r'{"origin": "files", "path": "files\\..\\x"}', "INVALID_PATH"),
    (r'{"origin": "files", "path": "files/1\r\nHost: evil"}', "INVALID_PATH"),
    ('{"origin": "files", "path": "files/1#x"}', "INVALID_PATH"),
    ('{"origin": "files", "path": ""}', "INVALID_PATH"),
    ('{"origin": "nobody", "path": "files/1"}', "UNKNOWN_ORIGIN"),
    ('{"origin": "http://evil.example/", "path": "files/1"}', "UNKNOWN_ORIGIN"),
    ('{"path": "files/1"}', "INVALID_REQUEST"),
    ('{"origin": "files"}', "INVALID_REQUEST"),
    ('{"origin": "files", "path": 7}', "INVALID_REQUEST"),
    ('{"origin": "files", "path": "files/1", "sha256": "abc"}', "INVALID_REQUEST"),
    ('{"origin": "files", "path": "files/1", "size": -1}', "INVALID_REQUEST"),
    ('{"origin": "files", "path": "files/1", "size": "1"}', "INVALID_REQUEST"),
    ('{"origin": "files", "path": "files/1", "fileName": "../x"}', "INVALID_REQUEST"),
    ('{"origin": "files", "path": ', "INVALID_REQUEST"),
    ('["files"]', "INVALID_REQUEST"),
    ("", "INVALID_REQUEST"),
]


@pytest.mark.parametrize(("body", "code"), BAD_BODIES)
def test_bad_input_is_refused_with_its_code(stack: Stack, body: str, code: str) -> None:
    answer = stack.client.rest.call("POST", "/downloads", body)
    assert (answer.status, answer.code) == (400, code)
    message = answer.body["error"]["message"]
    assert message
    assert "Traceback" not in message
    assert "evil" not in message


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "x"])
def test_a_bad_body_is_refused_whatever_its_content_type(stack: Stack, kind: str) -> None:
    """API Gateway validates a body by the model of its content type, and passes on a type without a model."""
    for body, code in (('{"path": 7}', "INVALID_REQUEST"), ("path=files/1", "INVALID_REQUEST")):
        answer = stack.client.rest.call("POST", "/downloads", body, {"Content-Type": kind})
        assert (answer.status, answer.code) == (400, code), body


@pytest.mark.parametrize("query", ["", "?origin=files", "?path=files/1"])
def test_a_missing_query_parameter_is_refused_and_named(stack: Stack, query: str) -> None:
    answer = stack.client.rest.call("GET", f"/download{query}")
    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")
    message = answer.body["error"]["message"]
    assert "origin (one of: closed, files" in message
    assert ") and path (at most 2048 characters)" in message


def test_an_unknown_field_is_refused(stack: Stack) -> None:
    answer = stack.client.post(unique_path("1"), filename="a.csv")
    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")
    assert "fileName" in answer.body["error"]["message"]
    assert "there are no others" in answer.body["error"]["message"]


def test_an_error_of_the_gateway_has_the_same_form(stack: Stack) -> None:
    answer = stack.client.rest.call("POST", "/nowhere", {"origin": "files"})
    assert answer.status in (403, 404)
    assert answer.code


@pytest.mark.parametrize("key", ["", "x" * 256, "\u00fc", "a b"])
def test_an_invalid_idempotency_key_is_refused(stack: Stack, key: str) -> None:
    body: dict[str, object] = {"origin": stack.client.origin, "path": unique_path("1")}
    answer = stack.client.rest.call("POST", "/downloads", body, {"Idempotency-Key": key})
    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")
    assert "Idempotency-Key" in answer.body["error"]["message"]
