"""File names and content types that are safe for a browser."""

from __future__ import annotations

import re
import sys
import unicodedata
from email.message import Message
from urllib.parse import quote, unquote

import pytest
from async_download_client.text import printable
from hypothesis import given
from hypothesis import strategies as st

from runtime.logic.origin import disposition

NAMES = st.text(min_size=1, max_size=255).filter(lambda name: disposition.name_problem(name) is None)
INVISIBLE = {  # allowed in names: they shape letters and emoji, and reorder nothing
    "zero width non-joiner, as in Persian": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.pdf",
    "zero width joiner, as in emoji": "family \U0001f468\u200d\U0001f469\u200d\U0001f467.png",
    "zero width joiner, as in Sinhala": "ශ\u0dca\u200dර\u0dd3.txt",
    "variation selector": "heart \u2764\ufe0f.png",
    "variation selector of an ideograph": "\u845b\U000e0100.txt",
    "soft hyphen": "extra\u00adordinary.txt",
    "zero width space, as in Khmer": "ភ\u17b6\u200bស\u17b6.txt",
    "word joiner": "a\u2060b.txt",
    "tags, as in a flag": "flag \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f.png",
}
REFUSED = {  # code points that no name may contain
    **dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], "control character"),
    **dict.fromkeys([0x2028, 0x2029], "line or paragraph separator"),
    **dict.fromkeys([0xD800, 0xDBFF, 0xDC00, 0xDFFF], "surrogate"),
    **dict.fromkeys([0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "bidirectional control"),
    **dict.fromkeys(range(0x206A, 0x2070), "deprecated format character"),
    **dict.fromkeys([0xFEFF, *range(0xFFF9, 0xFFFC)], "byte order mark or annotation"),
}


@pytest.mark.parametrize(
    "name",
    ["a.csv", "Figures 2026.csv", "Zahlen für München.csv", "数据.csv", "a'b(c).txt", "x" * 255, *INVISIBLE.values()],
)
def test_file_name_in_any_language_is_accepted(name: str) -> None:
    assert disposition.name_problem(name) is None
    assert disposition.name_of(f"a/{name}") == name
    assert disposition.name_of(f"a/{quote(name)}") == name


@pytest.mark.parametrize("code_point", REFUSED)
def test_refusal_names_the_character(code_point: int) -> None:
    name = f"a{chr(code_point)}b.csv"
    assert disposition.name_problem(name) == f"must not contain U+{code_point:04X}"
    assert disposition.name_of(name) == "a_b.csv"


def test_every_bidirectional_control_of_unicode_is_refused() -> None:
    """The interpreter's Unicode data name them: their classes, and the marks, which have the class of a letter."""
    classes = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    marks = {"LEFT-TO-RIGHT MARK", "RIGHT-TO-LEFT MARK", "ARABIC LETTER MARK"}
    controls = {
        code_point
        for code_point in range(sys.maxunicode + 1)
        if unicodedata.bidirectional(chr(code_point)) in classes or unicodedata.name(chr(code_point), "") in marks
    }
    assert len(controls) == 12
    assert controls <= set(REFUSED)


@pytest.mark.parametrize("name", [*INVISIBLE.values(), "\u202e", "a\u2029b", "\ufeff", "\x1b[2J"])
def test_the_downloader_shows_a_name_as_the_api_accepts_it(name: str) -> None:
    hidden = any(ord(letter) in REFUSED for letter in name)
    assert (printable(name) != name) is hidden


@pytest.mark.parametrize("code_point", REFUSED)
def test_the_downloader_hides_what_no_name_may_contain(code_point: int) -> None:
    assert printable(f"a{chr(code_point)}b") == "a\ufffdb"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "must not be empty"),
        ("a:b", "must not contain ':'"),
        (" a", "must not begin or end with a blank"),
        ("a\u3000", "must not begin or end with a blank"),
        ("..", "must have a visible character other than dots"),
        (".\u200c.\u2060", "must have a visible character other than dots"),
        ("\u200d", "must have a visible character other than dots"),
        ("数" * 86, "has 258 bytes in UTF-8; file systems take 255"),
        ("x" * 256, "has 256 bytes in UTF-8; file systems take 255"),
    ],
)
def test_refusal_has_the_rule(name: str, problem: str) -> None:
    assert disposition.name_problem(name) == problem


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("x" * 300 + ".csv", "x" * 251 + ".csv"),
        ("数" * 300 + ".csv", "数" * 83 + ".csv"),
        ("x" * 300, "x" * 255),
        ("a." + "x" * 300, "a." + "x" * 253),
        ("." + "x" * 300 + ".tar.gz", "x" * 252 + ".gz"),
        ("\U0001f468\u200d" * 40 + ".png", "\U0001f468\u200d" * 35 + "\U0001f468.png"),
    ],
    ids=["ascii", "three bytes", "no extension", "no short extension", "two extensions", "joiners"],
)
def test_long_name_is_cut_between_characters_and_keeps_its_extension(path: str, name: str) -> None:
    assert disposition.name_of(path) == name
    assert len(name.encode()) <= 255


@given(st.text(min_size=200, max_size=700))
def test_header_of_a_derived_name_fits_into_the_url_that_s3_takes(path: str) -> None:
    """S3 takes 8 KB of request line and headers, with the query in which the header is percent-encoded again."""
    assert len(quote(disposition.content_disposition(disposition.name_of(path)), safe="")) < 2000


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
    assert disposition.name_problem(name)


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
        ("a/lib%2Fclass.rb", "class.rb"),
        ("a%2Fb/", "b"),
        ("a/..%2f", "download"),
        (". notes.txt", "notes.txt"),
    ],
)
def test_file_name_is_derived_from_the_path(path: str, name: str) -> None:
    assert disposition.name_of(path) == name


@given(st.text(max_size=300))
def test_any_path_yields_a_safe_name(path: str) -> None:
    assert disposition.name_problem(disposition.name_of(path)) is None


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
