"""Failures, and the explanation that the page shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integration_tests.page.conftest import Open
from integration_tests.page.visit import read_json
from integration_tests.support.settings import CLOSED
from integration_tests.support.stack import unique_path
from localcloud.web_page import WebPage


@pytest.mark.parametrize(
    ("path", "words", "code"),
    [
        ("nothing/here", "The origin has no such file. Check the path", "ORIGIN_NOT_FOUND"),
        ("files/1?status=403", "The origin refused to give the file. The operator of this API", "ORIGIN_REFUSED"),
        ("../escape", "This path is not allowed. Name a path below the origin", "INVALID_PATH"),
    ],
)
def test_a_failure_is_explained(visit: Open, key: str, path: str, words: str, code: str) -> None:
    page = visit().open().submit(origin="files", path=path, key=key).expect_text("headline", "It did not work")
    explanation = " ".join(page.part("failure").inner_text().split())
    assert explanation.startswith(words)
    assert code in explanation
    assert page.part("failure").get_attribute("role") == "alert"
    assert "failed" in page.stages().values()
    assert not page.part("cancel").is_visible()


def test_an_unreachable_origin_is_explained(visit: Open, key: str) -> None:
    page = visit().open().submit(origin=CLOSED, path="a", key=key).expect_text("headline", "It did not work", 60)
    page.expect_contains("failure", "The origin could not be reached.")


def test_an_unknown_origin_is_explained(visit: Open, key: str) -> None:
    page = visit().open().submit(origin="nobody", path="a", key=key).expect_text("headline", "It did not work")
    page.expect_contains("failure", "There is no origin of that name.").expect_contains("failure", "UNKNOWN_ORIGIN")


@pytest.mark.parametrize("wrong", ["", "wrong-key-wrong-key-wrong-key"])
def test_a_wrong_key_is_explained(visit: Open, wrong: str) -> None:
    page = (
        visit()
        .open()
        .submit(origin="files", path=unique_path("1"), key=wrong)
        .expect_text("headline", "It did not work")
    )
    page.expect_contains("failure", "The API refused the call.").expect_contains("failure", "Check the API key")
    assert page.stages()["request"] == "failed"


def test_a_new_request_clears_the_failure(visit: Open, key: str) -> None:
    page = (
        visit().open().submit(origin="files", path=unique_path("1"), key="").expect_text("headline", "It did not work")
    )
    page.submit(key=key).expect_text("headline", "Saved")
    assert page.part("failure").inner_text() == ""


def test_a_page_without_cors_names_the_setting(visit: Open, web_page: WebPage, key: str) -> None:
    """The browser hides the reason; the page names the two possible ones."""
    with WebPage() as other_page:
        other_page.config = web_page.config
        page = visit(other_page.url).open().submit(origin="files", path=unique_path("1"), key=key)
        page.expect_text("headline", "It did not work").expect_contains("failure", "corsOrigins")
        page.errors = [text for text in page.errors if "CORS policy" not in text]  # of the browser itself


@pytest.mark.parametrize(
    "url", ["nowhere", "ftp://api.example.com/v1", "http://api.example.com/v1", "https://a:b@c/v1"]
)
def test_an_invalid_api_url_is_explained(visit: Open, url: str) -> None:
    page = visit().open()
    page.reveal("api")
    page.part("api").evaluate("field => field.type = 'text'")  # else the browser refuses some values itself
    page.submit(api=url, path="a", key="secret").expect_text("headline", "It did not work")
    page.expect_contains("failure", "BAD_API_URL")


def test_the_address_does_not_override_the_config(visit: Open, web_page: WebPage) -> None:
    """Otherwise a link could send the key to an attacker."""
    page = visit().open(api="https://evil.example/v1")
    assert page.part("api").input_value() == web_page.config["apiUrl"]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"webSocketEndpoint": "https://api.example.com/?ticket=a"}, "POST"),
        ({"webSocketEndpoint": "javascript:alert(1)"}, "POST"),
        ({"webSocketEndpoint": None}, "POST"),
        ({"download": {"url": "javascript:alert(1)", "size": 1, "fileName": "a"}}, "GET"),
    ],
)
def test_an_invalid_answer_of_the_api_runs_no_script(
    visit: Open, key: str, changes: dict[str, Any], where: str
) -> None:
    page = visit()
    page.block_sockets()

    def change(route: Any) -> None:
        if route.request.method != where:
            route.fallback()
            return
        route.fulfill(status=200, headers=CORS, body=json.dumps(read_json(route) | changes))

    page.intercept(lambda url: "/downloads" in url and "X-Amz" not in url, change)
    page.open().submit(origin="files", path=unique_path("1"), key=key).expect_text("headline", "It did not work")
    page.expect_contains("failure", "The server at this URL is not an async-download API.")
    assert "javascript" not in page.page.content()


CORS = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}
