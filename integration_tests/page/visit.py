"""Use the page as a user does, and read its contents."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from integration_tests.support.stack_client import Download

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page, Response, Route, ViewportSize
    from playwright.sync_api import Download as BrowserDownload

Answer = Callable[[Any], object]
SIZES: dict[str, ViewportSize] = {"wide": {"width": 1100, "height": 760}, "narrow": {"width": 390, "height": 844}}
ALL_DONE = dict.fromkeys(("request", "connection", "copy", "link", "download"), "done")
MAX_SECONDS = 40.0  # a busy machine starts functions slowly


class Visit:
    """An open page.

    Attributes:
        page: the page of Playwright.
        requested: downloads that the page has requested.
        errors: errors on the console, and exceptions.
        downloads: files that the browser has saved.
        fetched: URLs of all GET requests.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.page: Page = context.new_page()
        self.requested: list[Download] = []
        self.errors: list[str] = []
        self.downloads: list[BrowserDownload] = []
        self.fetched: list[str] = []
        self.page.on("response", self._record_request)
        self.page.on("request", lambda request: self.fetched.append(request.url) if request.method == "GET" else None)
        self.page.on("console", lambda message: self._record_error(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self._record_error(str(error)))
        self.page.on("download", lambda download: self.downloads.append(download))

    def open(self, **parameters: str) -> Visit:
        """Load the page with parameters in its address, and wait until it has read its config."""
        self.page.goto(f"{self.url}?{urlencode(parameters)}" if parameters else self.url)
        self.page.locator("#ask:not([inert])").wait_for()
        return self

    def submit(self, *, key: str | None = None, **fields: str) -> Visit:
        """Fill in and send the form."""
        for name, text in fields.items():
            self.reveal(name)
            self.part(name).fill(text)
        if key is not None:
            self.reveal("key")
            self.part("key").fill(key)
        self.part("go").click()
        return self

    def reveal(self, name: str) -> None:
        """Open the settings if they hide a field."""
        if not self.part(name).is_visible():
            self.page.get_by_text("Settings", exact=True).click()

    def part(self, name: str) -> Locator:
        """Return an element by its id."""
        return self.page.locator(f"#{name}")

    def expect_text(self, name: str, text: str, seconds: float = MAX_SECONDS) -> Visit:
        """Wait until the text of an element is exactly this."""
        from playwright.sync_api import expect

        expect(self.part(name)).to_have_text(text, timeout=seconds * 1000)
        return self

    def expect_contains(self, name: str, text: str, seconds: float = MAX_SECONDS) -> Visit:
        """Wait until the text of an element contains this."""
        from playwright.sync_api import expect

        expect(self.part(name)).to_contain_text(text, timeout=seconds * 1000)
        return self

    def stages(self) -> dict[str, str]:
        """Return stage -> `done`, `now`, `failed` or an empty text."""
        items = self.page.locator("#stages li").all()
        return {str(item.get_attribute("data-stage")): item.get_attribute("data-state") or "" for item in items}

    def saved(self) -> bytes:
        """Wait for the one saved file, which the browser reports a moment after the page, and return its content."""
        end = time.monotonic() + MAX_SECONDS
        while not self.downloads and time.monotonic() < end:
            self.page.wait_for_timeout(20)
        (download,) = self.downloads
        return Path(download.path()).read_bytes()

    def link(self) -> str:
        """Return the URL of the link."""
        return str(self.part("link").get_attribute("href"))

    def follow_link(self) -> None:
        """Click the link, and wait for the browser's own download."""
        with self.page.expect_download(timeout=MAX_SECONDS * 1000):
            self.part("link").click()

    def intercept(self, matches: Callable[[str], bool], answer: Answer, times: int | None = None) -> None:
        """Answer requests of matching URLs in place of the server: all of them, or the first few.

        The route stays when `times` are over. Playwright would end the interception in the midst of the page's next
        request, and then sometimes reports no event for that request.
        """
        answered = itertools.count()

        def answer_or_forward(route: Any) -> None:
            if times is not None and next(answered) >= times:
                route.fallback()
            else:
                answer(route)

        self.page.route(matches, answer_or_forward)

    def block_sockets(self) -> None:
        """Close every WebSocket at once, as some proxies do."""
        self.page.route_web_socket("**", lambda socket: socket.close())

    def rewrite(self, file: str, text: str, other: str) -> None:
        """Serve a script of the page with one constant replaced, to make a time or a size shorter."""

        def change(route: Any) -> None:
            answer = route.fetch()
            assert answer.text().count(text) == 1, f"{text} is not in {file}"
            route.fulfill(response=answer, body=answer.text().replace(text, other))

        self.intercept(lambda url: url.endswith(f"/{file}"), change)

    def _record_request(self, response: Response) -> None:
        if response.request.method == "POST" and response.status == 202:
            body = response.json()
            self.requested.append(
                Download(body["downloadId"], body["executionArn"], body["webSocketEndpoint"], body["statusUrl"])
            )

    def _record_error(self, text: str) -> None:
        if "Failed to load resource" not in text and "WebSocket connection" not in text:  # of the browser itself
            self.errors.append(text)


def is_copy(url: str) -> bool:
    """Return whether a URL is the pre-signed URL of a copy."""
    return "X-Amz-Signature=" in url


def read_json(route: Route) -> dict[str, Any]:
    """Forward the request and return the JSON of its answer."""
    body: dict[str, Any] = json.loads(route.fetch().text())
    return body
