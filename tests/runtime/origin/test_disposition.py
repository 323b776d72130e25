"""File names and content types that are safe for a browser."""

from __future__ import annotations

import re
from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.logic.origin import disposition

NAMES = st.text(min_size=1, max_size=255).filter(disposition.is_safe_name)


@pytest.mark.parametrize(
    "name", ["a.csv", "Figures 2026.csv", "Zahlen für München.csv", "数据.csv", "a'b(c).txt", "x" * 255]
)
def test_file_name_in_any_language_is_accepted(name: str) -> None:
    assert disposition.is_safe_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        ".",
        "..",
        "...",
        " a",
        "a ",
        "a/b",
        "a\\b",
        "a:b",
        'a"b',
        "a\nb",
        "a\r\nX: y",
        "a\x00",
        "a\x7f",
        "a\x85",
        "a\u202egpj.exe",
        "a\u200fb",
        "a\u2066b",
        "\ufeffa",
        "\ud800",
        "a|b",
        "a?b",
        "a*b",
        "<a>",
        "x" * 256,
    ],
)
def test_unsafe_file_name_is_refused(name: str) -> None:
    assert not disposition.is_safe_name(name)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b.csv", "b.csv"),
        ("a/b%20c.csv", "b c.csv"),
        ("a/b.csv?x=/y.exe", "b.csv"),
        ("a/b/", "b"),
        ("?x=1", "download"),
        ("a/%C3%BC.csv", "ü.csv"),
        ("a/%ff.csv", "\ufffd.csv"),
        ("a/x:y.csv", "x_y.csv"),
        ("a/%22.csv", "_.csv"),
        ("a/...", "download"),
        (".bashrc", "bashrc"),
    ],
)
def test_file_name_is_derived_from_the_path(path: str, name: str) -> None:
    assert disposition.name_of(path) == name


@given(st.text(max_size=300))
def test_any_path_yields_a_safe_name(path: str) -> None:
    assert disposition.is_safe_name(disposition.name_of(path))


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.csv", 'attachment; filename="a.csv"'),
        ("a b.csv", 'attachment; filename="a b.csv"'),
        ("für.csv", "attachment; filename=\"fur.csv\"; filename*=UTF-8''f%C3%BCr.csv"),
        ("数据.csv", "attachment; filename=\"download.csv\"; filename*=UTF-8''%E6%95%B0%E6%8D%AE.csv"),
        ("数据", "attachment; filename=\"download\"; filename*=UTF-8''%E6%95%B0%E6%8D%AE"),
        ("…", "attachment; filename=\"download\"; filename*=UTF-8''%E2%80%A6"),
        (".profil.é", "attachment; filename=\".profil.e\"; filename*=UTF-8''.profil.%C3%A9"),
        ("50%.csv", "attachment; filename=\"50_.csv\"; filename*=UTF-8''50%25.csv"),
    ],
)
def test_header_follows_rfc_6266(name: str, header: str) -> None:
    """The header has a plain form for old clients and the whole name for the others."""
    assert disposition.content_disposition(name) == header


@given(NAMES)
def test_header_carries_any_safe_name_in_printable_ascii(name: str) -> None:
    header = disposition.content_disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert re.fullmatch(r'attachment; filename="[^"\\%]+"(; filename\*=UTF-8\'\'[A-Za-z0-9!#$&+.^_`|~%-]+)?', header)
    message = Message()
    message["content-disposition"] = header
    if "filename*" in header:
        assert unquote(header.rpartition("''")[2], errors="strict") == name
    else:
        assert message.get_filename() == name


@pytest.mark.parametrize(
    ("announced", "served"),
    [
        ("text/csv", "text/csv"),
        ("Text/CSV; charset=UTF-8", "text/csv; charset=utf-8"),
        ('text/plain;charset="utf-8"', "text/plain; charset=utf-8"),
        ("application/zip", "application/zip"),
        ("application/vnd.ms-excel.sheet+bin", "application/vnd.ms-excel.sheet+bin"),
        (None, disposition.FALLBACK_TYPE),
        ("", disposition.FALLBACK_TYPE),
        ("csv", disposition.FALLBACK_TYPE),
        ("text/html", disposition.FALLBACK_TYPE),
        ("application/xhtml+xml", disposition.FALLBACK_TYPE),
        ("image/svg+xml", disposition.FALLBACK_TYPE),
        ("text/javascript", disposition.FALLBACK_TYPE),
        ("application/ecmascript", disposition.FALLBACK_TYPE),
        ("text/csv\r\nX-Evil: 1", disposition.FALLBACK_TYPE),
        ("text/csv; x=y", disposition.FALLBACK_TYPE),
        ("multipart/mixed; boundary=x", disposition.FALLBACK_TYPE),
        ("text/" + "x" * 5000, disposition.FALLBACK_TYPE),
    ],
)
def test_content_type_that_a_browser_may_run_is_replaced(announced: str | None, served: str) -> None:
    assert disposition.content_type(announced) == served


@given(st.text(max_size=200))
def test_content_type_is_always_short_printable_ascii(announced: str) -> None:
    served = disposition.content_type(announced)
    assert served.isascii()
    assert served.isprintable()
    assert len(served) < 200
