"""Lines drop, links expire, users change their minds: the download goes on, or ends cleanly."""

from __future__ import annotations

from typing import Any

from integration_tests.page.conftest import Open
from integration_tests.page.test_failing import block_sockets
from integration_tests.page.visit import Visit, is_copy
from integration_tests.support.stack import Stack, unique_path
from integration_tests.support.waiting import is_absent, wait_for
from localcloud.origin import Origin

MB = 10**6
EXPIRED = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
READABLE = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Expose-Headers": "ETag",
}
HEADERS = READABLE | {"Content-Type": "application/xml"}


def connected(page: Visit, stack: Stack) -> set[str]:
    """The connections of the download, once there is one."""
    page.reads("copy", "Waiting for the origin")
    return wait_for(lambda: stack.operator.connection_ids(page.requested[0]), 20)


def test_a_dropped_line_is_mended(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit().open().ask(origin="files", path=unique_path("2MB", "first_byte=4"), key=key)
    (first,) = connected(page, page_stack)
    page_stack.operator.disconnect(first)
    page.reads("note", "The line dropped. Connecting again")
    second = wait_for(lambda: page_stack.operator.connection_ids(page.requested[0]) - {first}, 20)
    assert second
    page.sees("headline", "Saved")
    assert not page.part("note").is_visible()
    assert page.saved() == Origin.content(2 * MB)


def test_where_sockets_are_blocked_the_page_asks(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit()
    block_sockets(page)
    page.open().ask(origin="files", path=unique_path("2MB", "first_byte=1"), key=key).sees("headline", "Saved")
    assert page.saved() == Origin.content(2 * MB)
    assert page_stack.operator.connection_ids(page.requested[0]) == set()


def test_a_line_that_is_silent_is_given_up(visit: Open, key: str) -> None:
    """As after a laptop's sleep: the socket looks open, and nothing comes."""
    page = visit()
    sockets: list[Any] = []

    def swallow_the_first(socket: Any) -> None:
        sockets.append(socket)
        if len(sockets) > 1:
            socket.connect_to_server()

    page.page.route_web_socket("**", swallow_the_first)
    page.rewrite("journey.js", "20_000", "1_500")
    page.open().ask(origin="files", path=unique_path("1MB"), key=key)
    page.reads("note", "The line dropped").sees("headline", "Saved")
    assert len(sockets) == 2


def test_a_busy_api_is_asked_again_for_the_same_download(visit: Open, key: str) -> None:
    page = visit()
    keys: list[str] = []

    def busy(route: Any) -> None:
        if route.request.method == "OPTIONS":
            route.fallback()
            return
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 2:
            route.fallback()
        else:
            route.fulfill(status=503, headers=READABLE, body='{"error": {"code": "UNAVAILABLE", "message": "Later."}}')

    page.instead(lambda url: url.endswith("/downloads"), busy)
    page.open().ask(origin="files", path=unique_path("1"), key=key).sees("headline", "Saved")
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_an_api_that_stays_busy_is_told_of(visit: Open, key: str) -> None:
    page = visit()
    body = '{"error": {"code": "UNAVAILABLE", "message": "Later."}}'
    page.instead(lambda url: url.endswith("/downloads"), lambda r: r.fulfill(status=503, headers=READABLE, body=body))
    page.open().ask(origin="files", path=unique_path("1"), key=key).sees("headline", "It did not work")
    page.reads("failure", "The API is busy.")


def test_a_refused_ticket_ends_it(visit: Open, key: str) -> None:
    """A refused handshake looks like a blocked one; REST knows better."""
    page = visit()

    def spoil(route: Any) -> None:
        answer = route.fetch()
        body = answer.json()
        body["webSocketEndpoint"] = body["webSocketEndpoint"][:-8] + "AAAAAAAA"
        route.fulfill(response=answer, json=body)

    page.instead(lambda url: url.endswith("/downloads"), spoil)
    page.open().ask(origin="files", path=unique_path("1", "first_byte=3"), key=key).sees("headline", "It did not work")
    page.reads("failure", "This download is not open to you any more.").reads("failure", "TICKET_REFUSED")


def test_an_expired_url_is_renewed(visit: Open, key: str) -> None:
    page = visit()
    page.instead(is_copy, lambda route: route.fulfill(status=403, headers=HEADERS, body=EXPIRED), times=1)
    page.open().ask(origin="files", path=unique_path("2MB"), key=key).sees("headline", "Saved")
    assert page.saved() == Origin.content(2 * MB)
    after = [url for url in page.fetched if "/downloads/" in url]
    assert [is_copy(url) for url in after] == [True, False, True]
    assert after[1] == page.requested[0].status_url


def test_a_download_that_breaks_off_goes_on_where_it_was(visit: Open, key: str) -> None:
    page = visit()
    size, there = 3 * MB, MB + 7
    asked: list[str | None] = []

    def short(route: Any) -> None:
        asked.append(route.request.headers.get("range"))
        if len(asked) > 1:
            route.fallback()
            return
        route.fulfill(status=200, headers=READABLE, body=Origin.content(size)[:there])

    page.instead(is_copy, short)
    page.open().ask(origin="files", path=unique_path("3MB"), key=key).sees("headline", "Saved")
    assert page.saved() == Origin.content(size)
    assert asked == [None, f"bytes={there}-"]


def test_a_damaged_download_is_not_saved(visit: Open, key: str) -> None:
    page = visit()
    wrong = bytes(MB)
    page.instead(is_copy, lambda route: route.fulfill(status=200, headers=READABLE, body=wrong))
    page.open().ask(origin="files", path=unique_path("1MB"), key=key).sees("headline", "It did not work")
    page.reads("failure", "What arrived is not what was sent.")
    assert page.downloads == []
    assert page.stages()["download"] == "failed"


def test_a_copy_that_was_replaced_is_not_mixed(visit: Open, key: str) -> None:
    page = visit()
    answers = [(200, Origin.content(MB)[:1000]), (412, b"")]

    def replaced(route: Any) -> None:
        status, body = answers.pop(0)
        route.fulfill(status=status, headers=READABLE, body=body)

    page.instead(is_copy, replaced)
    page.open().ask(origin="files", path=unique_path("1MB"), key=key).sees("headline", "It did not work")
    page.reads("failure", "The copy was replaced while you were downloading it.")
    assert page.downloads == []


def test_a_storage_that_the_page_may_not_read_is_left_to_the_link(visit: Open, key: str) -> None:
    page = visit()
    page.instead(is_copy, lambda route: route.abort("failed"), times=2)
    page.open().ask(origin="files", path=unique_path("2MB"), key=key)
    page.reads("note", "use the link").sees("headline", "Ready")
    page.follow_link()
    assert page.saved() == Origin.content(2 * MB)


def test_an_expired_link_is_renewed_when_it_is_used(visit: Open, key: str) -> None:
    """Once: also where this device's clock is so wrong that a fresh link looks expired, too."""
    page = visit().open().ask(origin="files", path=unique_path("2MB"), key=key).sees("headline", "Saved")
    assert page.saved() == Origin.content(2 * MB)
    page.downloads.clear()
    page.follow_link()
    assert page.requested[0].status_url not in page.fetched
    page.downloads.clear()
    page.page.clock.install()
    page.page.clock.fast_forward(3_600_000)
    page.follow_link()
    assert page.fetched.count(page.requested[0].status_url) == 1
    assert page.saved() == Origin.content(2 * MB)
    assert page.downloads[0].url == page.link()


def test_the_link_can_be_copied(visit: Open, key: str) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"]).open()
    page.ask(origin="files", path=unique_path("1"), key=key).sees("headline", "Saved")
    page.part("copy-link").click()
    page.reads("note", "Link copied")
    assert page.page.evaluate("navigator.clipboard.readText()") == page.link()


def test_a_copy_is_cancelled(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit().open().ask(origin="files", path=unique_path("40MB", "rate=2000000"), key=key)
    page.sees("headline", "Copying")
    page.part("cancel").click()
    page.sees("headline", "Cancelled")
    row = page_stack.operator.download_item(page.requested[0])
    assert row is not None
    assert row["status"] == "CANCELLED"
    assert page.downloads == []
    assert page.page.evaluate("document.activeElement.id") == "headline"


def test_saving_is_cancelled_and_the_copy_stays(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit()
    held: list[Any] = []
    page.instead(is_copy, lambda route: held.append(route))  # the storage does not answer
    page.open().ask(origin="files", path=unique_path("1MB"), key=key).sees("headline", "Downloading")
    page.part("cancel").click()
    page.sees("headline", "Cancelled").reads("note", "The link still works.")
    held[0].abort()
    assert page_stack.client.fetch(page.link()).status == 200


def test_cancelled_by_somebody_else(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit().open().ask(origin="files", path=unique_path("1MB", "first_byte=9"), key=key)
    connected(page, page_stack)
    download = page.requested[0]
    answer = page_stack.client.rest.call(
        "DELETE", download.status_url, headers=download.ticket_header | {"X-Api-Key": key}
    )
    assert answer.status == 202
    page.sees("headline", "Cancelled")


def test_a_second_request_ends_the_waiting_for_the_first(visit: Open, page_stack: Stack, key: str) -> None:
    """The first one's copy goes on for whoever else waits for it; this page does not."""
    page = visit().open().ask(origin="files", path=unique_path("1", "first_byte=20"), key=key)
    connected(page, page_stack)
    first = page.requested[0]
    page.ask(path=unique_path("1MB")).sees("headline", "Saved")
    assert page.saved() == Origin.content(MB)
    wait_for(lambda: page_stack.operator.connection_ids(first), 8, until=is_absent)
    page_stack.client.rest.call("DELETE", first.status_url, headers=first.ticket_header | {"X-Api-Key": key})
