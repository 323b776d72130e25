"""One visit to the page: what a user does there and what they can see."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from integration_tests.support.stack_client import Download

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page, Response, Route
    from playwright.sync_api import Download as BrowserDownload

Answering = Callable[[Any], object]
LONG = 40.0  # seconds; a busy machine starts functions slowly


class Visit:
    """A page that was opened; what it asked for and what it complained of is noted."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.page: Page = context.new_page()
        self.requested: list[Download] = []
        self.complaints: list[str] = []
        self.downloads: list[BrowserDownload] = []
        self.fetched: list[str] = []
        self.page.on("response", self._note)
        self.page.on("request", lambda request: self.fetched.append(request.url) if request.method == "GET" else None)
        self.page.on("console", lambda said: self._complain(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self._complain(str(error)))
        self.page.on("download", lambda download: self.downloads.append(download))

    def open(self, **asked: str) -> Visit:
        """Load the page, with what is asked for in its address; it is ready when it has looked for its config."""
        self.page.goto(f"{self.url}?{urlencode(asked)}" if asked else self.url)
        self.page.locator("#ask:not([inert])").wait_for()
        return self

    def ask(self, *, key: str | None = None, **fields: str) -> Visit:
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
        """Open the settings for a field that is in there."""
        if not self.part(name).is_visible():
            self.page.get_by_text("Settings", exact=True).click()

    def part(self, name: str) -> Locator:
        """An element by its id."""
        return self.page.locator(f"#{name}")

    def sees(self, name: str, text: str, seconds: float = LONG) -> Visit:
        """Wait until an element says exactly this."""
        from playwright.sync_api import expect

        expect(self.part(name)).to_have_text(text, timeout=seconds * 1000)
        return self

    def reads(self, name: str, text: str, seconds: float = LONG) -> Visit:
        """Wait until an element's text holds this."""
        from playwright.sync_api import expect

        expect(self.part(name)).to_contain_text(text, timeout=seconds * 1000)
        return self

    def stages(self) -> dict[str, str]:
        """Stage -> `done`, `now`, `failed` or nothing."""
        found = self.page.locator("#stages li").all()
        return {str(one.get_attribute("data-stage")): one.get_attribute("data-state") or "" for one in found}

    def saved(self) -> bytes:
        """The content of the one file that was saved; the browser tells of it a moment after the page does."""
        end = time.monotonic() + LONG
        while not self.downloads and time.monotonic() < end:
            self.page.wait_for_timeout(20)
        (download,) = self.downloads
        return Path(download.path()).read_bytes()

    def link(self) -> str:
        """Where the link leads to."""
        return str(self.part("link").get_attribute("href"))

    def follow_link(self) -> None:
        """Click the link; the browser's own download begins."""
        with self.page.expect_download(timeout=LONG * 1000):
            self.part("link").click()

    def instead(self, matches: Callable[[str], bool], answer: Answering, times: int | None = None) -> None:
        """Answer requests in the place of whoever would."""
        self.page.route(matches, answer, times=times)

    def rewrite(self, file: str, text: str, other: str) -> None:
        """Serve a script of the page with another constant in it, for what would take too long or too much."""

        def change(route: Any) -> None:
            answer = route.fetch()
            assert answer.text().count(text) == 1, f"{text} is not in {file}"
            route.fulfill(response=answer, body=answer.text().replace(text, other))

        self.instead(lambda url: url.endswith(f"/{file}"), change)

    def _note(self, response: Response) -> None:
        if response.request.method == "POST" and response.status == 202:
            body = response.json()
            self.requested.append(
                Download(body["downloadId"], body["executionArn"], body["webSocketEndpoint"], body["statusUrl"])
            )

    def _complain(self, text: str) -> None:
        if "Failed to load resource" not in text and "WebSocket connection" not in text:  # the browser's own remarks
            self.complaints.append(text)


def is_copy(url: str) -> bool:
    """Whether this is the URL of a copy."""
    return "X-Amz-Signature=" in url


def read_json(route: Route) -> dict[str, Any]:
    """What the real one answers."""
    found: dict[str, Any] = json.loads(route.fetch().text())
    return found
