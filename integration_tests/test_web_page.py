"""The web page as the stack serves it over HTTP; `page/` tests it in a browser."""

from __future__ import annotations

import json
import re

import pytest

from integration_tests.support.pulumi_cli import TOP
from integration_tests.support.rest import Exchange
from integration_tests.support.stack import Stack

FILES = sorted((TOP / "client" / "web").iterdir())


@pytest.fixture
def base(stack: Stack) -> str:
    """URL of the folder of the page's files."""
    url = stack.outputs["webPageUrl"]
    if url is None:
        pytest.skip("This stack serves no page because its API needs signed calls: use a target with auth.type none.")
    return str(url).removesuffix("index.html")


def get(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    with Exchange("GET", url, headers=headers) as answer:
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


@pytest.mark.engine
def test_every_file_is_served_whole_and_then_as_not_modified(base: str) -> None:
    for file in FILES:
        status, headers, content = get(base + file.name)
        assert (status, content) == (200, file.read_bytes())
        assert get(base + file.name, **{"If-None-Match": headers["etag"]})[0] == 304


def test_the_config_names_the_api_that_serves_the_page(stack: Stack, base: str) -> None:
    config = json.loads(get(f"{base}config.json")[2])
    assert config == {"apiUrl": "..", "restAuth": "none"}
    assert re.sub(r"/page/$", "", base) == stack.outputs["apiUrl"]


def test_other_paths_are_not_served(base: str) -> None:
    for name in ("nothing.js", "..%2Fpyproject.toml", "%2e%2e"):
        assert get(base + name)[0] in (403, 404)
