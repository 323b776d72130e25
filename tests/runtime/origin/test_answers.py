"""Headers of an origin's response: valid, absent, or refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.errors import OriginError, Retry, TransferError
from runtime.logic.origin import answers
from runtime.models import Validator
from tests.runtime.support.fakes import FakeBody

DATE = "Tue, 24 Nov 2026 12:00:00 GMT"
EARLIER = "Tue, 24 Nov 2026 11:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "condition"),
    [
        ({"etag": '"v1"'}, {"If-Match": '"v1"'}),
        ({"etag": '"v1"', "last-modified": "x"}, {"If-Match": '"v1"'}),
        (
            {"last-modified": "Tue, 24 Nov 2026 11:00:00 GMT", "date": DATE},
            {"If-Unmodified-Since": "Tue, 24 Nov 2026 11:00:00 GMT"},
        ),
        (
            {"etag": 'W/"v1"', "last-modified": "Mon, 23 Nov 2026 12:00:00 GMT", "date": DATE},
            {"If-Unmodified-Since": "Mon, 23 Nov 2026 12:00:00 GMT"},
        ),
        ({"etag": 'W/"v1"'}, None),
        ({"etag": "v1"}, None),
        ({"etag": '"a"b"'}, None),
        ({"etag": '"' + "x" * 510 + '"'}, {"If-Match": '"' + "x" * 510 + '"'}),
        ({"etag": '"' + "x" * 511 + '"'}, None),
        ({"etag": '"v1\x01"'}, None),
        ({"etag": '"v1\xe9"'}, None),
        ({"etag": '"v1\r\nX-Other: 1"'}, None),
        ({"last-modified": DATE, "date": DATE}, None),
        ({"last-modified": DATE}, None),
        ({"last-modified": "yesterday", "date": DATE}, None),
        ({"last-modified": f"{EARLIER} ({'x' * 100_000})", "date": DATE}, None),
        ({"last-modified": "Tue, 24 Nov 2026\r\n 11:00:00 GMT", "date": DATE}, None),
        ({"last-modified": "Tue, 24 Nov 2026 11:00:00 GMT\x01", "date": DATE}, None),
        ({"last-modified": "Tue, 24 Nov 2026 11:00:00 +99999999999999", "date": DATE}, None),
        ({"last-modified": "Tue, 99 Nov 2026 11:00:00 GMT", "date": DATE}, None),
        ({"last-modified": "1 Nov 26 11:00", "date": DATE}, None),
        (
            {"last-modified": "Tuesday, 24-Nov-26 11:00:00 GMT", "date": DATE},
            {"If-Unmodified-Since": "Tuesday, 24-Nov-26 11:00:00 GMT"},
        ),
        (
            {"last-modified": "Sun Nov  1 11:00:00 2026", "date": DATE},
            {"If-Unmodified-Since": "Sun Nov  1 11:00:00 2026"},
        ),
        ({}, None),
    ],
)
def test_only_a_strong_validator_is_used(headers: dict[str, str], condition: dict[str, str] | None) -> None:
    """Two versions that differ may share a weak one."""
    validator = answers.validator_of(headers)
    assert (validator.condition if validator else None) == condition
    assert validator is None or validator.matches(headers)


@pytest.mark.parametrize(
    ("text", "content_range"),
    [
        ("bytes 0-9/10", answers.ContentRange(0, 9, 10)),
        ("bytes 5-9/*", answers.ContentRange(5, 9, None)),
        (" bytes 0-0/1 ", answers.ContentRange(0, 0, 1)),
    ],
)
def test_content_range_is_parsed(text: str, content_range: answers.ContentRange) -> None:
    assert answers.content_range_of({"content-range": text}) == content_range


@pytest.mark.parametrize(
    "text", ["", "bytes", "bytes */10", "bytes 9-0/10", "bytes 0-10/10", "bits 0-9/10", "bytes 0-9", "bytes -1-9/10"]
)
def test_invalid_content_range_is_refused(text: str) -> None:
    with pytest.raises(OriginError):
        answers.content_range_of({"content-range": text})


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({"content-length": "0"}, 0),
        ({"content-length": " 12 "}, 12),
        ({}, None),
        ({"content-length": "12", "transfer-encoding": "chunked"}, None),
    ],
)
def test_content_length_is_parsed_unless_the_body_is_chunked(headers: dict[str, str], length: int | None) -> None:
    assert answers.content_length_of(headers) == length


@pytest.mark.parametrize("text", ["", "-1", "1e3", "12, 12", "٣", "9" * 20])
def test_malformed_content_length_is_refused(text: str) -> None:
    with pytest.raises(OriginError):
        answers.content_length_of({"content-length": text})


@pytest.mark.parametrize(
    ("status", "code", "retry"),
    [
        (404, "ORIGIN_NOT_FOUND", Retry.NEVER),
        (410, "ORIGIN_NOT_FOUND", Retry.NEVER),
        (401, "ORIGIN_REFUSED", Retry.NEVER),
        (403, "ORIGIN_REFUSED", Retry.NEVER),
        (400, "ORIGIN_ERROR", Retry.NEVER),
        (204, "ORIGIN_ERROR", Retry.NEVER),
        (304, "ORIGIN_ERROR", Retry.NEVER),
        (408, "ORIGIN_ERROR", Retry.RESUME),
        (429, "ORIGIN_ERROR", Retry.RESUME),
        (500, "ORIGIN_ERROR", Retry.RESUME),
        (501, "ORIGIN_ERROR", Retry.NEVER),
        (502, "ORIGIN_ERROR", Retry.RESUME),
        (503, "ORIGIN_ERROR", Retry.RESUME),
        (504, "ORIGIN_ERROR", Retry.RESUME),
    ],
)
def test_status_maps_to_a_typed_failure_and_a_retry_rule(status: int, code: str, retry: Retry) -> None:
    failure = answers.failure_of(FakeBody(status), 0.0)
    assert (failure.code, failure.retry) == (code, retry)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), ("Tue, 24 Nov 2026 12:00:05 GMT", 5.0), ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0), ("soon", None)],
)
def test_retry_after_is_parsed_as_seconds_or_date(text: str, seconds: float | None) -> None:
    now = 1795521600.0
    assert answers.failure_of(FakeBody(503, {"retry-after": text}), now).retry_after == seconds


def test_failure_message_names_retry_after() -> None:
    messages = [str(answers.failure_of(FakeBody(503, headers), 0.0)) for headers in ({"retry-after": "3600"}, {})]
    assert messages == [
        "The origin answered HTTP 503 and asks to be tried again after 3600 s.",
        "The origin answered HTTP 503.",
    ]


ETAG, MODIFIED = Validator("etag", '"v1"'), Validator("last-modified", EARLIER)
RANGE = {"content-range": "bytes 5-9/20", "etag": '"v1"', "last-modified": EARLIER}


@pytest.mark.parametrize(
    ("validator", "body", "code", "message"),
    [
        (ETAG, FakeBody(200, RANGE), "ORIGIN_ERROR", "The origin answered a later range with the whole file."),
        (
            ETAG,
            FakeBody(203, {"etag": '"v2"'}),
            "ORIGIN_CHANGED",
            "The origin answered a range with a whole file of another ETag than before, or none.",
        ),
        (
            ETAG,
            FakeBody(412),
            "ORIGIN_CHANGED",
            "The origin answered 412 to If-Match with the ETag that it had sent.",
        ),
        (
            MODIFIED,
            FakeBody(412),
            "ORIGIN_CHANGED",
            "The origin answered 412 to If-Unmodified-Since with the Last-Modified that it had sent.",
        ),
        (
            ETAG,
            FakeBody(416),
            "ORIGIN_CHANGED",
            "The origin answered 416 to a range of the size that it had announced.",
        ),
        (
            MODIFIED,
            FakeBody(206, {"content-range": "bytes 5-9/20", "last-modified": DATE}),
            "ORIGIN_CHANGED",
            "The origin answered a range with another Last-Modified than before, or none.",
        ),
        (
            ETAG,
            FakeBody(206, RANGE | {"content-range": "bytes 5-9/21"}),
            "ORIGIN_CHANGED",
            "The origin answered a range of a file with another size than before.",
        ),
        (
            ETAG,
            FakeBody(206, RANGE | {"content-range": "bytes 5-10/20"}),
            "ORIGIN_ERROR",
            "The origin answered with another range than it was asked for.",
        ),
        (ETAG, FakeBody(501), "ORIGIN_ERROR", "The origin answered HTTP 501 when a range was requested."),
        (
            ETAG,
            FakeBody(403),
            "ORIGIN_REFUSED",
            "The origin refused the request (HTTP 403) when a range was requested.",
        ),
        (ETAG, FakeBody(304), "ORIGIN_ERROR", "The origin answered HTTP 304 when a range was requested."),
    ],
)
def test_answer_without_the_range_says_what_the_origin_did(
    validator: Validator, body: FakeBody, code: str, message: str
) -> None:
    with pytest.raises(TransferError) as raised:
        answers.expect_range(body, validator, 5, 9, 20, 0.0)
    assert (raised.value.code, str(raised.value), raised.value.retry) == (code, message, Retry.PLAIN)


@pytest.mark.parametrize("content_range", ["bytes 5-9/20", "bytes 5-5/20", "bytes 5-8/*"])
@pytest.mark.parametrize("validator", [ETAG, MODIFIED], ids=["ETag", "Last-Modified"])
def test_range_or_its_beginning_is_accepted(validator: Validator, content_range: str) -> None:
    body = FakeBody(206, RANGE | {"content-range": content_range})
    assert answers.expect_range(body, validator, 5, 9, 20, 0.0).start == 5


@given(
    st.dictionaries(st.sampled_from(["etag", "last-modified", "date", "content-range", "content-length"]), st.text())
)
@example({"content-length": "0\x1f"})
def test_arbitrary_headers_are_parsed_or_refused(headers: dict[str, str]) -> None:
    answers.validator_of(headers)
    answers.failure_of(FakeBody(503, headers), 0.0)
    for read in (answers.content_range_of, answers.content_length_of):
        try:
            read(headers)
        except OriginError:
            continue
