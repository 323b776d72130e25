"""docs/openapi.json is that of the code, and responses that differ from it are detected."""

from __future__ import annotations

import ast
import copy
import json
from typing import Any

import pytest
import schemathesis
from async_download.api.gateway_errors import BLOCKED, gateway_errors
from async_download.api.rest_routes import ROUTES
from async_download.settings.auth import RestAuth
from schemathesis.core.result import Ok

from runtime import errors
from runtime.handlers.request_download import FIELDS
from tools import openapi, rest_errors
from tools.readme_tables import TOP
from tools.rest_contract import ContractMismatchError, check_response, contract

ID = "0f5c2a9b7d3e4f60818293a4b5c6d7e8"
ACCEPTED: dict[str, Any] = {
    "downloadId": ID,
    "executionArn": "arn:aws:states:us-east-1:123456789012:execution:files:x",
    "webSocketEndpoint": "wss://socket.example/v1?ticket=x",
    "statusUrl": f"https://rest.example/v1/downloads/{ID}",
    "expiresAt": "2027-01-15T09:00:00.000Z",
}
HEADERS = {"cache-control": "no-store", "location": ACCEPTED["statusUrl"], "retry-after": "1"}
SOCKET_CODES = {"UNKNOWN_ACTION", "TOO_MANY_CONNECTIONS"}


def operations() -> dict[str, dict[str, Any]]:
    """Return the operations by `METHOD /path`."""
    paths = contract()["paths"]
    return {f"{method.upper()} {path}": item for path, methods in paths.items() for method, item in methods.items()}


def codes(call: str) -> dict[str, set[str]]:
    """Return the documented error codes of a call by status."""
    result = {}
    for status, response in operations()[call]["responses"].items():
        if "$ref" in response:
            response = contract()["components"]["responses"][status]
        properties = response["content"]["application/json"]["schema"].get("properties", {})
        if "error" in properties:
            result[status] = set(properties["error"]["properties"]["code"]["enum"])
    return result


def test_the_document_is_the_one_checked_in() -> None:
    assert openapi.PAGE.read_text(encoding="utf-8") == openapi.text(), (
        "run: make docs, and say in CHANGELOG.md what changes"
    )


def test_schemathesis_accepts_the_document() -> None:
    schema = schemathesis.openapi.from_dict(copy.deepcopy(contract()))
    schema.validate()
    parsed = [operation for operation in schema.get_all_operations() if isinstance(operation, Ok)]
    assert {operation.ok().label for operation in parsed} == operations().keys()


def test_the_document_has_the_routes_of_the_component() -> None:
    assert operations().keys() == {f"{route.method} /{'/'.join(route.path)}" for route in ROUTES}


def test_request_fields_are_query_parameters_and_in_the_body() -> None:
    parameters = operations()["GET /download"]["parameters"]
    query = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
    assert tuple(query) == tuple(contract()["components"]["schemas"]["Request"]["properties"]) == FIELDS


def test_every_code_of_the_runtime_is_documented_with_its_status() -> None:
    documented = {(status, code) for call in operations() for status, names in codes(call).items() for code in names}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    raised = {
        (str(kind.status), kind.code)
        for kind in kinds
        if issubclass(kind, errors.RequestError) and kind.code not in SOCKET_CODES
    }
    assert raised <= documented
    ours = raised | {("500", "INTERNAL"), ("503", "UNAVAILABLE")}
    gateways = {
        (str(error.status or f"{kind[8]}XX"), error.code)
        for auth in RestAuth
        for kind, error in (gateway_errors(auth) | {"BLOCKED": BLOCKED}).items()
        if kind not in rest_errors.ELSEWHERE
    }
    assert documented == ours | gateways
    assert not SOCKET_CODES & {code for _, code in documented}


@pytest.mark.parametrize(
    ("call", "status", "expected"),
    [
        ("POST /downloads", "400", {"INVALID_REQUEST", "INVALID_PATH", "UNKNOWN_ORIGIN"}),
        ("GET /download", "422", {"IDEMPOTENCY_KEY_REUSED", "FILE_TOO_LARGE"}),
        ("GET /downloads/{id}", "401", {"TICKET_REQUIRED", "UNAUTHORIZED"}),
        ("GET /downloads/{id}", "404", {"DOWNLOAD_NOT_FOUND"}),
        ("DELETE /downloads/{id}", "403", {"TICKET_REFUSED", "FORBIDDEN", "REQUEST_BLOCKED"}),
        ("DELETE /downloads/{id}", "409", {"DOWNLOAD_FINISHED"}),
        ("POST /downloads", "413", {"REQUEST_TOO_LARGE"}),
        ("POST /downloads", "429", {"DAILY_LIMIT_REACHED", "TOO_MANY_DOWNLOADS", "TOO_MANY_REQUESTS"}),
        ("POST /downloads", "504", {"TIMEOUT"}),
    ],
)
def test_a_call_has_the_errors_that_it_can_answer(call: str, status: str, expected: set[str]) -> None:
    assert codes(call)[status] == expected
    assert "409" not in codes("GET /downloads/{id}")
    assert "404" not in codes("POST /downloads")


@pytest.mark.parametrize(("handler", "code"), rest_errors.NOT_RAISED)
def test_an_omitted_code_is_never_raised_because_a_request_only_issues_tickets(handler: str, code: str) -> None:
    assert code.startswith("TICKET_")
    tree = ast.parse((TOP / "runtime" / "logic" / "requests" / f"{handler}.py").read_text(encoding="utf-8"))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert "issue" in used
    assert not {"parse", "opens"} & used


def test_a_documented_response_passes() -> None:
    check_response("POST", "/downloads", 202, HEADERS, ACCEPTED)
    check_response("GET", "/download?path=x", 200, {"Cache-Control": "no-store"}, ACCEPTED)
    check_response("GET", "/elsewhere", 200, {}, "anything")
    cancelled = {"downloadId": ID, "status": "CANCELLED"}
    check_response("DELETE", f"/downloads/{ID}", 202, {"cache-control": "no-store"}, cancelled)
    check_response("POST", "/downloads", 418, {}, {"error": {"code": "REQUEST_REFUSED", "message": "No."}})


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


@pytest.mark.parametrize(("status", "headers", "body", "text"), WRONG, ids=[case[3] for case in WRONG])
def test_a_response_that_differs_from_the_document_is_detected(
    status: int, headers: dict[str, str], body: object, text: str
) -> None:
    with pytest.raises(ContractMismatchError, match=text):
        check_response("POST", "/downloads", status, headers, body)


def test_the_document_names_no_stack() -> None:
    assert "amazonaws" not in json.dumps(contract())
