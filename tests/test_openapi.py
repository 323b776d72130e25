"""The REST API's document is that of the code, and what is held against it can be found wanting."""

from __future__ import annotations

import ast
import copy
import json
from typing import Any

import pytest
import schemathesis
from async_download.gateway_errors import gateway_errors
from async_download.rest_routes import ROUTES
from async_download.settings.auth import RestAuth
from schemathesis.core.result import Ok

from runtime import errors
from runtime.handlers.request_download import FIELDS
from tools import openapi, rest_errors
from tools.readme_tables import TOP
from tools.rest_contract import OffContractError, check_answer, contract

ID = "0f5c2a9b7d3e4f60818293a4b5c6d7e8"
ACCEPTED: dict[str, Any] = {
    "downloadId": ID,
    "executionArn": "arn:aws:states:us-east-1:123456789012:execution:files:x",
    "webSocketEndpoint": "wss://socket.example/v1?ticket=x",
    "statusUrl": f"https://rest.example/v1/downloads/{ID}",
    "expiresAt": "2027-01-15T09:00:00.000Z",
}
HEADERS = {"cache-control": "no-store", "location": ACCEPTED["statusUrl"], "retry-after": "1"}
OVER_SOCKETS = {"UNKNOWN_ACTION", "TOO_MANY_CONNECTIONS"}


def operations() -> dict[str, dict[str, Any]]:
    """`METHOD /path` -> operation."""
    paths = contract()["paths"]
    return {f"{method.upper()} {path}": found for path, each in paths.items() for method, found in each.items()}


def codes(call: str) -> dict[str, set[str]]:
    """Status -> codes, of a call's errors as they are documented."""
    found = {}
    for status, response in operations()[call]["responses"].items():
        if "$ref" in response:
            response = contract()["components"]["responses"][status]
        properties = response["content"]["application/json"]["schema"].get("properties", {})
        if "error" in properties:
            found[status] = set(properties["error"]["properties"]["code"]["enum"])
    return found


def test_the_document_is_the_one_checked_in() -> None:
    assert openapi.PAGE.read_text() == openapi.written(), "run: make docs, and say in CHANGELOG.md what changes"


def test_another_reader_finds_it_valid() -> None:
    schema = schemathesis.openapi.from_dict(copy.deepcopy(contract()))
    schema.validate()
    found = [operation for operation in schema.get_all_operations() if isinstance(operation, Ok)]
    assert {each.ok().label for each in found} == operations().keys()


def test_every_route_is_in_it_and_no_other() -> None:
    assert operations().keys() == {f"{route.method} /{'/'.join(route.path)}" for route in ROUTES}


def test_every_field_of_a_request_is_in_it_as_parameter_and_in_the_body() -> None:
    query = [each["name"] for each in operations()["GET /download"]["parameters"] if each["in"] == "query"]
    assert tuple(query) == tuple(contract()["components"]["schemas"]["Request"]["properties"]) == FIELDS


def test_every_code_of_the_runtime_is_in_it_with_its_status() -> None:
    """Those of REST: `UNKNOWN_ACTION` and `TOO_MANY_CONNECTIONS` belong to sockets."""
    documented = {(status, code) for call in operations() for status, each in codes(call).items() for code in each}
    kinds = [each for each in vars(errors).values() if isinstance(each, type)]
    raised = {
        (str(kind.status), kind.code)
        for kind in kinds
        if issubclass(kind, errors.RequestError) and kind.code not in OVER_SOCKETS
    }
    assert raised <= documented
    ours = raised | {("500", "INTERNAL"), ("503", "UNAVAILABLE")}
    gateways = {
        (str(error.status or f"{kind[8]}XX"), error.code)
        for auth in RestAuth
        for kind, error in gateway_errors(auth).items()
        if kind not in rest_errors.ELSEWHERE
    }
    assert documented == ours | gateways
    assert not OVER_SOCKETS & {code for _, code in documented}


