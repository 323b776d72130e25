"""A browser, the page on a port of its own, and a stack that lists the page in `api.corsOrigins`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from integration_tests.conftest import deploy_stack
from integration_tests.page.visit import Visit
from integration_tests.support.clouds import Cloud
from integration_tests.support.settings import Origins, config_for
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
    """Add the option that writes the screenshots of the documentation."""
    group = parser.getgroup("async-download", "end-to-end suite")
    group.addoption("--write-screenshots", action="store_true", help="write the screenshots in docs/images")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium."""
    pytest.importorskip("playwright", reason="Playwright is not installed: `make test-page` installs it.")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("There is no Chromium: run `apt-get install chromium`, or set CHROMIUM=/path/to/chromium.")
    return path


@pytest.fixture(scope="session")
def web_page(chromium: str) -> Iterator[WebPage]:  # noqa: ARG001  (without a browser nothing is started)
    """The page on a static web server."""
    with WebPage() as page:
        yield page


@pytest.fixture(scope="session")
def page_stack(web_page: WebPage, cloud: Cloud, origins: Origins, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack with an API key that lists the page in `api.corsOrigins`."""
    settings = config_for(
        cloud, origins, {"auth.type": "api_key", "api.corsOrigins": [web_page.origin], "api.webPage": True}
    )
    with deploy_stack(request, cloud, "page", settings) as stack:
        web_page.config = {"apiUrl": stack.outputs["apiUrl"], "restAuth": "api_key"}
        yield stack


@pytest.fixture(scope="session")
def browser(chromium: str, page_stack: Stack) -> Iterator[Browser]:  # noqa: ARG001  (see below)
    """A running Chromium. It starts after the stack: no stack can be deployed inside the event loop of its driver."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def key(page_stack: Stack) -> str:
    """The stack's API key."""
    gateway = page_stack.cloud.client("apigateway")
    return str(gateway.get_api_key(apiKey=page_stack.outputs["apiKeyId"], includeValue=True)["value"])


@pytest.fixture
def visit(browser: Browser, web_page: WebPage) -> Iterator[Open]:
    """A function that opens the page in a fresh profile; at the end the console must have no errors."""
    opened: list[tuple[Visit, Any]] = []

    def open_page(url: str | None = None, *, init: str | None = None, **profile: Any) -> Visit:
        context = browser.new_context(accept_downloads=True, reduced_motion="reduce", **profile)
        context.set_default_timeout(20_000)
        if init:
            context.add_init_script(init)
        page = Visit(context, url or web_page.url)
        opened.append((page, context))
        return page

    yield open_page
    for page, context in opened:
        context.close()
        assert page.errors == []
