"""Accessibility: axe-core, the keyboard, screen readers, colour schemes, narrow screens, reduced motion."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any, Literal

import pytest

from integration_tests.page.conftest import Open
from integration_tests.page.visit import SIZES, Visit
from integration_tests.support.stack import unique_path

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
State = Callable[[Visit, str], None]


def empty(page: Visit, key: str) -> None:  # noqa: ARG001  (every state is reached with the same arguments)
    page.open()
    page.reveal("api")


def copying(page: Visit, key: str) -> None:
    page.open().submit(origin="files", path=unique_path("80MB", "rate=2000000"), key=key).expect_text(
        "headline", "Copying"
    )


def saved(page: Visit, key: str) -> None:
    page.open().submit(origin="files", path=unique_path("1MB"), key=key).expect_text("headline", "Saved")


def failed(page: Visit, key: str) -> None:
    page.open().submit(origin="files", path="nothing/here", key=key).expect_text("headline", "It did not work")


@pytest.mark.parametrize("state", [empty, copying, saved, failed])
def test_axe_finds_no_violation(visit: Open, key: str, state: State) -> None:
    page = visit()
    state(page, key)
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme, size in product(schemes, SIZES):
        page.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.page.set_viewport_size(SIZES[size])
        results = axe(page)
        violations = [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in results["violations"]]
        assert violations == [], (scheme, size)
        assert len(results["passes"]) > 20
        assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{size} scrolls sideways"


def axe(page: Visit) -> dict[str, Any]:
    """Run axe-core through the debugger, which no Content-Security-Policy blocks; return its results."""
    from axe_playwright_python.sync_playwright import Axe

    page.page.evaluate(Axe().axe_script)
    options = {"runOnly": {"type": "tag", "values": RULES}}
    results: dict[str, Any] = json.loads(page.page.evaluate(f"axe.run({json.dumps(options)}).then(JSON.stringify)"))
    return results


def test_axe_finds_a_button_without_a_name(visit: Open) -> None:
    page = visit().open()
    page.part("go").evaluate("button => button.textContent = ''")
    assert "button-name" in [rule["id"] for rule in axe(page)["violations"]]


def test_the_keyboard_alone_is_enough(visit: Open, key: str) -> None:
    page = visit().open(origin="files", path=unique_path("1MB"))
    keys = page.page.keyboard
    order = []
    for _ in range(6):
        keys.press("Tab")
        order.append(page.page.evaluate("document.activeElement.id || document.activeElement.localName"))
    assert order == ["path", "go", "summary", "api", "origin", "key"]
    keys.type(key)
    keys.press("Enter")
    page.expect_text("headline", "Saved")
    assert page.page.evaluate("document.activeElement.id") == "headline"
    keys.press("Tab")
    assert page.page.evaluate("document.activeElement.id") == "link"


def test_the_focused_element_has_an_outline(visit: Open) -> None:
    page = visit().open()
    for name in ("path", "go"):
        page.page.keyboard.press("Tab")
        outline = page.part(name).evaluate("part => getComputedStyle(part).outline")
        assert outline.endswith("solid 2px")


def test_progress_is_announced_to_screen_readers(visit: Open, key: str) -> None:
    page = visit().open()
    page.page.evaluate(
        """() => { window.spoken = []; const status = document.getElementById("announcement");
                   new MutationObserver(() => spoken.push(status.textContent)).observe(status, { childList: true });}"""
    )
    page.submit(origin="files", path=unique_path("30MB", "rate=12000000"), key=key).expect_text("headline", "Saved")
    for name in ("Copy to storage", "Download to this device"):  # axe does not check <progress>
        assert page.page.get_by_role("progressbar", name=name, exact=True).count() == 1
    spoken = page.page.evaluate("window.spoken")
    assert spoken[:2] == ["Asking for the file.", "Connected. Waiting for the file."]
    assert spoken[-1].endswith("is saved.")
    quarters = [line for line in spoken if line.startswith("Copied: ")]
    assert 1 <= len(quarters) <= 3
    assert page.part("announcement").get_attribute("role") == "status"
    assert page.page.locator("[data-stage=copy]").inner_text().replace("\n", "") == "Copy, done"


def test_animations_stop_with_reduced_motion(visit: Open, key: str) -> None:
    page = visit().open().submit(origin="files", path=unique_path("1", "first_byte=3"), key=key)
    page.expect_contains("copy", "Waiting for the origin")
    assert page.page.evaluate("document.getAnimations().length") == 0
    page.page.emulate_media(reduced_motion="no-preference")
    assert page.page.evaluate("document.getAnimations().length") > 0
