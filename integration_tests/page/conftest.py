"""A browser, the page on a port of its own, and a stack that lets it call."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from integration_tests.page.visit import Visit
from integration_tests.support.clouds import Cloud
from integration_tests.support.engines import Engine, deployed
from integration_tests.support.settings import FILES, Origins, config_for
from integration_tests.support.stack import Stack
from localcloud.web_page import WebPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
IMAGES = Path(__file__).parents[2] / "docs" / "images"
Open = Callable[..., Visit]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Screenshots are part of the documentation, so they change only when that is meant."""
    group = parser.getgroup("async-download", "end-to-end suite")
    group.addoption("--write-screenshots", action="store_true", help="write those in docs/images anew")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Chromium, as the system has it."""
    pytest.importorskip("playwright", reason="Playwright is not installed: `make test-page` installs it.")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("There is no Chromium: `apt-get install chromium`, or name one: CHROMIUM=/path/to/it.")
    return found


@pytest.fixture(scope="session")
def web_page(chromium: str) -> Iterator[WebPage]:  # noqa: ARG001  (without a browser nothing is started)
    """The page on a static host."""
    with WebPage() as page:
        yield page


@pytest.fixture(scope="session")
def page_stack(web_page: WebPage, cloud: Cloud, origins: Origins, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack that wants a key and lets this page call."""
    settings = config_for(
        cloud, origins, {"auth.type": "api_key", "api.corsOrigins": [web_page.origin], "api.webPage": True}
    )
    name = f"page-{secrets.token_hex(3)}"
    engine = Engine(request.config.getoption("--engine"))
    with deployed(engine, cloud, name, settings, lambda: False) as outputs:
        web_page.config = {"apiUrl": outputs["apiUrl"], "restAuth": "api_key"}
        yield Stack(cloud, outputs, origin=FILES)


@pytest.fixture(scope="session")
def browser(chromium: str, page_stack: Stack) -> Iterator[Browser]:  # noqa: ARG001  (see below)
    """Chromium, running. Its driver has an event loop of its own, in which no stack can be deployed or destroyed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def key(page_stack: Stack) -> str:
    """The stack's API key."""
    known = {"apiKey": page_stack.outputs["apiKeyId"], "includeValue": True}
    return str(page_stack.cloud.client("apigateway").get_api_key(**known)["value"])


@pytest.fixture
def visit(browser: Browser, web_page: WebPage) -> Iterator[Open]:
    """Opens the page as often as a test wants, each time in a fresh profile; nobody may have complained at the end."""
    opened: list[tuple[Visit, Any]] = []

    def open_one(url: str | None = None, *, init: str | None = None, **profile: Any) -> Visit:
        context = browser.new_context(accept_downloads=True, reduced_motion="reduce", **profile)
        context.set_default_timeout(20_000)
        if init:
            context.add_init_script(init)
        made = Visit(context, url or web_page.url)
        opened.append((made, context))
        return made

    yield open_one
    for made, context in opened:
        context.close()
        assert made.complaints == []
