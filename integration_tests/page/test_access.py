"""Usable by keyboard, by ear, in the dark, on a phone and without motion."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from integration_tests.page.conftest import Open
from integration_tests.page.visit import Visit
from integration_tests.support.stack import unique_path

SIZES = {"wide": {"width": 1100, "height": 760}, "narrow": {"width": 390, "height": 844}}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
State = Callable[[Visit, str], None]


def empty(page: Visit, key: str) -> None:  # noqa: ARG001  (every state is reached with the same arguments)
    page.open()
    page.reveal("api")


def copying(page: Visit, key: str) -> None:
    page.open().ask(origin="files", path=unique_path("80MB", "rate=4000000"), key=key).sees("headline", "Copying")


def saved(page: Visit, key: str) -> None:
    page.open().ask(origin="files", path=unique_path("1MB"), key=key).sees("headline", "Saved")


def failed(page: Visit, key: str) -> None:
    page.open().ask(origin="files", path="nothing/here", key=key).sees("headline", "It did not work")


@pytest.mark.parametrize("state", [empty, copying, saved, failed])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(visit: Open, key: str, scheme: str, size: str, state: State) -> None:
    page = visit(color_scheme=scheme, viewport=SIZES[size])
    state(page, key)
    found = axe(page)
    assert [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found["violations"]] == []
    assert len(found["passes"]) > 20
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "scrolls sideways"


def axe(page: Visit) -> dict[str, Any]:
    """What axe-core finds; run by the debugger, which no Content-Security-Policy keeps out."""
    from axe_playwright_python.sync_playwright import Axe

    page.page.evaluate(Axe().axe_script)
    options = {"runOnly": {"type": "tag", "values": RULES}}
    found: dict[str, Any] = json.loads(page.page.evaluate(f"axe.run({json.dumps(options)}).then(JSON.stringify)"))
    return found


def test_axe_would_find_one(visit: Open) -> None:
    """The check itself: a button without a name is found."""
    page = visit().open()
    page.part("go").evaluate("button => button.textContent = ''")
    assert "button-name" in [one["id"] for one in axe(page)["violations"]]


def test_by_keyboard_alone(visit: Open, key: str) -> None:
    page = visit().open(origin="files", path=unique_path("1MB"))
    keys = page.page.keyboard
    order = []
    for _ in range(6):
        keys.press("Tab")
        order.append(page.page.evaluate("document.activeElement.id || document.activeElement.localName"))
    assert order == ["path", "go", "summary", "api", "origin", "key"]
    keys.type(key)
    keys.press("Enter")
    page.sees("headline", "Saved")
    assert page.page.evaluate("document.activeElement.id") == "headline"
    keys.press("Tab")
    assert page.page.evaluate("document.activeElement.id") == "link"


def test_what_has_the_focus_shows_it(visit: Open) -> None:
    page = visit().open()
    for name in ("path", "go"):
        page.page.keyboard.press("Tab")
        outline = page.part(name).evaluate("part => getComputedStyle(part).outline")
        assert outline.endswith("solid 2px")


def test_news_is_spoken(visit: Open, key: str) -> None:
    page = visit().open()
    page.page.evaluate(
        """() => { window.spoken = []; const news = document.getElementById("news");
                   new MutationObserver(() => spoken.push(news.textContent)).observe(news, { childList: true }); }"""
    )
    page.ask(origin="files", path=unique_path("30MB", "rate=12000000"), key=key).sees("headline", "Saved")
    for name in ("Copy to storage", "Download to this device"):  # axe looks at no bar of HTML's own
        assert page.page.get_by_role("progressbar", name=name, exact=True).count() == 1
    spoken = page.page.evaluate("window.spoken")
    assert spoken[:2] == ["Asking for the file.", "Connected. Waiting for the file."]
    assert spoken[-1].endswith("is saved.")
    quarters = [line for line in spoken if line.startswith("Copied: ")]
    assert 1 <= len(quarters) <= 3
    assert page.part("news").get_attribute("role") == "status"
    assert page.page.locator("[data-stage=copy]").inner_text().replace("\n", "") == "Copy, done"


def test_nothing_moves_where_motion_is_unwanted(visit: Open, key: str) -> None:
    page = visit().open().ask(origin="files", path=unique_path("1", "first_byte=3"), key=key)
    page.reads("copy", "Waiting for the origin")
    assert page.page.evaluate("document.getAnimations().length") == 0
    page.page.emulate_media(reduced_motion="no-preference")
    assert page.page.evaluate("document.getAnimations().length") > 0
