"""Lost sockets, expired links, busy APIs and cancels."""

from __future__ import annotations

from typing import Any

from integration_tests.page.conftest import Open
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


def wait_for_connections(page: Visit, stack: Stack) -> set[str]:
    """Wait until the download has a connection; return all ids."""
    page.expect_contains("copy", "Waiting for the origin")
    return wait_for(lambda: stack.operator.connection_ids(page.requested[0]), 20)


def test_a_dropped_socket_is_opened_again(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit().open().submit(origin="files", path=unique_path("2MB", "first_byte=4"), key=key)
    (first,) = wait_for_connections(page, page_stack)
    page_stack.operator.disconnect(first)
    page.expect_contains("note", "The connection was lost. Reconnecting")
    second = wait_for(lambda: page_stack.operator.connection_ids(page.requested[0]) - {first}, 20)
    assert second
    page.expect_text("headline", "Saved")
    assert not page.part("note").is_visible()
    assert page.saved() == Origin.content(2 * MB)


def test_the_page_polls_when_sockets_are_blocked(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit()
    page.block_sockets()
    page.open().submit(origin="files", path=unique_path("2MB", "first_byte=1"), key=key).expect_text(
        "headline", "Saved"
    )
    assert page.saved() == Origin.content(2 * MB)
    assert page_stack.operator.connection_ids(page.requested[0]) == set()


def test_a_silent_socket_is_replaced(visit: Open, key: str) -> None:
    """After a laptop's sleep the socket looks open, and no message comes."""
    page = visit()
    sockets: list[Any] = []

    def swallow_the_first(socket: Any) -> None:
        sockets.append(socket)
        if len(sockets) > 1:
            socket.connect_to_server()

    page.page.route_web_socket("**", swallow_the_first)
    page.rewrite("outcome.js", "20_000", "1_500")
    page.open().submit(origin="files", path=unique_path("1MB"), key=key)
    page.expect_contains("note", "The connection was lost").expect_text("headline", "Saved")
    assert len(sockets) == 2


def test_a_busy_api_is_called_again_with_the_same_key(visit: Open, key: str) -> None:
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

    page.intercept(lambda url: url.endswith("/downloads"), busy)
    page.open().submit(origin="files", path=unique_path("1"), key=key).expect_text("headline", "Saved")
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_an_api_that_stays_busy_is_explained(visit: Open, key: str) -> None:
    page = visit()
    body = '{"error": {"code": "UNAVAILABLE", "message": "Later."}}'
    page.intercept(lambda url: url.endswith("/downloads"), lambda r: r.fulfill(status=503, headers=READABLE, body=body))
    page.open().submit(origin="files", path=unique_path("1"), key=key).expect_text("headline", "It did not work")
    page.expect_contains("failure", "The API is busy.")


def test_a_refused_ticket_is_explained(visit: Open, key: str) -> None:
    """A refused handshake looks like a blocked socket; the REST call has the reason."""
    page = visit()

    def spoil(route: Any) -> None:
        answer = route.fetch()
        body = answer.json()
        body["webSocketEndpoint"] = body["webSocketEndpoint"][:-8] + "AAAAAAAA"
        route.fulfill(response=answer, json=body)

    page.intercept(lambda url: url.endswith("/downloads"), spoil)
    page.open().submit(origin="files", path=unique_path("1", "first_byte=3"), key=key).expect_text(
        "headline", "It did not work"
    )
    page.expect_contains("failure", "You have no access to this download any more.").expect_contains(
        "failure", "TICKET_REFUSED"
    )


def test_an_expired_url_is_renewed(visit: Open, key: str) -> None:
    page = visit()
    page.intercept(is_copy, lambda route: route.fulfill(status=403, headers=HEADERS, body=EXPIRED), times=1)
    page.open().submit(origin="files", path=unique_path("2MB"), key=key).expect_text("headline", "Saved")
    assert page.saved() == Origin.content(2 * MB)
    after = [url for url in page.fetched if "/downloads/" in url]
    assert [is_copy(url) for url in after] == [True, False, True]
    assert after[1] == page.requested[0].status_url


def test_an_interrupted_download_is_resumed(visit: Open, key: str) -> None:
    page = visit()
    size, received = 3 * MB, MB + 7
    ranges: list[str | None] = []

    def short(route: Any) -> None:
        ranges.append(route.request.headers.get("range"))
        if len(ranges) > 1:
            route.fallback()
            return
        route.fulfill(status=200, headers=READABLE, body=Origin.content(size)[:received])

    page.intercept(is_copy, short)
    page.open().submit(origin="files", path=unique_path("3MB"), key=key).expect_text("headline", "Saved")
    assert page.saved() == Origin.content(size)
    assert ranges == [None, f"bytes={received}-"]


def test_a_damaged_download_is_not_saved(visit: Open, key: str) -> None:
    page = visit()
    wrong = bytes(MB)
    page.intercept(is_copy, lambda route: route.fulfill(status=200, headers=READABLE, body=wrong))
    page.open().submit(origin="files", path=unique_path("1MB"), key=key).expect_text("headline", "It did not work")
    page.expect_contains("failure", "The received file is damaged.")
    assert page.downloads == []
    assert page.stages()["download"] == "failed"


def test_a_replaced_copy_is_not_saved(visit: Open, key: str) -> None:
    page = visit()
    answers = [(200, Origin.content(MB)[:1000]), (412, b"")]

    def replaced(route: Any) -> None:
        status, body = answers.pop(0)
        route.fulfill(status=status, headers=READABLE, body=body)

    page.intercept(is_copy, replaced)
    page.open().submit(origin="files", path=unique_path("1MB"), key=key).expect_text("headline", "It did not work")
    page.expect_contains("failure", "The copy was replaced while you were downloading it.")
    assert page.downloads == []


def test_unreadable_storage_falls_back_to_the_link(visit: Open, key: str) -> None:
    page = visit()
    page.intercept(is_copy, lambda route: route.abort("failed"), times=2)
    page.open().submit(origin="files", path=unique_path("2MB"), key=key)
    page.expect_contains("note", "use the link").expect_text("headline", "Ready")
    page.follow_link()
    assert page.saved() == Origin.content(2 * MB)


def test_an_expired_link_is_renewed_when_it_is_used(visit: Open, key: str) -> None:
    """It is renewed once, even where the device's clock makes a fresh link look expired."""
    page = visit().open().submit(origin="files", path=unique_path("2MB"), key=key).expect_text("headline", "Saved")
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
    page.submit(origin="files", path=unique_path("1"), key=key).expect_text("headline", "Saved")
    page.part("copy-link").click()
    page.expect_contains("note", "Link copied")
    assert page.page.evaluate("navigator.clipboard.readText()") == page.link()


def test_a_copy_is_cancelled(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit().open().submit(origin="files", path=unique_path("40MB", "rate=2000000"), key=key)
    page.expect_text("headline", "Copying")
    page.part("cancel").click()
    page.expect_text("headline", "Cancelled")
    assert page_stack.operator.download_item(page.requested[0])["status"] == "CANCELLED"
    assert page.downloads == []
    assert page.page.evaluate("document.activeElement.id") == "headline"


def test_saving_is_cancelled_and_the_copy_stays(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit()
    unanswered: list[Any] = []
    page.intercept(is_copy, lambda route: unanswered.append(route))  # the storage does not answer
    page.open().submit(origin="files", path=unique_path("1MB"), key=key).expect_text("headline", "Downloading")
    page.part("cancel").click()
    page.expect_text("headline", "Cancelled").expect_contains("note", "The link still works.")
    unanswered[0].abort()
    assert page_stack.client.fetch(page.link()).status == 200


def test_a_cancel_by_another_client_is_shown(visit: Open, page_stack: Stack, key: str) -> None:
    page = visit().open().submit(origin="files", path=unique_path("1MB", "first_byte=20"), key=key)
    wait_for_connections(page, page_stack)
    download = page.requested[0]
    answer = page_stack.client.rest.call(
        "DELETE", download.status_url, headers=download.ticket_header | {"X-Api-Key": key}
    )
    assert answer.status == 202
    page.expect_text("headline", "Cancelled")


def test_a_second_request_closes_the_socket_of_the_first(visit: Open, page_stack: Stack, key: str) -> None:
    """The copy of the first continues, for other clients that may wait for it."""
    page = visit().open().submit(origin="files", path=unique_path("1", "first_byte=20"), key=key)
    wait_for_connections(page, page_stack)
    first = page.requested[0]
    page.submit(path=unique_path("1MB")).expect_text("headline", "Saved")
    assert page.saved() == Origin.content(MB)
    wait_for(lambda: page_stack.operator.connection_ids(first), 8, until=is_absent)
    page_stack.client.rest.call("DELETE", first.status_url, headers=first.ticket_header | {"X-Api-Key": key})
