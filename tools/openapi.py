"""Writes docs/openapi.json, the OpenAPI document of the REST API, from the code: `make docs`."""

from __future__ import annotations

import json
from collections.abc import Set
from functools import cache
from typing import Any

from async_download.api.rest_requests import FIELDS
from async_download.api.rest_routes import ROUTES, Route

from runtime.logic.requests.idempotency_keys import MIN_LENGTH
from runtime.models import Status
from tools import protocol, rest_errors
from tools.readme_tables import TOP

PAGE = TOP / "docs" / "openapi.json"
Schema = dict[str, Any]

TIMESTAMP = {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
NEXT_REQUEST_AT = TIMESTAMP | {"description": "With PREPARING: when the origin is requested again."}
ID = {"type": "string", "pattern": "^[0-9a-f]{32}$", "example": "0f5c2a9b7d3e4f60818293a4b5c6d7e8"}
TICKET = {"type": "string", "pattern": r"^[0-9a-f]{32}\.[A-Za-z0-9_-]{43}$"}
TEXT = {"type": "string"}
FIELD_DESCRIPTIONS = {
    "origin": "Name of a configured origin; optional if there is only one.",
    "path": "Path under the origin, with its query; optional if the origin has a default path.",
    "fileName": "Name under which a browser saves the file; by default the last part of the path.",
    "sha256": "The SHA-256 that the file must have, in hex; another file fails.",
    "size": "The size in bytes that the file must have; another file fails before it is copied.",
}
CALLS: dict[str, Schema] = {
    "POST /downloads": {
        "operationId": "requestDownload",
        "summary": "Request a file",
        "description": "Answers at once. Connect to `webSocketEndpoint` for a message when the file is ready.",
        "success": ("202", "Accepted", "The request was accepted.", ["Location", "Retry-After"]),
    },
    "GET /download": {
        "operationId": "requestDownloadByGet",
        "summary": "Request a file with a GET",
        "description": "The same as `POST /downloads`.",
        "success": ("200", "Accepted", "The request was accepted.", []),
    },
    "GET /downloads/{id}": {
        "operationId": "getDownload",
        "summary": "Get the status of a download",
        "description": "Has a newly signed URL when the download is READY; for clients without WebSockets.",
        "success": ("200", "Download", "The status.", []),
    },
    "DELETE /downloads/{id}": {
        "operationId": "cancelDownload",
        "summary": "Cancel a download",
        "description": "Stops the execution, removes uploaded parts and notifies waiting clients.",
        "success": ("202", "Cancelled", "The download is cancelled.", []),
    },
}
HEADERS: dict[str, Schema] = {
    "Cache-Control": {"description": "A response may hold a ticket or a URL.", "schema": {"const": "no-store"}},
    "Location": {"description": "URL of the download's status.", "schema": TEXT},
    "Retry-After": {"description": "Seconds.", "schema": {"type": "string", "pattern": "^[0-9]+$"}},
}
RETRYABLE = {"429", "503", "504"}  # statuses with Retry-After


def document() -> Schema:
    """Return the document."""
    paths: Schema = {}
    for route in ROUTES:
        path = "/" + "/".join(route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, f"{route.method} {path}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Async download",
            "version": "1",
            "description": "Request a file, disconnect, and get a WebSocket message when it is ready.",
            "license": {"name": "MIT-0", "identifier": "MIT-0"},
        },
        "servers": [{"url": "{apiUrl}", "variables": {"apiUrl": {"default": "/", "description": "Output `apiUrl`."}}}],
        "security": [{}, {"signature": []}, {"key": []}, {"token": []}],
        "paths": paths,
        "components": {"schemas": _schemas(), "responses": _shared(), "securitySchemes": _security()},
    }


