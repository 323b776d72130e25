"""The files of the web page, and the server that `make local` runs for them; `make test-page` tests it in a browser."""

from __future__ import annotations

import http.client
import re
from pathlib import Path

import pytest

from localcloud.web_page import WebPage
from runtime import errors
from tools.readme_tables import TOP

FOLDER, IMAGES = TOP / "client" / "web", TOP / "docs" / "images"
FILES = sorted(FOLDER.iterdir())
HTML = (FOLDER / "index.html").read_text(encoding="utf-8")
OTHER_HOST = re.compile(r"""(?:src|href|from|import|url)\s*[=(]?\s*["'(](?:https?:)?//""")
NEVER_RETURNED_TO_THE_PAGE = {  # by the calls that the page makes
    "TICKET_REQUIRED",
    "UNKNOWN_ACTION",
    "IDEMPOTENCY_KEY_REUSED",
    "DOWNLOAD_FINISHED",
    "TOO_MANY_CONNECTIONS",
}


def codes(base: type[errors.TransferError] | type[errors.RequestError]) -> set[str]:
    """Return the codes of an error class and its subclasses."""
    return {base.code}.union(*(codes(subclass) for subclass in base.__subclasses__()))


def policy() -> dict[str, str]:
    """Return the Content-Security-Policy by directive."""
    (content,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', HTML)
    return {name: values for name, _, values in (part.strip().partition(" ") for part in content.split(";"))}


def test_every_code_has_an_explanation() -> None:
    explained = set(re.findall(r"^  ([A-Z_]+): \[", (FOLDER / "failures.js").read_text(encoding="utf-8"), re.MULTILINE))
    returned = codes(errors.TransferError) | codes(errors.RequestError) | {"INTERNAL", "UNAVAILABLE"}
    assert returned - explained == NEVER_RETURNED_TO_THE_PAGE
    assert not NEVER_RETURNED_TO_THE_PAGE & explained


def test_the_page_runs_its_own_files_and_nothing_else() -> None:
    rules = policy()
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["img-src"] == "'self'"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert set(rules["connect-src"].split()) <= {
        "'self'",
        "https:",
        "wss:",
        *(f"{scheme}://{host}:*" for scheme in ("http", "ws") for host in ("127.0.0.1", "localhost")),
    }
    assert not re.search(r"\son\w+=|style=|<style|<script(?! type=\"module\" src=)", HTML)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_file_refers_to_another_host(file: Path) -> None:
    assert not OTHER_HOST.search(file.read_text(encoding="utf-8"))


def test_every_file_is_used() -> None:
    text = {file.name: file.read_text(encoding="utf-8") for file in FILES}
    used = set(re.findall(r"""["'](?:\./)?([\w.]+\.(?:js|css|svg))["']""", "".join(text.values())))
    assert used | {"index.html"} == set(text)


def test_the_page_uses_no_storage() -> None:
    for file in FILES:
        for word in ("localStorage", "sessionStorage", "indexedDB", "document.cookie", "history.", "caches."):
            assert word not in file.read_text(encoding="utf-8"), file.name


def test_the_server_sends_the_page_and_its_config() -> None:
    with WebPage() as page:
        assert get(page, "/config.json")[0] == 404
        page.config = {"apiUrl": "http://127.0.0.1:1/a"}
        assert get(page, "/config.json") == (200, "application/json", b'{"apiUrl": "http://127.0.0.1:1/a"}')
        assert get(page, "/?path=x") == (200, "text/html; charset=utf-8", HTML.encode())
        assert {get(page, f"/{file.name}")[0] for file in FILES} == {200}
        assert get(page, "/app.js")[1] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("path", ["/../pyproject.toml", "/%2e%2e/x", "//etc/passwd", "/nothing.js", "/web/app.js"])
def test_the_server_sends_no_other_file(path: str) -> None:
    with WebPage() as page:
        assert get(page, path)[0] == 404


def test_the_server_ends_with_its_context() -> None:
    with WebPage() as page:
        get(page, "/")
    with pytest.raises(ConnectionError):
        get(page, "/")


def test_the_screenshots_are_small() -> None:
    assert {image.suffix for image in IMAGES.iterdir()} == {".png"}
    assert all(image.stat().st_size < 150_000 for image in IMAGES.iterdir())


def get(page: WebPage, path: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(page.origin.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read()
    finally:
        connection.close()
