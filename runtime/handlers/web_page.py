"""REST: GET /page/{file}."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from runtime import config
from runtime.adapters import startup
from runtime.adapters.page_files import FolderFiles
from runtime.handlers.boundary import Answer, Request, RestSettings, answer, rest
from runtime.logic.requests.web_page import GetPageFile

FOLDER = Path(__file__).resolve().parents[2] / "client" / "web"
HEADERS = {
    "Cache-Control": "no-cache",  # browsers revalidate it each time
    "Content-Security-Policy": "frame-ancestors 'none'",  # a page cannot set this rule itself
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Settings(RestSettings):
    """The environment variables."""

    rest_auth: str


@cache
def build_use_case() -> GetPageFile:
    """Build the use case. The page is one level below the paths of the API."""
    return GetPageFile(FolderFiles(FOLDER), {"apiUrl": "..", "restAuth": config.load(Settings).rest_auth})


startup.run(build_use_case)


@rest
def handler(request: Request) -> Answer:
    """Answer with the file, or 304 for a browser that has it."""
    file = build_use_case().run(request.path_parameters.get("file", ""))
    if file is None:
        return answer(404, {"error": {"code": "NOT_FOUND", "message": "The page has no such file."}})
    headers = HEADERS | {"Content-Type": file.content_type, "ETag": file.etag}
    if file.etag in request.headers.get("if-none-match", ""):
        return {"statusCode": 304, "headers": headers, "body": ""}
    return {"statusCode": 200, "headers": headers, "body": file.content}
