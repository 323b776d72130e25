"""The function that serves the web page: its files, its configuration, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.adapters.page_files import FolderFiles
from runtime.handlers import web_page
from runtime.logic.requests.web_page import TYPES, GetPageFile

EVENT = json.loads((Path(__file__).parents[3] / "events" / "web_page.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CORS_ORIGINS", "[]")
    monkeypatch.setenv("REST_AUTH", "api_key")
    web_page.build_use_case.cache_clear()
    yield
    web_page.build_use_case.cache_clear()


def get(name: str, **headers: str) -> dict[str, Any]:
    """Return the response to `GET /page/{name}`."""
    return web_page.handler(EVENT | {"pathParameters": {"file": name}, "headers": headers}, None)


@pytest.mark.parametrize("file", sorted(web_page.FOLDER.iterdir()), ids=lambda file: file.name)
def test_file_is_served_with_its_type_and_security_headers(file: Path) -> None:
    response = get(file.name)
    assert (response["statusCode"], response["body"]) == (200, file.read_text(encoding="utf-8"))
    assert response["headers"]["Content-Type"] == TYPES[file.suffix]
    assert response["headers"]["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in response["headers"]["Content-Security-Policy"]


def test_canonical_event_gets_a_script() -> None:
    assert web_page.handler(EVENT, None)["headers"]["Content-Type"].startswith("text/javascript")


def test_config_names_the_api_and_its_auth() -> None:
    response = get("config.json")
    assert response["headers"]["Content-Type"] == "application/json"
    assert json.loads(response["body"]) == {"apiUrl": "..", "restAuth": "api_key"}


def test_unchanged_file_answers_304() -> None:
    first = get("app.js")
    second = get("app.js", **{"If-None-Match": f'W/"other", {first["headers"]["ETag"]}'})
    assert (second["statusCode"], second["body"]) == (304, "")
    assert second["headers"]["ETag"] == first["headers"]["ETag"]
    assert get("app.js", **{"If-None-Match": '"other"'})["statusCode"] == 200
    assert get("api.js")["headers"]["ETag"] != first["headers"]["ETag"]


@pytest.mark.parametrize("name", ["", "nothing.js", "..", "../app.js", "/etc/passwd", "App.js", "app", "\x00"])
def test_other_names_answer_404(name: str) -> None:
    response = get(name)
    assert (response["statusCode"], json.loads(response["body"])["error"]["code"]) == (404, "NOT_FOUND")


def test_file_of_unknown_type_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("x", encoding="utf-8")
    (tmp_path / "folder.js").mkdir()
    page = GetPageFile(FolderFiles(tmp_path), {})
    assert page.run("notes.md") is page.run("folder.js") is None
