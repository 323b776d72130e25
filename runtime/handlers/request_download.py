"""REST: POST /downloads, and GET /download of the replaced sample."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from runtime import config
from runtime.adapters import startup
from runtime.adapters.callers import DynamoCallers
from runtime.adapters.clock import SystemClock
from runtime.adapters.downloads import DynamoDownloads
from runtime.adapters.executions import StepFunctions
from runtime.config import Amount
from runtime.errors import InvalidRequestError
from runtime.handlers.boundary import Answer, Request, RestSettings, answer, rest
from runtime.logic.ending.running_limit import RunningLimit
from runtime.logic.requests.request_download import DownloadRequest, RequestDownload
from runtime.models import Origins

TEXTS = ("origin", "path", "fileName", "sha256")
FIELDS = (*TEXTS, "size")
MAX_DIGITS = 18


@dataclass(frozen=True)
class Settings(RestSettings):
    """The environment variables."""

    downloads_table: str
    state_machine_arn: str
    origins: Origins
    api_url: str
    web_socket_url: str
    download_expires_seconds: int
    max_file_bytes: int
    max_downloads_per_caller: Amount
    daily_bytes_per_caller: Amount


@cache
def build_use_case() -> RequestDownload:
    """Build the use case on AWS."""
    settings = config.load(Settings)
    downloads, executions = DynamoDownloads(settings.downloads_table), StepFunctions(settings.state_machine_arn)
    clock, limits = SystemClock(), (settings.max_downloads_per_caller, settings.daily_bytes_per_caller)
    startup.prepare(downloads, executions)
    return RequestDownload(
        downloads=downloads,
        executions=executions,
        clock=clock,
        origins=settings.origins,
        state_machine_arn=settings.state_machine_arn,
        api_url=settings.api_url,
        web_socket_url=settings.web_socket_url,
        expires_seconds=settings.download_expires_seconds,
        max_file_bytes=settings.max_file_bytes,
        limit=RunningLimit(DynamoCallers(settings.downloads_table), downloads, executions, clock, *limits),
    )


startup.run(build_use_case)


@rest
def handler(request: Request) -> Answer:
    """Start the download; return at once."""
    body = build_use_case().run(_download_request(request))
    if request.method == "GET":
        return answer(200, body)
    return answer(202, body, {"Location": str(body["statusUrl"]), "Retry-After": "1"})


def _download_request(request: Request) -> DownloadRequest:
    fields: dict[str, Any] = dict(request.query) if request.method == "GET" else request.json()
    if request.method != "GET" and not fields.keys() <= set(FIELDS):
        raise InvalidRequestError(f"The body may have these fields and no others: {', '.join(FIELDS)}.")
    for name in TEXTS:
        if not isinstance(fields.get(name), str | None):
            raise InvalidRequestError(f"{name} has to be a string.")
    return DownloadRequest(
        owner=request.caller,
        origin=fields.get("origin"),
        path=fields.get("path"),
        file_name=fields.get("fileName"),
        sha256=fields.get("sha256"),
        size=_size(fields.get("size")),
        idempotency_key=request.headers.get("idempotency-key"),
    )


def _size(value: object) -> int | None:
    """Return a size: a number in a body, digits in a query."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS:
        value = int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise InvalidRequestError("size has to be a whole number of bytes, 0 or more.")
