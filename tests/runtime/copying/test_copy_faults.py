"""Faults of an origin: recovered from, or a typed failure with nothing left behind."""

from __future__ import annotations

import pytest

from runtime.adapters.origin_http import HttpOrigins
from runtime.errors import OriginAddressRefusedError, OriginTimeoutError, OriginTlsError, OriginUnreachableError
from runtime.logic.origin import source
from runtime.models import Origin
from tests.runtime.support.copying import assert_nothing_left, assert_stored, is_failure, partial_answer, range_request
from tests.runtime.support.fakes import FakeBody
from tests.runtime.support.http_server import Exchange, serving
from tests.runtime.support.world import PART, OriginFile, World, content_of


@pytest.mark.parametrize("status", [404, 410, 401, 204])
def test_permanent_refusal_is_not_retried(world: World, status: int) -> None:
    world.put_file(OriginFile(b"", first_answers=[FakeBody(status, content=b"<html>")]))
    codes = {404: "ORIGIN_NOT_FOUND", 410: "ORIGIN_NOT_FOUND", 401: "ORIGIN_REFUSED"}
    assert is_failure(codes.get(status, "ORIGIN_ERROR"), world.copy())
    assert len(world.origins.requests) == 1
    assert_nothing_left(world)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_transient_fault_is_retried(world: World, status: int) -> None:
    file = world.put_file(OriginFile(content_of(3 * PART), first_answers=[FakeBody(status), FakeBody(status)]))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert len(world.clock.slept) == 2


def test_lasting_fault_fails_after_three_attempts_with_backoff(world: World) -> None:
    world.put_file(OriginFile(b"", first_answers=[FakeBody(500), FakeBody(503), FakeBody(502)]))
    assert is_failure("ORIGIN_ERROR", world.copy())
    first, second = world.clock.slept
    assert 0.25 <= first <= 0.5 <= second <= 1.0
    assert_nothing_left(world)


def test_retry_after_of_seconds_is_honoured(world: World) -> None:
    world.put_file(OriginFile(content_of(5), first_answers=[FakeBody(503, {"retry-after": "20"})]))
    assert world.copy() == {"outcome": "STORED"}
    assert world.clock.slept == [20.0]


@pytest.mark.parametrize(
    ("error", "code", "tries"),
    [
        (OriginUnreachableError("x"), "ORIGIN_UNREACHABLE", 3),
        (OriginTimeoutError("x"), "ORIGIN_TIMEOUT", 1),
        (OriginTlsError("x"), "ORIGIN_TLS", 1),
        (OriginAddressRefusedError("x"), "ORIGIN_ADDRESS_REFUSED", 1),
    ],
)
def test_missing_response_is_a_typed_failure(world: World, error: Exception, code: str, tries: int) -> None:
    world.put_file(OriginFile(b"", first_answers=[error] * 3))
    assert is_failure(code, world.copy())
    assert len(world.origins.requests) == tries
    assert_nothing_left(world)


@pytest.mark.parametrize("stall", [False, True], ids=["cut", "stall"])
def test_cut_is_resumed_at_the_byte_that_was_reached(world: World, stall: bool) -> None:
    file = world.put_file(OriginFile(content_of(6 * PART), cuts=[None, 1500], stall=stall))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert [request.headers["Range"] for request in world.origins.requests] == [
        "bytes=0-999",
        "bytes=1000-",
        "bytes=2500-",
    ]
    assert world.objects.calls["create_upload"] == 1


def test_many_cuts_with_progress_are_survived(world: World) -> None:
    """Three attempts in a row without a part's worth of bytes fail, not three in all."""
    file = world.put_file(OriginFile(content_of(9 * PART), cuts=[None] + [PART + 100] * 7))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


def test_cuts_without_progress_fail(world: World) -> None:
    world.put_file(OriginFile(content_of(9 * PART), cuts=[None] + [10] * 50))
    assert is_failure("ORIGIN_TRUNCATED", world.copy())
    assert len(world.origins.requests) <= 8
    assert_nothing_left(world)


@pytest.mark.parametrize("cut", [0, 10, 2500])
def test_cut_without_ranges_starts_again_with_a_new_upload(world: World, cut: int) -> None:
    file = world.put_file(OriginFile(content_of(5 * PART), ranges=False, cuts=[cut]))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert world.objects.calls["create_upload"] == world.objects.calls["abort"] + 1


def test_fewer_bytes_than_announced_are_a_failure(world: World) -> None:
    world.put_download()
    answers = [FakeBody(200, {"content-length": "3000"}, content_of(2999)) for _ in range(3)]
    world.serve(OriginFile(b"", first_answers=[*answers]))
    assert is_failure("ORIGIN_TRUNCATED", world.copy())
    assert_nothing_left(world)


@pytest.mark.parametrize("length", [{"content-length": "6"}, {}], ids=["length", "no length"])
def test_more_bytes_than_the_range_are_a_failure(world: World, length: dict[str, str]) -> None:
    headers = {"content-range": "bytes 0-4/5", "etag": '"v1"', **length}
    world.put_file(OriginFile(b"", first_answers=[FakeBody(206, headers, b"123456")]))
    assert is_failure("ORIGIN_ERROR", world.copy())
    assert_nothing_left(world)


@pytest.mark.parametrize("cuts", [[PART], [PART, 2 * PART]], ids=["first range", "rest"])
def test_range_without_a_length_is_complete_at_the_end_of_its_response(world: World, cuts: list[int | None]) -> None:
    """A range that is cut after its last byte, as in the trailers of chunks, is requested again."""
    file = world.put_file(OriginFile(content_of(3 * PART), length=False, cuts=cuts.copy()))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert len(world.clock.slept) == len(cuts)


def test_slow_framing_counts_as_a_stall_and_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "STALL_SECONDS", 0.2)

    def drip(exchange: Exchange) -> None:
        exchange.send("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"5\r\n01234\r\n5;")
        while not exchange.closed.wait(0.01):
            exchange.send_raw(b"a")

    world.put_download()
    world.origins = HttpOrigins()  # type: ignore[assignment]
    with serving(drip) as server:
        origin = Origin("reports", f"http://127.0.0.1:{server.port}/", allow_http=True)
        assert is_failure("ORIGIN_TIMEOUT", world.copy(origin=origin, loopback=True))
    assert_nothing_left(world)


@pytest.mark.parametrize(
    "answer",
    [
        FakeBody(412),
        FakeBody(200, {"content-length": "5000"}, b"y" * 5000),
        FakeBody(416, {"content-range": "bytes */500"}),
        partial_answer(etag='"v2"'),
        partial_answer(content_range="bytes 1000-5999/6000"),
    ],
    ids=["412", "200", "416", "etag", "size"],
)
def test_file_that_changes_midway_is_copied_from_its_start(world: World, answer: FakeBody) -> None:
    world.put_download()
    content = content_of(5 * PART)
    probe = FakeBody(206, {"content-range": "bytes 0-999/5000", "content-length": "1000", "etag": '"v1"'}, b"o" * PART)
    world.serve(OriginFile(content, etag='"v2"', first_answers=[probe, answer]))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, content)


@pytest.mark.parametrize("status", [404, 410])
def test_file_that_vanishes_midway_is_a_typed_failure(world: World, status: int) -> None:
    world.put_download()
    file = OriginFile(content_of(5 * PART))
    file.first_answers = [file.answer(range_request("bytes=0-999")), FakeBody(status)]
    world.serve(file)
    assert is_failure("ORIGIN_NOT_FOUND", world.copy())
    assert_nothing_left(world)
