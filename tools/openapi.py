"""The OpenAPI document of the REST API, written from where its parts are defined, kept in docs/openapi.json."""

from __future__ import annotations

import json
from collections.abc import Set
from functools import cache
from typing import Any

from async_download.rest_requests import FIELDS
from async_download.rest_routes import ROUTES, Route

from runtime.logic.requests.idempotency_keys import MIN_LENGTH
from runtime.models import Status
from tools import protocol, rest_errors
from tools.readme_tables import TOP

PAGE = TOP / "docs" / "openapi.json"
Schema = dict[str, Any]

MOMENT = {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
ID = {"type": "string", "pattern": "^[0-9a-f]{32}$", "example": "0f5c2a9b7d3e4f60818293a4b5c6d7e8"}
TICKET = {"type": "string", "pattern": r"^[0-9a-f]{32}\.[A-Za-z0-9_-]{43}$"}
TEXT = {"type": "string"}
TOLD = {  # field of a request -> what it is
    "origin": "Name of a configured origin; may be left out where there is one.",
    "path": "Path under the origin, with its query; may be left out where the origin has a default.",
    "fileName": "What a browser shall call the file; by default the last part of the path.",
    "sha256": "What the file's SHA-256 has to be, in hex; another file fails.",
    "size": "How many bytes the file has to have; another file fails before it is copied.",
}
CALLS: dict[str, Schema] = {
    "POST /downloads": {
        "operationId": "requestDownload",
        "summary": "Ask for a file",
        "description": "Answered at once. Connect to `webSocketEndpoint` to be told when the file is there.",
        "success": ("202", "Accepted", "Taken.", ["Location", "Retry-After"]),
    },
    "GET /download": {
        "operationId": "requestDownloadByGet",
        "summary": "Ask for a file, in one line",
        "description": "As `POST /downloads`.",
        "success": ("200", "Accepted", "Taken.", []),
    },
    "GET /downloads/{id}": {
        "operationId": "getDownload",
        "summary": "See how a download stands",
        "description": "With a fresh URL when it is READY: for clients without WebSockets.",
        "success": ("200", "Download", "How it stands.", []),
    },
    "DELETE /downloads/{id}": {
        "operationId": "cancelDownload",
        "summary": "Cancel a download",
        "description": "Its execution is stopped, what was uploaded is removed, and who waits is told.",
        "success": ("202", "Cancelled", "It ends.", []),
    },
}
HEADERS: dict[str, Schema] = {
    "Cache-Control": {"description": "An answer may hold a ticket or a URL.", "schema": {"const": "no-store"}},
    "Location": {"description": "Where to see how the download stands.", "schema": TEXT},
    "Retry-After": {"description": "Seconds.", "schema": {"type": "string", "pattern": "^[0-9]+$"}},
}
BUSY = {"429", "503", "504"}  # statuses that say when to come back


def document() -> Schema:
    """The whole of it."""
    paths: Schema = {}
    for route in ROUTES:
        path = "/" + "/".join(route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, f"{route.method} {path}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Async download",
            "version": "1",
            "description": "Ask for a file, hang up, be told over a WebSocket when it is there.",
            "license": {"name": "MIT-0", "identifier": "MIT-0"},
        },
        "servers": [{"url": "{apiUrl}", "variables": {"apiUrl": {"default": "/", "description": "Output `apiUrl`."}}}],
        "security": [{}, {"signature": []}, {"key": []}, {"token": []}],
        "paths": paths,
        "components": {"schemas": _schemas(), "responses": _shared(), "securitySchemes": _security()},
    }


