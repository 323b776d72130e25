"""The function that serves the web page: its files, its config, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.adapters.page_files import FolderFiles
from runtime.handlers import web_page
from runtime.logic.requests.web_page import TYPES, GetPageFile

EVENT = json.loads((Path(__file__).parents[3] / "events" / "web_page.json").read_text())


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CORS_ORIGINS", "[]")
    monkeypatch.setenv("REST_AUTH", "api_key")
    web_page.build_use_case.cache_clear()
    yield
    web_page.build_use_case.cache_clear()


def get(name: str, **headers: str) -> dict[str, Any]:
    """What the gateway gets for `GET /page/{name}`."""
    return web_page.handler(EVENT | {"pathParameters": {"file": name}, "headers": headers}, None)


@pytest.mark.parametrize("file", sorted(web_page.FOLDER.iterdir()), ids=lambda file: file.name)
def test_every_file_is_served_as_what_it_is(file: Path) -> None:
    answer = get(file.name)
    assert (answer["statusCode"], answer["body"]) == (200, file.read_text(encoding="utf-8"))
    assert answer["headers"]["Content-Type"] == TYPES[file.suffix]
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer["headers"]["Content-Security-Policy"]


def test_the_canonical_event_gets_a_script() -> None:
    assert web_page.handler(EVENT, None)["headers"]["Content-Type"].startswith("text/javascript")


def test_the_config_names_the_api_beside_the_page() -> None:
    answer = get("config.json")
    assert answer["headers"]["Content-Type"] == "application/json"
    assert json.loads(answer["body"]) == {"apiUrl": "..", "restAuth": "api_key"}


def test_what_a_browser_has_is_not_sent_again() -> None:
    first = get("app.js")
    again = get("app.js", **{"If-None-Match": f'W/"other", {first["headers"]["ETag"]}'})
    assert (again["statusCode"], again["body"]) == (304, "")
    assert again["headers"]["ETag"] == first["headers"]["ETag"]
    assert get("app.js", **{"If-None-Match": '"other"'})["statusCode"] == 200
    assert get("api.js")["headers"]["ETag"] != first["headers"]["ETag"]


@pytest.mark.parametrize("name", ["", "nothing.js", "..", "../app.js", "/etc/passwd", "App.js", "app", "\x00"])
def test_nothing_else_is_served(name: str) -> None:
    answer = get(name)
    assert (answer["statusCode"], json.loads(answer["body"])["error"]["code"]) == (404, "NOT_FOUND")


def test_a_file_of_an_unknown_kind_is_none_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("x")
    (tmp_path / "folder.js").mkdir()
    page = GetPageFile(FolderFiles(tmp_path), {})
    assert page.run("notes.md") is page.run("folder.js") is None