def text() -> str:
    """Return the document as JSON."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _operation(route: Route, call: str) -> Schema:
    operation = dict(CALLS[call])
    status, schema, description, headers = operation.pop("success")
    success: Schema = {
        "description": description,
        "headers": {name: HEADERS[name] for name in ("Cache-Control", *headers)},
        "content": _json(_ref(schema)),
    }
    errors: Schema = {
        code: {"$ref": f"#/components/responses/{code}"} if code in _shared() else _error(code, codes)
        for code, codes in rest_errors.of_call(route).items()
    }
    body = {"requestBody": {"required": True, "content": _json(_ref("Request"))}} if route.method == "POST" else {}
    return operation | {"parameters": _parameters(route)} | body | {"responses": {status: success} | errors}


@cache
def _shared() -> Schema:
    """Return the error responses that are the same for all calls."""
    calls = [rest_errors.of_call(route) for route in ROUTES]
    statuses = {status for call in calls for status in call}
    shared = [status for status in sorted(statuses) if all(call.get(status) == calls[0].get(status) for call in calls)]
    return {status: _error(status, calls[0][status]) for status in shared}


def _parameters(route: Route) -> list[Schema]:
    if route.function != "request_download":
        ticket = "The ticket of the download. Browsers may send it in the query string."
        return [
            {"name": "id", "in": "path", "required": True, "description": "`downloadId`.", "schema": ID},
            _parameter("X-Download-Ticket", "header", ticket, TICKET),
            _parameter("ticket", "query", "The ticket, when it is not in the header.", TICKET),
        ]
    key = (
        "The same key from the same caller gives the same download, and a further ticket. "
        f"With `auth.type` `api_key` or `none` it has to be a UUID or at least {MIN_LENGTH} random characters."
    )
    keys = [_parameter("Idempotency-Key", "header", key, {"type": "string", "pattern": "^[!-~]{1,255}$"})]
    fields = (
        [_parameter(name, "query", FIELD_DESCRIPTIONS[name], _field(name)) for name in FIELDS]
        if route.method == "GET"
        else []
    )
    return keys + fields


def _parameter(name: str, where: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": where, "required": False, "description": description, "schema": schema}


def _field(name: str) -> Schema:
    bounds: Schema = {
        "sha256": {"pattern": "^[0-9A-Fa-f]{64}$"},
        "path": {"minLength": 1},
        "fileName": {"minLength": 1},
    }
    return {**FIELDS[name], **bounds.get(name, {})}


def _error(status: str, codes: Set[str]) -> Schema:
    code = {"type": "string", "enum": sorted(codes)}
    fields = {"code": code, "message": {"type": "string", "minLength": 1, "description": "Says what to do."}}
    error = {"type": "object", "required": ["code", "message"], "properties": fields}
    response: Schema = {
        "description": " or ".join(sorted(codes)),
        "content": _json({"type": "object", "required": ["error"], "properties": {"error": error}}),
    }
    return response | ({"headers": {"Retry-After": HEADERS["Retry-After"]}} if status in RETRYABLE else {})


def _schemas() -> Schema:
    file = protocol.schema()["$defs"]["ready"]
    properties = {name: field for name, field in file["properties"].items() if name != "type"}
    properties["size"] = size = protocol.schema()["$defs"]["bytes"]
    codes = {"type": "string", "enum": sorted(protocol.codes_of("failed"))}
    request = {name: _field(name) | {"description": FIELD_DESCRIPTIONS[name]} for name in FIELDS}
    return {
        "Request": {"type": "object", "properties": request, "additionalProperties": False},
        "Accepted": _object(
            ("status", "nextRequestAt"),
            downloadId=ID,
            executionArn=TEXT,
            webSocketEndpoint=TEXT,
            statusUrl=TEXT,
            expiresAt=TIMESTAMP,
            status={"const": str(Status.PREPARING), "description": "Of a repeated request, while the origin prepares."},
            nextRequestAt=NEXT_REQUEST_AT,
        ),
        "Download": _object(
            ("size", "copiedBytes", "nextRequestAt", "url", "download", "error"),
            downloadId=ID,
            executionArn=TEXT,
            status={"type": "string", "enum": [str(status) for status in Status]},
            origin=TEXT,
            path=TEXT,
            createdAt=TIMESTAMP,
            expiresAt=TIMESTAMP,
            size=size,
            copiedBytes=size,
            nextRequestAt=NEXT_REQUEST_AT,
            url=properties["url"],
            download=_ref("File"),
            error=_object(code=codes, message=TEXT),
        ),
        "File": {"type": "object", "required": file["required"], "properties": properties},
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
    PAGE.write_text(text(), encoding="utf-8")
