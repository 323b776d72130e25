"""The event that each function is timed with, and the check that its answer is a success."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.cold.endpoint import CONNECTION, COPYING, PENDING, READY, TICKET_SECRET, execution_arn

_TICKET = {"ticket": f"{READY}.{TICKET_SECRET}"}


def _rest(method: str, path: str, download_id: str = "", **fields: object) -> dict[str, Any]:
    headers = {"X-Download-Ticket": f"{download_id}.{TICKET_SECRET}"} if download_id else {}
    return {
        "httpMethod": method,
        "path": path,
        "headers": headers,
        "queryStringParameters": None,
        "pathParameters": {"id": download_id},
        "requestContext": {"identity": {"sourceIp": "198.51.100.7"}},
        **fields,
    }


def _socket(event_type: str, **fields: object) -> dict[str, Any]:
    return {"requestContext": {"connectionId": CONNECTION, "eventType": event_type}, **fields}


def _task(download_id: str, **fields: object) -> dict[str, Any]:
    return {"executionArn": execution_arn(download_id), **fields}


EVENTS: dict[str, dict[str, Any]] = {
    "request_download": _rest("POST", "/downloads", body=json.dumps({"origin": "files", "path": "file"})),
    "get_download": _rest("GET", f"/downloads/{READY}", READY),
    "cancel_download": _rest("DELETE", f"/downloads/{PENDING}", PENDING),
    "web_page": _rest("GET", "/page/index.html", pathParameters={"file": "index.html"}),
    "connect": _socket("CONNECT", queryStringParameters=_TICKET),
    "disconnect": _socket("DISCONNECT"),
    "message": _socket("MESSAGE", body=json.dumps({"action": "status"})),
    "copy": _task(PENDING),
    "copy_slice": _task(COPYING, slice=0),
    "complete": _task(COPYING, slices=[0]),
    "deliver": _task(READY),
    "fail": _task(PENDING, error={"code": "ORIGIN_NOT_FOUND", "message": "The origin does not have the file."}),
    "close": _task(READY, connectionIds=[CONNECTION], since="2026-01-01T00:00:00.000Z"),
}


def is_success(answer: Any) -> bool:
    """Return True for the answer of a successful call; a failing call would be too quick."""
    if answer is None:
        return False
    if "statusCode" in answer:
        return bool(answer["statusCode"] < 400)
    failed = answer.get("outcome") == "FAILED" or answer.get("failed", 0) > 0
    return not failed
