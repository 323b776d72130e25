"""Answers that have a part of the requested range: the copy goes on behind what came (RFC 9110, 15.3.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, cycle, repeat

import pytest

from runtime.errors import OriginRangeError
from runtime.logic.origin.pieces import FREE_PIECES, MIN_AVERAGE, Pieces
from tests.runtime.support.copying import assert_nothing_left, assert_stored, is_failure
from tests.runtime.support.fakes import FakeBody, OriginRequest
from tests.runtime.support.odd_origins import range_answer, span_of
from tests.runtime.support.world import PART, OriginFile, World, content_of

SIZE = 5 * PART + 7


def serve_pieces(world: World, sizes: Iterator[int | None], **fields: object) -> OriginFile:
    """Serve a file of which each answer has at most the next of these sizes; None is all that is requested."""
    file = OriginFile(content_of(SIZE), **fields)  # type: ignore[arg-type]
    world.put_download()

    def answer(request: OriginRequest) -> FakeBody:
        file.max_range = next(sizes)
        return file.answer(request)

    world.origins.answer = answer
    return file


@pytest.mark.parametrize(
    "sizes",
    [
        lambda: repeat(PART),
        lambda: repeat(PART - 1),
        lambda: repeat(64),
        lambda: chain([PART - 1], repeat(None)),
        lambda: chain([None, PART], repeat(None)),
        lambda: chain([None, 4 * PART + 6], repeat(None)),
        lambda: chain([None, 4 * PART + 6, 1]),
        lambda: cycle([1, 999, 70, 2000, 3, None]),
    ],
    ids=["part", "byte less", "small", "first", "rest", "all but a byte", "last byte", "vary"],
)
@pytest.mark.parametrize("length", [True, False], ids=["length", "no length"])
def test_short_answers_are_continued(world: World, sizes: Callable[[], Iterator[int | None]], length: bool) -> None:
    file = serve_pieces(world, sizes(), length=length)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    firsts = [span_of(request, SIZE)[0] for request in world.origins.requests]
    assert firsts == sorted(set(firsts))
    assert all("If-Match" in request.headers for request in world.origins.requests[1:])
    assert not world.clock.slept


def test_large_file_whose_first_answer_is_short_is_planned(world: World) -> None:
    serve_pieces(world, repeat(64))
    assert world.copy(fan_out=1)["outcome"] == "PLANNED"


def test_short_first_answer_without_validator_is_followed_by_a_plain_get(world: World) -> None:
    file = serve_pieces(world, repeat(64), etag=None)
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert ["Range" in request.headers for request in world.origins.requests] == [True, False]


def test_each_short_answer_renews_the_retries(world: World) -> None:
    """Of forty answers every other fails."""
    file = serve_pieces(world, repeat(300))
    odd = [True]
    answer = world.origins.answer

    def fail_every_other(request: OriginRequest) -> FakeBody:
        odd[0] = not odd[0]
        return FakeBody(503) if odd[0] else answer(request)

    world.origins.answer = fail_every_other
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert len(world.clock.slept) > 10


def test_cut_in_a_short_answer_is_resumed(world: World) -> None:
    file = serve_pieces(world, repeat(400), cuts=[None, 100, None, 1])
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda file, first: range_answer(file, first, first + 99, content_length="4007"),
        lambda file, first: range_answer(file, first, first + 99, content_length="99"),
        lambda file, first: FakeBody(
            206,
            {"content-range": f"bytes {first}-{first + 99}/{SIZE}", "etag": '"v1"'},
            file.content[first : first + 101],
        ),
    ],
    ids=["announces more", "announces less", "sends more"],
)
@pytest.mark.parametrize("first", [0, PART])
def test_short_answer_that_contradicts_itself_is_a_failure(
    world: World, wrong: Callable[[OriginFile, int], FakeBody], first: int
) -> None:
    world.put_download()
    file = OriginFile(content_of(SIZE))
    world.origins.answer = lambda request: (
        wrong(file, first) if span_of(request, SIZE)[0] == first else file.answer(request)
    )
    assert is_failure("ORIGIN_ERROR", world.copy())
    assert_nothing_left(world)


def test_byte_by_byte_is_given_up_for_a_plain_get(world: World) -> None:
    file = serve_pieces(world, repeat(1))
    assert world.copy() == {"outcome": "STORED"}
    assert_stored(world, file.content)
    assert len(world.origins.requests) == FREE_PIECES + 2


def test_pieces_need_an_average_size_after_the_first_ones() -> None:
    pieces = Pieces()
    for size in [1] * FREE_PIECES + [MIN_AVERAGE] * FREE_PIECES:
        pieces.add(size)
    with pytest.raises(OriginRangeError):
        pieces.add(1)
