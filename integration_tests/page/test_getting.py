"""A file is asked for in a browser and arrives there, whole."""

from __future__ import annotations

from integration_tests.page.conftest import Open
from integration_tests.page.visit import Visit
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.waiting import is_absent, wait_for
from localcloud.origin import Origin

ALL_DONE = dict.fromkeys(("request", "connection", "copy", "link", "download"), "done")
MB = 10**6


def test_a_file_is_saved_and_verified(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit().open().ask(origin="files", path=unique_path("12MB"), key=key)
    page.sees("headline", "Saved")
    assert page.stages() == ALL_DONE
    assert page.saved() == Origin.content(12 * MB)
    assert page.downloads[0].suggested_filename == page.part("file-name").inner_text()
    page.reads("file-facts", "12 MB · verified · link works until")
    fetched = page_stack.client.fetch(page.link())
    assert (fetched.status, fetched.size) == (200, 12 * MB)


def test_an_empty_file_arrives_too(visit: Open, key: str) -> None:
    page = visit().open().ask(origin="files", path=unique_path("0"), key=key).sees("headline", "Saved")
    assert page.saved() == b""


def test_the_copy_is_watched(visit: Open, key: str) -> None:
    page = visit().open().ask(origin="files", path=unique_path("24MB", "rate=6000000"), key=key)
    page.sees("headline", "Copying")
    assert page.stages()["copy"] == "now"
    page.reads("copy", "of 24 MB").reads("copy", "MB/s")
    assert 0 < float(page.part("copy").locator("progress").evaluate("bar => bar.position")) < 1
    assert page.page.title().startswith("Copying")
    page.sees("headline", "Saved")


def test_a_slow_origin_is_waited_for_in_sight(visit: Open, key: str) -> None:
    page = visit().open().ask(origin="files", path=unique_path("1", "first_byte=2"), key=key)
    page.reads("copy", "Waiting for the origin")
    assert page.part("copy").locator("progress").evaluate("bar => bar.position") == -1
    page.sees("headline", "Saved")


def test_the_socket_is_closed_once_the_file_is_there(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit().open().ask(origin="files", path=unique_path("1MB"), key=key).sees("headline", "Saved")
    wait_for(lambda: page_stack.operator.connection_ids(page.requested[0]), 10, until=is_absent)


def test_the_address_fills_the_form_and_is_left_alone(visit: Open, key: str) -> None:
    path = unique_path("1")
    page = visit().open(origin="files", path=path)
    before = page.page.url
    assert page.part("path").input_value() == path
    page.ask(key=key).sees("headline", "Saved")
    assert page.page.url == before


def test_nothing_is_kept(visit: Open, key: str) -> None:
    """No ticket, no URL and no key outlives the visit."""
    page = visit().open().ask(origin="files", path=unique_path("1"), key=key).sees("headline", "Saved")
    kept = page.page.evaluate(
        """async () => [localStorage.length, sessionStorage.length, document.cookie, history.length,
                        (await indexedDB.databases()).length, (await caches.keys()).length]"""
    )
    assert kept == [0, 0, "", 2, 0, 0]
    assert page.page.context.cookies() == []


def test_a_large_file_goes_straight_to_a_place_on_disk(visit: Open, key: str) -> None:
    """Streamed into the file that the user chooses; here one of the browser's private ones."""
    page = small_memory(visit(init=CHOOSES)).open().ask(origin="files", path=unique_path("3MB"), key=key)
    page.sees("headline", "Ready")
    assert page.downloads == []
    page.part("save").click()
    page.sees("headline", "Saved")
    assert page.page.evaluate(DIGEST) == Origin.content_sha256(3 * MB)


def test_whoever_chooses_no_place_can_choose_again(visit: Open, key: str) -> None:
    refuses = "window.showSaveFilePicker = async () => { throw new DOMException('', 'AbortError'); };"
    page = small_memory(visit(init=refuses)).open().ask(origin="files", path=unique_path("3MB"), key=key)
    page.sees("headline", "Ready").part("save").click()
    assert page.part("save").is_visible()
    assert page.part("failure").inner_text() == ""


def test_a_large_file_without_a_place_to_choose_has_its_link(visit: Open, key: str) -> None:
    page = small_memory(visit(init="delete window.showSaveFilePicker;")).open()
    page.ask(origin="files", path=unique_path("3MB"), key=key).sees("headline", "Ready")
    assert not page.part("save").is_visible()
    page.follow_link()
    assert page.saved() == Origin.content(3 * MB)


CHOOSES = """window.showSaveFilePicker = async ({ suggestedName }) => {
    const folder = await navigator.storage.getDirectory();
    return folder.getFileHandle("chosen", { create: true });
};"""
DIGEST = """async () => {
    const folder = await navigator.storage.getDirectory();
    const file = await (await folder.getFileHandle("chosen")).getFile();
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}"""


def small_memory(page: Visit) -> Visit:
    """As if everything above a megabyte were too large to hold."""
    page.rewrite("sinks.js", "256 * 1024 * 1024", "1_000_000")
    return page
