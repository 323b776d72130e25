"""Ranges, validators and conditions that cannot be used: one plain GET from the beginning, or a typed failure."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from runtime.errors import OriginStalledError, OriginUnreachableError
from runtime.models import Failure
from tests.runtime.support.copying import assert_nothing_left, assert_stored, cancel_hook, is_failure
from tests.runtime.support.fakes import FakeBody, OriginRequest
from tests.runtime.support.odd_origins import (
    ODD_LATER_RANGES,
    ODD_RANGES,
    Answer,
    OddOrigin,
    range_answer,
    span_of,
    with_content_range,
)
from tests.runtime.support.world import PART, OriginFile, World, content_of

SIZE = 5 * PART + 7
MODIFIED = "Mon, 23 Nov 2026 12:00:00 GMT"


def serve_odd(world: World, odd: Answer, first_odd: int = 0, **fields: object) -> OddOrigin:
    """Put a download into the table, and serve its file oddly from this request for a range on."""
    world.put_download(**fields)
    origin = OddOrigin(OriginFile(content_of(SIZE)), odd, first_odd)
    world.origins.answer = origin.answer
    return origin


def raise_error(error: Exception) -> FakeBody:
    """Raise an error instead of answering."""
    raise error


@pytest.mark.parametrize("name", ODD_RANGES)
def test_first_range_that_cannot_be_used_is_followed_by_one_plain_get(world: World, name: str) -> None:
    origin = serve_odd(world, ODD_RANGES[name])
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, origin.file.content)
    origin.assert_one_plain_get()
    assert all(body.closed for body in world.origins.bodies)
    assert not world.clock.slept


@pytest.mark.parametrize("name", [*ODD_RANGES, *ODD_LATER_RANGES])
def test_rest_that_cannot_be_used_is_followed_by_one_plain_get(world: World, name: str) -> None:
    origin = serve_odd(world, (ODD_RANGES | ODD_LATER_RANGES)[name], first_odd=1)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, origin.file.content)
    origin.assert_one_plain_get()
    assert world.objects.calls["create_upload"] == world.objects.calls["abort"] + 1


@pytest.mark.parametrize(
    "odd",
    [
        lambda _file, _request: FakeBody(412),
        lambda file, request: range_answer(
            file, *span_of(request, SIZE), etag=None, last_modified="Mon, 23 Nov 2026 12:00:01 GMT"
        ),
    ],
    ids=["412", "moves"],
)
def test_last_modified_that_cannot_be_used_is_followed_by_one_plain_get(world: World, odd: Answer) -> None:
    origin = serve_odd(world, odd, first_odd=1)
    origin.file.etag, origin.file.last_modified = None, MODIFIED
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, origin.file.content)
    origin.assert_one_plain_get()


def test_size_that_the_first_range_does_not_have_is_taken_from_a_plain_get(world: World) -> None:
    origin = serve_odd(world, lambda file, _request: range_answer(file, 0, PART - 1, content_range="bytes 0-999/*"))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, origin.file.content)
    origin.assert_one_plain_get()


def test_length_of_the_requested_range_is_not_taken_for_the_size_of_the_file(world: World) -> None:
    """Some origins name the length of the range in the place of the size."""
    origin = serve_odd(world, with_content_range(f"bytes {{first}}-{{last}}/{PART}"))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, origin.file.content)
    origin.assert_one_plain_get()


def test_size_that_a_later_range_does_not_have_is_known_already(world: World) -> None:
    origin = serve_odd(
        world,
        lambda file, request: range_answer(file, *span_of(request, SIZE), content_range=f"bytes 1000-{SIZE - 1}/*"),
        first_odd=1,
    )
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, origin.file.content)
    assert not origin.plain


@pytest.mark.parametrize("status", [401, 404, 410, 204, 205, 207, 208, 226])
@pytest.mark.parametrize("first_odd", [0, 1], ids=["first", "rest"])
def test_definitive_answer_to_a_range_gets_no_second_request(world: World, status: int, first_odd: int) -> None:
    origin = serve_odd(world, lambda _file, _request: FakeBody(status), first_odd)
    codes = {401: "ORIGIN_REFUSED", 404: "ORIGIN_NOT_FOUND", 410: "ORIGIN_NOT_FOUND"}
    outcome = world.copy()
    assert is_failure(codes.get(status, "ORIGIN_ERROR"), outcome)
    assert str(status) in str(outcome["error"])
    assert (origin.ranged, origin.plain) == (first_odd + 1, [])
    assert_nothing_left(world)


@pytest.mark.parametrize("status", [200, 201, 203])
@pytest.mark.parametrize("length", [True, False], ids=["length", "no length"])
def test_body_of_200_201_and_203_is_the_file(world: World, status: int, length: bool) -> None:
    content = content_of(3 * PART)
    headers = {"content-length": str(len(content))} if length else {}
    world.put_file(OriginFile(b"", first_answers=[FakeBody(status, headers, content)]))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, content)
    assert len(world.origins.requests) == 1


@pytest.mark.parametrize("first_odd", [0, 1], ids=["first", "rest"])
def test_500_to_every_range_is_retried_as_ever_and_then_followed_by_one_plain_get(world: World, first_odd: int) -> None:
    origin = serve_odd(world, lambda _file, _request: FakeBody(500), first_odd)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, origin.file.content)
    assert origin.ranged == first_odd + 3
    origin.assert_one_plain_get()
    first, second = world.clock.slept
    assert 0.25 <= first <= 0.5 <= second <= 1.0


def test_500_to_everything_gets_one_more_request_than_before(world: World) -> None:
    world.put_download()
    world.origins.answer = lambda _request: FakeBody(500)
    outcome = world.copy()
    assert outcome["error"] == {"code": "ORIGIN_ERROR", "message": "The origin answered HTTP 500."}
    assert ["Range" in request.headers for request in world.origins.requests] == [True, True, True, False]
    assert len(world.clock.slept) == 2


def test_500_that_asks_for_patience_gets_no_plain_get_at_once(world: World) -> None:
    world.put_download()
    world.origins.answer = lambda _request: FakeBody(500, {"retry-after": "3600"})
    assert is_failure("ORIGIN_ERROR", world.copy())
    assert len(world.origins.requests) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504])
def test_lasting_transient_fault_gets_no_plain_get(world: World, status: int) -> None:
    origin = serve_odd(world, lambda _file, _request: FakeBody(status))
    assert is_failure("ORIGIN_ERROR", world.copy())
    assert (origin.ranged, origin.plain) == (3, [])


@pytest.mark.parametrize("fault", [FakeBody(500), FakeBody(503), OriginUnreachableError("No."), "cut", "stall"])
def test_attempts_after_a_plain_get_are_plain_too(world: World, fault: FakeBody | Exception | str) -> None:
    content = content_of(SIZE)
    file = OriginFile(content, stall=fault == "stall")
    origin = serve_odd(world, lambda _file, _request: FakeBody(400))
    origin.file = file
    if isinstance(fault, str):
        file.cuts = [2500]
    else:
        file.first_answers = [fault]
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, content)
    assert (origin.ranged, len(origin.plain)) == (1, 2)
    assert len(world.clock.slept) == 1


@pytest.mark.parametrize(
    ("plain", "code", "message"),
    [
        (lambda: FakeBody(404), "ORIGIN_NOT_FOUND", "The origin has no such file (HTTP 404)."),
        (lambda: FakeBody(403), "ORIGIN_REFUSED", "The origin refused the request (HTTP 403)."),
        (lambda: FakeBody(503), "ORIGIN_ERROR", "The origin answered HTTP 503."),
        (
            lambda: FakeBody(200, {"content-length": "9999"}, b"x" * 9),
            "ORIGIN_TRUNCATED",
            "The origin sent fewer bytes than it announced.",
        ),
        (
            lambda: FakeBody(206, {"content-range": "bytes 0-8/9999"}, b"x" * 9),
            "ORIGIN_ERROR",
            "The origin answered a request for the whole file with a part of it.",
        ),
        (
            lambda: FakeBody(206, {"content-range": "bytes 0-8/*"}, b"x" * 9),
            "ORIGIN_ERROR",
            "The origin answered a request for the whole file with a part of it.",
        ),
        (
            lambda: FakeBody(206, {}, b"x" * 9),
            "ORIGIN_ERROR",
            "The origin answered 206 without a usable Content-Range.",
        ),
    ],
)
def test_failure_of_the_plain_get_also_names_what_the_ranges_met(
    world: World, plain: Callable[[], FakeBody], code: str, message: str
) -> None:
    world.put_download()
    file = OriginFile(content_of(SIZE))

    def answer(request: OriginRequest) -> FakeBody:
        if "Range" not in request.headers:
            return plain()
        return FakeBody(412) if "If-Match" in request.headers else file.answer(request)

    world.origins.answer = answer
    reason = "The origin answered 412 to If-Match with the ETag that it had sent."
    expected = {"code": code, "message": f"{message} Ranges were not used: {reason}"}
    assert world.copy() == {"outcome": "FAILED", "error": expected}
    assert_nothing_left(world)


def test_same_refusal_of_both_requests_is_named_once(world: World) -> None:
    world.put_download()
    world.origins.answer = lambda _request: FakeBody(403)
    outcome = world.copy()
    assert outcome["error"] == {"code": "ORIGIN_REFUSED", "message": "The origin refused the request (HTTP 403)."}
    assert len(world.origins.requests) == 2


@pytest.mark.parametrize("encoded", [False, True], ids=["identity", "gzip"])
def test_206_to_a_plain_get_that_covers_the_file_is_taken(world: World, encoded: bool) -> None:
    content = content_of(SIZE)
    world.put_download()

    def answer(request: OriginRequest) -> FakeBody:
        if "Range" in request.headers:
            return FakeBody(406)
        body = gzip.compress(content) if encoded else content
        headers = {"content-range": f"bytes 0-{len(body) - 1}/{len(body)}", "content-length": str(len(body))}
        return FakeBody(206, headers | ({"content-encoding": "gzip"} if encoded else {}), body)

    world.origins.answer = answer
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, content)


def test_206_to_a_plain_get_with_more_bytes_than_its_range_is_a_failure(world: World) -> None:
    world.put_download()
    world.origins.answer = lambda request: (
        FakeBody(406) if "Range" in request.headers else FakeBody(206, {"content-range": "bytes 0-8/9"}, b"x" * 10)
    )
    assert is_failure("ORIGIN_ERROR", world.copy())
    assert_nothing_left(world)


def test_whole_file_as_a_range_larger_than_requested_is_taken(world: World) -> None:
    origin = serve_odd(world, lambda file, _request: range_answer(file, 0, SIZE - 1))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, origin.file.content)
    assert (origin.ranged, origin.plain) == (1, [])


def test_plain_file_above_the_limit_of_one_worker_says_what_the_origin_did(world: World) -> None:
    serve_odd(world, lambda _file, _request: FakeBody(400))
    outcome = world.copy(largest=SIZE - 1)
    assert is_failure("FILE_TOO_LARGE", outcome)
    assert "One worker has to copy the file" in str(outcome["error"])
    assert "The origin answered HTTP 400 when a range was requested." in str(outcome["error"])
    assert world.objects.calls == {}


def test_download_whose_ranges_failed_before_is_requested_plainly(world: World) -> None:
    file = world.put_file(OriginFile(content_of(SIZE)), range_failure=Failure("ORIGIN_CHANGED", "412."))
    assert world.copy(fan_out=1) == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert [request for request in world.origins.requests if "Range" in request.headers] == []


def test_cancelled_plain_copy_is_stopped_without_more_words(world: World) -> None:
    origin = serve_odd(world, lambda _file, _request: FakeBody(400))
    world.objects.before_call = lambda operation: cancel_hook(world)() if operation == "create_upload" else None
    outcome = world.copy()
    assert outcome["error"] == {"code": "STOPPED", "message": "The download was stopped."}
    assert len(origin.plain) == 1
    assert_nothing_left(world)


def test_stalled_plain_copy_names_what_the_ranges_met(world: World) -> None:
    world.put_download()
    world.origins.answer = lambda request: (
        FakeBody(405) if "Range" in request.headers else raise_error(OriginStalledError("The origin stopped sending."))
    )
    message = str(world.copy()["error"])
    assert "The origin stopped sending. Ranges were not used: The origin answered HTTP 405" in message


def test_plain_get_of_a_file_that_is_being_prepared_is_waited_for(world: World) -> None:
    world.put_download()
    world.origins.answer = lambda request: FakeBody(405 if "Range" in request.headers else 202)
    assert world.copy()["outcome"] == "PREPARING"


def test_wait_beyond_the_end_of_the_download_says_nothing_of_ranges(world: World) -> None:
    world.put_download()
    world.origins.answer = lambda request: (
        FakeBody(405) if "Range" in request.headers else FakeBody(202, {"retry-after": "999999"})
    )
    outcome = world.copy()
    assert is_failure("ORIGIN_ERROR", outcome)
    assert "This download ends before that." in str(outcome["error"])
    assert "Ranges" not in str(outcome["error"])
