"""Requests as the filter in front of the emulator sees them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from localcloud.request_refusals import Refusal
from localcloud.request_rules import Request, Verdict, judge

PORT = 4566
ROOT = "LOCALROOTKEYOFTHISRUN"
ISSUED = "ASIAISSUEDBYSTS00000"
BUCKET = "bucket"
SCOPE = "20260101/us-east-1"
API = "/_aws/execute-api/0ac7dc46/v1/downloads"
FUNCTIONS = "/2015-03-31/functions"


def header(key: str = ROOT, service: str = "lambda") -> str:
    """An Authorization header of Signature Version 4."""
    scope = f"{key}/{SCOPE}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"


def query(key: str = ROOT, service: str = "lambda", **changes: str) -> str:
    """A query string of Signature Version 4."""
    signed = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{key}/{SCOPE}/{service}/aws4_request",
        "X-Amz-Date": "20260101T000000Z",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "0" * 64,
    }
    return urlencode(signed | changes)


def request(
    path: str, method: str = "GET", query: str = "", *, websocket: bool = False, host: str | None = None, **headers: Any
) -> Request:
    """A request; `sec_fetch_site="none"` is its Sec-Fetch-Site header."""
    sent = {"host": host or f"127.0.0.1:{PORT}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    encoded = [(name.encode(), value.encode()) for name, value in sent.items()]
    return Request(websocket, method, path, query.encode(), encoded, PORT)


def judged(asked: Request) -> Verdict:
    """What the rules say in a run with one root key, one issued key and one bucket."""
    return judge(asked, {ROOT, ISSUED}.__contains__, lambda _host, path: path.startswith(f"/{BUCKET}/"))


def refused(asked: Request) -> Refusal | None:
    """The refusal of a request, if it is refused."""
    return judged(asked).refusal
