"""What goes wrong is said in words, with what to do about it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integration_tests.page.conftest import Open
from integration_tests.page.visit import Visit, read_json
from integration_tests.support.settings import CLOSED
from integration_tests.support.stack import unique_path
from localcloud.web_page import WebPage


@pytest.mark.parametrize(
    ("path", "words", "code"),
    [
        ("nothing/here", "The origin has no such file. Check the path", "ORIGIN_NOT_FOUND"),
        ("files/1?status=403", "The origin refused to give the file. Whoever runs this API", "ORIGIN_REFUSED"),
        ("../escape", "This path cannot be asked for. Name a path below the origin", "INVALID_PATH"),
    ],
)
def test_a_failure_is_explained(visit: Open, key: str, path: str, words: str, code: str) -> None:
    page = visit().open().ask(origin="files", path=path, key=key).sees("headline", "It did not work")
    said = " ".join(page.part("failure").inner_text().split())
    assert said.startswith(words)
    assert code in said
    assert page.part("failure").get_attribute("role") == "alert"
    assert "failed" in page.stages().values()
    assert not page.part("cancel").is_visible()


def test_an_origin_where_nobody_is(visit: Open, key: str) -> None:
    page = visit().open().ask(origin=CLOSED, path="a", key=key).sees("headline", "It did not work", 60)
    page.reads("failure", "The origin could not be reached.")


def test_an_origin_that_does_not_exist(visit: Open, key: str) -> None:
    page = visit().open().ask(origin="nobody", path="a", key=key).sees("headline", "It did not work")
    page.reads("failure", "There is no origin of that name.").reads("failure", "UNKNOWN_ORIGIN")


@pytest.mark.parametrize("wrong", ["", "wrong-key-wrong-key-wrong-key"])
def test_a_wrong_key_is_told_apart(visit: Open, wrong: str) -> None:
    page = visit().open().ask(origin="files", path=unique_path("1"), key=wrong).sees("headline", "It did not work")
    page.reads("failure", "The API refused the call.").reads("failure", "Check the API key")
    assert page.stages()["request"] == "failed"


def test_after_a_failure_the_next_try_begins_afresh(visit: Open, key: str) -> None:
    page = visit().open().ask(origin="files", path=unique_path("1"), key="").sees("headline", "It did not work")
    page.ask(key=key).sees("headline", "Saved")
    assert page.part("failure").inner_text() == ""


def test_a_page_that_may_not_call_says_which_setting(visit: Open, web_page: WebPage, key: str) -> None:
    """The browser hides why; the page names the two things that it can be."""
    with WebPage() as stranger:
        stranger.config = web_page.config
        page = visit(stranger.url).open().ask(origin="files", path=unique_path("1"), key=key)
        page.sees("headline", "It did not work").reads("failure", "corsOrigins")
        page.complaints = [text for text in page.complaints if "CORS policy" not in text]  # the browser's own


@pytest.mark.parametrize(
    "url", ["nowhere", "ftp://api.example.com/v1", "http://api.example.com/v1", "https://a:b@c/v1"]
)
def test_what_is_no_url_of_an_api(visit: Open, url: str) -> None:
    page = visit().open()
    page.reveal("api")
    page.part("api").evaluate("field => field.type = 'text'")  # else the browser itself refuses some
    page.ask(api=url, path="a", key="secret").sees("headline", "It did not work")
    page.reads("failure", "BAD_API_URL")


def test_the_address_does_not_override_who_published_the_page(visit: Open, web_page: WebPage) -> None:
    """Or a made-up link could send a key to a stranger."""
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
def test_an_api_that_answers_nonsense_runs_no_script(
    visit: Open, key: str, changes: dict[str, Any], where: str
) -> None:
    page = visit()
    block_sockets(page)

    def change(route: Any) -> None:
        if route.request.method != where:
            route.fallback()
            return
        route.fulfill(status=200, headers=CORS, body=json.dumps(read_json(route) | changes))

    page.instead(lambda url: "/downloads" in url and "X-Amz" not in url, change)
    page.open().ask(origin="files", path=unique_path("1"), key=key).sees("headline", "It did not work")
    page.reads("failure", "What answers there is not this API.")
    assert "javascript" not in page.page.content()


CORS = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}


def block_sockets(page: Visit) -> None:
    """No WebSocket gets through, as behind some proxies."""
    page.page.route_web_socket("**", lambda socket: socket.close())
