"""Files that are requested, followed and saved in a browser."""

from __future__ import annotations

from integration_tests.page.conftest import Open
from integration_tests.page.visit import ALL_DONE, Visit
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.waiting import is_absent, wait_for
from localcloud.origin import Origin

MB = 10**6


def test_a_file_is_saved_and_verified(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit().open().submit(origin="files", path=unique_path("12MB"), key=key)
    page.expect_text("headline", "Saved")
    assert page.stages() == ALL_DONE
    assert page.saved() == Origin.content(12 * MB)
    assert page.downloads[0].suggested_filename == page.part("file-name").inner_text()
    page.expect_contains("file-facts", "12 MB · verified · link works until")
    fetched = page_stack.client.fetch(page.link())
    assert (fetched.status, fetched.size) == (200, 12 * MB)


def test_an_empty_file_is_saved(visit: Open, key: str) -> None:
    page = visit().open().submit(origin="files", path=unique_path("0"), key=key).expect_text("headline", "Saved")
    assert page.saved() == b""


def test_the_progress_of_the_copy_is_shown(visit: Open, key: str) -> None:
    page = visit().open().submit(origin="files", path=unique_path("24MB", "rate=6000000"), key=key)
    page.expect_text("headline", "Copying")
    assert page.stages()["copy"] == "now"
    page.expect_contains("copy", "of 24 MB").expect_contains("copy", "MB/s")
    assert 0 < float(page.part("copy").locator("progress").evaluate("bar => bar.position")) < 1
    assert page.page.title().startswith("Copying")
    page.expect_text("headline", "Saved")


def test_waiting_for_a_slow_origin_is_shown(visit: Open, key: str) -> None:
    page = visit().open().submit(origin="files", path=unique_path("1", "first_byte=2"), key=key)
    page.expect_contains("copy", "Waiting for the origin")
    assert page.part("copy").locator("progress").evaluate("bar => bar.position") == -1
    page.expect_text("headline", "Saved")


def test_a_preparing_origin_is_shown_with_the_time_of_the_next_request(visit: Open, key: str) -> None:
    page = visit().open().submit(origin="files", path=unique_path("1", "status=202&times=1&retry_after=9"), key=key)
    page.expect_contains("copy", "The origin is preparing the file; it is asked again at ")
    assert page.page.title().startswith("Waiting for the origin")
    assert page.part("copy").locator("progress").evaluate("bar => bar.position") == -1
    page.expect_text("headline", "Saved")


def test_the_socket_is_closed_after_ready(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit().open().submit(origin="files", path=unique_path("1MB"), key=key).expect_text("headline", "Saved")
    wait_for(lambda: page_stack.operator.connection_ids(page.requested[0]), 10, until=is_absent)


def test_the_address_fills_the_form_and_stays_unchanged(visit: Open, key: str) -> None:
    path = unique_path("1")
    page = visit().open(origin="files", path=path)
    before = page.page.url
    assert page.part("path").input_value() == path
    page.submit(key=key).expect_text("headline", "Saved")
    assert page.page.url == before


def test_the_browser_stores_nothing(visit: Open, key: str) -> None:
    page = visit().open().submit(origin="files", path=unique_path("1"), key=key).expect_text("headline", "Saved")
    stored = page.page.evaluate(
        """async () => [localStorage.length, sessionStorage.length, document.cookie, history.length,
                        (await indexedDB.databases()).length, (await caches.keys()).length]"""
    )
    assert stored == [0, 0, "", 2, 0, 0]
    assert page.page.context.cookies() == []


def test_a_large_file_is_streamed_to_the_chosen_file(visit: Open, key: str) -> None:
    """Here the chosen file is in the browser's private file system."""
    page = limit_memory(visit(init=CHOOSES)).open().submit(origin="files", path=unique_path("3MB"), key=key)
    page.expect_text("headline", "Ready")
    assert page.downloads == []
    page.part("save").click()
    page.expect_text("headline", "Saved")
    assert page.page.evaluate(DIGEST) == Origin.content_sha256(3 * MB)


def test_a_cancelled_file_choice_can_be_repeated(visit: Open, key: str) -> None:
    refuses = "window.showSaveFilePicker = async () => { throw new DOMException('', 'AbortError'); };"
    page = limit_memory(visit(init=refuses)).open().submit(origin="files", path=unique_path("3MB"), key=key)
    page.expect_text("headline", "Ready").part("save").click()
    assert page.part("save").is_visible()
    assert page.part("failure").inner_text() == ""


def test_a_large_file_has_its_link_without_a_file_picker(visit: Open, key: str) -> None:
    page = limit_memory(visit(init="delete window.showSaveFilePicker;")).open()
    page.submit(origin="files", path=unique_path("3MB"), key=key).expect_text("headline", "Ready")
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


def limit_memory(page: Visit) -> Visit:
    """Let the page keep at most one megabyte in memory."""
    page.rewrite("sinks.js", "256 * 1024 * 1024", "1_000_000")
    return page
