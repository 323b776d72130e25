"""The screenshots in docs/images; `make test-page SCREENSHOTS=1` writes them."""

from __future__ import annotations

import secrets
import struct
from typing import Any

import pytest

from integration_tests.page.conftest import IMAGES, Open
from integration_tests.page.visit import SIZES, Visit

LARGEST = 150_000
SHOTS = [  # name, colour scheme, size, file, options of the origin, headline
    ("page-copying", "light", "wide", "files/80MB-report.parquet", "rate=12000000", "Copying"),
    ("page-saved", "dark", "wide", "files/25MB-2026-q3.csv", "", "Saved"),
    ("page-saved-narrow", "light", "narrow", "files/12MB-2026-q2.csv", "", "Saved"),
    ("page-failed-narrow", "dark", "narrow", "exports/2026/q5.csv", "", "It did not work"),
]


FIELDS = ("name", "scheme", "size", "path", "options", "headline")


@pytest.mark.parametrize(FIELDS, SHOTS, ids=[shot[0] for shot in SHOTS])
def test_a_screenshot_shows_what_its_name_says(
    visit: Open,
    key: str,
    request: pytest.FixtureRequest,
    name: str,
    scheme: str,
    size: str,
    path: str,
    options: str,
    headline: str,
) -> None:
    page = visit(color_scheme=scheme, viewport=SIZES[size]).open()
    prepare(page, path, options, key, headline)
    taken = page.page.screenshot(full_page=True)
    assert len(taken) < LARGEST
    image = IMAGES / f"{name}.png"
    if request.config.getoption("--write-screenshots", default=False):
        image.parent.mkdir(exist_ok=True)
        image.write_bytes(taken)
    assert width(image.read_bytes()) == width(taken), "run: make test-page SCREENSHOTS=1"
    assert image.stat().st_size < LARGEST


def test_every_image_has_its_test() -> None:
    assert {image.stem for image in IMAGES.glob("page-*")} == {shot[0] for shot in SHOTS}


def prepare(page: Visit, path: str, options: str, key: str, headline: str) -> None:
    """Request a file and wait for the headline, with the settings closed as for an API without a key."""
    requested_path = f"{path}?again={secrets.token_hex(4)}&{options}"  # the screenshot shows the short path

    def ask(route: Any) -> None:
        route.fallback(post_data=route.request.post_data_json | {"path": requested_path})

    page.intercept(lambda url: url.endswith("/downloads"), ask)
    page.submit(origin="files", path=path, key=key)
    page.page.get_by_text("Settings", exact=True).click()
    page.expect_text("headline", headline)
    if headline == "Copying":
        page.expect_contains("copy", "left")
    page.page.mouse.move(0, 0)


def width(png: bytes) -> int:
    """Return the width of a PNG in pixels."""
    return int(struct.unpack(">I", png[16:20])[0])
