"""Requests as the filter in front of the emulator sees them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from localcloud.request_refusals import Refusal
from localcloud.request_rules import Decision, Request, check_request

PORT = 4566
ROOT = "LOCALROOTKEYOFTHISRUN"
ISSUED = "ASIAISSUEDBYSTS00000"
BUCKET = "bucket"
SCOPE = "20260101/us-east-1"
API = "/_aws/execute-api/0ac7dc46/v1/downloads"
FUNCTIONS = "/2015-03-31/functions"
FOREIGN = "https://attacker.example"
OBJECT = f"/{BUCKET}/downloads/1"
CROSS_SITE: dict[str, Any] = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors", "sec_fetch_dest": "image"}
NAVIGATION: dict[str, Any] = {
    "sec_fetch_site": "cross-site",
    "sec_fetch_mode": "navigate",
    "sec_fetch_dest": "document",
}
CONNECTIONS = API.replace("/downloads", "/@connections/abc=")


def header(key: str = ROOT, service: str = "lambda") -> str:
    """Build an Authorization header of Signature Version 4."""
    scope = f"{key}/{SCOPE}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"


def query(key: str = ROOT, service: str = "lambda", **changes: str) -> str:
    """Build a query string of Signature Version 4."""
    signed = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{key}/{SCOPE}/{service}/aws4_request",
        "X-Amz-Date": "20260101T000000Z",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "0" * 64,
    }
    return urlencode(signed | changes)


def forge(
    path: str, method: str = "GET", query: str = "", *, websocket: bool = False, host: str | None = None, **headers: Any
) -> Request:
    """Build a request; `sec_fetch_site="none"` is its Sec-Fetch-Site header."""
    sent = {"host": host or f"127.0.0.1:{PORT}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    encoded = [(name.encode(), value.encode()) for name, value in sent.items()]
    return Request(websocket, method, path, query.encode(), encoded, PORT)


def decide(request: Request) -> Decision:
    """Apply the rules of a run with one root key, one issued key and one bucket."""
    return check_request(request, {ROOT, ISSUED}.__contains__, lambda _host, path: path.startswith(f"/{BUCKET}/"))


def refusal_of(request: Request) -> Refusal | None:
    """Return the refusal of a request, or None."""
    return decide(request).refusal