@pytest.mark.parametrize(
    ("call", "status", "wanted"),
    [
        ("POST /downloads", "400", {"INVALID_REQUEST", "INVALID_PATH", "UNKNOWN_ORIGIN"}),
        ("GET /download", "422", {"IDEMPOTENCY_KEY_REUSED", "FILE_TOO_LARGE"}),
        ("GET /downloads/{id}", "401", {"TICKET_REQUIRED", "UNAUTHORIZED"}),
        ("GET /downloads/{id}", "404", {"DOWNLOAD_NOT_FOUND"}),
        ("DELETE /downloads/{id}", "403", {"TICKET_REFUSED", "FORBIDDEN"}),
        ("DELETE /downloads/{id}", "409", {"DOWNLOAD_FINISHED"}),
        ("POST /downloads", "413", {"REQUEST_TOO_LARGE"}),
        ("POST /downloads", "429", {"DAILY_LIMIT_REACHED", "TOO_MANY_DOWNLOADS", "TOO_MANY_REQUESTS"}),
        ("POST /downloads", "504", {"TIMEOUT"}),
    ],
)
def test_a_call_has_the_errors_that_it_can_answer(call: str, status: str, wanted: set[str]) -> None:
    assert codes(call)[status] == wanted
    assert "409" not in codes("GET /downloads/{id}")
    assert "404" not in codes("POST /downloads")


@pytest.mark.parametrize(("handler", "code"), rest_errors.NOT_RAISED)
def test_what_is_left_out_is_reached_by_imports_alone(handler: str, code: str) -> None:
    """An order issues tickets and never reads one."""
    assert code.startswith("TICKET_")
    tree = ast.parse((TOP / "runtime" / "logic" / "requests" / f"{handler}.py").read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert "issue" in used
    assert not {"parse", "opens"} & used


def test_a_documented_answer_passes() -> None:
    check_answer("POST", "/downloads", 202, HEADERS, ACCEPTED)
    check_answer("GET", "/download?path=x", 200, {"Cache-Control": "no-store"}, ACCEPTED)
    check_answer("GET", "/elsewhere", 200, {}, "anything")
    cancelled = {"downloadId": ID, "status": "CANCELLED"}
    check_answer("DELETE", f"/downloads/{ID}", 202, {"cache-control": "no-store"}, cancelled)
    check_answer("POST", "/downloads", 418, {}, {"error": {"code": "REQUEST_REFUSED", "message": "No."}})


WRONG: list[tuple[int, dict[str, str], object, str]] = [
    (201, HEADERS, ACCEPTED, "201"),
    (202, HEADERS, ACCEPTED | {"secret": "x"}, "secret"),
    (202, HEADERS, {**ACCEPTED, "downloadId": "x"}, "downloadId"),
    (202, HEADERS, {key: value for key, value in ACCEPTED.items() if key != "statusUrl"}, "statusUrl"),
    (202, HEADERS | {"cache-control": "max-age=60"}, ACCEPTED, "Cache-Control"),
    (202, {key: value for key, value in HEADERS.items() if key != "location"}, ACCEPTED, "Location"),
    (400, {}, {"error": {"code": "TICKET_REFUSED", "message": "No."}}, "TICKET_REFUSED"),
    (400, {}, {"error": {"code": "INVALID_PATH"}}, "message"),
    (400, {}, {"message": "Bad Request"}, "error"),
    (429, {}, {"error": {"code": "TOO_MANY_REQUESTS", "message": "Later."}}, "Retry-After"),
    (418, {}, {"error": {"code": "INTERNAL", "message": "No."}}, "INTERNAL"),
]


@pytest.mark.parametrize(("status", "headers", "body", "said"), WRONG, ids=[each[3] for each in WRONG])
def test_an_answer_that_is_not_documented_is_told(
    status: int, headers: dict[str, str], body: object, said: str
) -> None:
    with pytest.raises(OffContractError, match=said):
        check_answer("POST", "/downloads", status, headers, body)


def test_nothing_in_it_is_of_a_stack() -> None:
    assert "amazonaws" not in json.dumps(contract())