def written() -> str:
    """As it is checked in."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _operation(route: Route, call: str) -> Schema:
    told = dict(CALLS[call])
    status, schema, description, headers = told.pop("success")
    good: Schema = {
        "description": description,
        "headers": {name: HEADERS[name] for name in ("Cache-Control", *headers)},
        "content": _json(_ref(schema)),
    }
    bad: Schema = {
        each: {"$ref": f"#/components/responses/{each}"} if each in _shared() else _error(each, codes)
        for each, codes in rest_errors.of_call(route).items()
    }
    body = {"requestBody": {"required": True, "content": _json(_ref("Request"))}} if route.method == "POST" else {}
    return told | {"parameters": _parameters(route)} | body | {"responses": {status: good} | bad}


@cache
def _shared() -> Schema:
    """Errors that mean the same whatever is called."""
    calls = [rest_errors.of_call(route) for route in ROUTES]
    alike = sorted(
        {each for call in calls for each in call if all(call.get(each) == other.get(each) for other in calls)}
    )
    return {each: _error(each, calls[0][each]) for each in alike}


def _parameters(route: Route) -> list[Schema]:
    if route.function != "request_download":
        opens = "The ticket of the download. Browsers may send it in the query string."
        return [
            {"name": "id", "in": "path", "required": True, "description": "`downloadId`.", "schema": ID},
            _parameter("X-Download-Ticket", "header", opens, TICKET),
            _parameter("ticket", "query", "The ticket, when it is not in the header.", TICKET),
        ]
    key = (
        "The same key from the same caller gives the same download, and a further ticket. "
        f"With `auth.type` `api_key` or `none` it has to be a UUID or at least {MIN_LENGTH} random characters."
    )
    keys = [_parameter("Idempotency-Key", "header", key, {"type": "string", "pattern": "^[!-~]{1,255}$"})]
    fields = [_parameter(name, "query", TOLD[name], _field(name)) for name in FIELDS] if route.method == "GET" else []
    return keys + fields


def _parameter(name: str, where: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": where, "required": False, "description": description, "schema": schema}


def _field(name: str) -> Schema:
    exact: Schema = {"sha256": {"pattern": "^[0-9A-Fa-f]{64}$"}, "path": {"minLength": 1}, "fileName": {"minLength": 1}}
    return {**FIELDS[name], **exact.get(name, {})}


def _error(status: str, codes: Set[str]) -> Schema:
    code = {"type": "string", "enum": sorted(codes)}
    fields = {"code": code, "message": {"type": "string", "minLength": 1, "description": "Says what to do."}}
    error = {"type": "object", "required": ["code", "message"], "properties": fields}
    answer: Schema = {
        "description": " or ".join(sorted(codes)),
        "content": _json({"type": "object", "required": ["error"], "properties": {"error": error}}),
    }
    return answer | ({"headers": {"Retry-After": HEADERS["Retry-After"]}} if status in BUSY else {})


def _schemas() -> Schema:
    file = protocol.schema()["$defs"]["ready"]
    described = {name: field for name, field in file["properties"].items() if name != "type"}
    described["size"] = size = protocol.schema()["$defs"]["bytes"]
    codes = {"type": "string", "enum": sorted(protocol.codes_of("failed"))}
    request = {name: _field(name) | {"description": TOLD[name]} for name in FIELDS}
    return {
        "Request": {"type": "object", "properties": request, "additionalProperties": False},
        "Accepted": _object(downloadId=ID, executionArn=TEXT, webSocketEndpoint=TEXT, statusUrl=TEXT, expiresAt=MOMENT),
        "Download": _object(
            ("size", "copiedBytes", "url", "download", "error"),
            downloadId=ID,
            executionArn=TEXT,
            status={"type": "string", "enum": [str(status) for status in Status]},
            origin=TEXT,
            path=TEXT,
            createdAt=MOMENT,
            expiresAt=MOMENT,
            size=size,
            copiedBytes=size,
            url=described["url"],
            download=_ref("File"),
            error=_object(code=codes, message=TEXT),
        ),
        "File": {"type": "object", "required": file["required"], "properties": described},
        "Cancelled": _object(downloadId=ID, status={"const": str(Status.CANCELLED)}),
    }


def _security() -> Schema:
    signature = {"x-amazon-apigateway-authtype": "awsSigv4", "description": "`auth.type: iam`: Signature Version 4."}
    header = {"type": "apiKey", "in": "header"}
    return {
        "signature": header | {"name": "Authorization"} | signature,
        "key": header | {"name": "x-api-key", "description": "`auth.type: api_key`."},
        "token": header | {"name": "Authorization", "description": "`auth.type: authorizer`, its header by default."},
    }


def _object(optional: tuple[str, ...] = (), **fields: Schema) -> Schema:
    return {"type": "object", "required": [name for name in fields if name not in optional], "properties": fields}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


if __name__ == "__main__":
    PAGE.write_text(written())
