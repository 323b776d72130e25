"""The path of a request never leaves the base URL of the origin."""

from __future__ import annotations

from unicodedata import normalize
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import InvalidPathError
from runtime.logic.origin import paths

BASE = "https://reports.example.com/exports/"


def test_refusal_of_a_colon_says_how_to_encode_it() -> None:
    """It looks like a scheme."""
    with pytest.raises(InvalidPathError, match="as %3A"):
        paths.join(BASE, "report:final.csv")
    assert paths.join(BASE, "report%3Afinal.csv") == f"{BASE}report%3Afinal.csv"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.csv", "a.csv"),
        ("/a.csv", "a.csv"),
        ("2026/11/a.csv", "2026/11/a.csv"),
        ("a/", "a/"),
        ("a b.csv", "a%20b.csv"),
        ("a%20b.csv", "a%20b.csv"),
        ("100%25.csv", "100%25.csv"),
        ("Zahlen-für-München.csv", "Zahlen-f%C3%BCr-M%C3%BCnchen.csv"),
        ("logo@2x.png", "logo@2x.png"),
        ("a..b/...c", "a..b/...c"),
        (".hidden/.well-known/x", ".hidden/.well-known/x"),
        ("a?x=1&y=../..", "a?x=1&y=../.."),
        ("a?next=https://other.example/", "a?next=https://other.example/"),
        ("a?b?c", "a?b?c"),
        ("?x=1", "?x=1"),
        ("/", ""),
        ("a;v=1/b", "a;v=1/b"),
        ("@other.example/a", "@other.example/a"),
        ("M%FCnchen/%C0.csv", "M%FCnchen/%C0.csv"),
        ("A…/½.csv", "A%E2%80%A6/%C2%BD.csv"),
    ],
)
def test_valid_path_is_joined_and_encoded(path: str, expected: str) -> None:
    assert paths.join(BASE, path) == BASE + expected


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a" * 2049,
        "..",
        ".",
        "../a",
        "a/../b",
        "a/..",
        "/../a",
        "//other.example/a",
        "///other.example/a",
        "https://other.example/a",
        "HTTPS://other.example/a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "/https:/other",
        "a\\b",
        "\\\\other\\a",
        "a#b",
        "a?b#c",
        "a\x00b",
        "a\nb",
        "a\r\nHost: other",
        "a?b\nc",
        "a\x7f",
        "a\x85",
        "\u2028",
        "\ud800",
        "%2e%2e/a",
        "%2E%2E/a",
        ".%2e/a",
        "a/%2e%2e/b",
        "%252e%252e/a",
        "%25252e%25252e/a",
        "..%2fa",
        "a%2fb",
        "a%2Fb",
        "a%5cb",
        "a%255cb",
        "a%00b",
        "a%0ab",
        "a%0d%0aHost:x",
        "a%",
        "a%2",
        "a%zz",
        "a%u002e",
        "..;/a",
        "a/..;x=1/b",
        ".. /a",
        "%2525252525252e",
        "%c0%ae%c0%ae/a",
        "..%c0%afa",
        "a%c1%9cb",
        "%e0%80%ae%e0%80%ae/a",
        "%f0%80%80%ae%f0%80%80%ae/a",
        "%25c0%25ae%25c0%25ae/a",
        "\uff0e\uff0e/a",
        "\u2025/a",
        "\u2024\u2024/a",
        "%e2%80%a5/a",
        "..\uff0fa",
        "a\uff3cb",
        "\u2024/a",
        "..%3b/a",
        "..%09/a",
        "%09../a",
        "a/.%00./b",
        "a/..%3fx/b",
        "a/..%23x/b",
        "http:%2f%2fother.example",
        "@other.example/../a",
    ],
)
def test_path_that_could_leave_the_base_is_refused(path: str) -> None:
    with pytest.raises(InvalidPathError):
        paths.join(BASE, path)


@pytest.mark.parametrize("base", [BASE, "https://h/", "http://127.0.0.1:8080/x/y/"])
@given(
    path=st.one_of(
        st.text(max_size=30),
        st.lists(
            st.sampled_from(
                [
                    "..",
                    ".",
                    "/",
                    "\\",
                    "%2e",
                    "%2F",
                    "%5c",
                    "%25",
                    "?",
                    "#",
                    ";",
                    "@",
                    ":",
                    "//",
                    "a",
                    " ",
                    "\t",
                    "%00",
                    "é",
                    "%c0%ae",
                    "\uff0e",
                    "\u2025",
                    "\uff0f",
                    "%3b",
                    "%3F",
                ]
            ),
            max_size=8,
        ).map("".join),
    )
)
def test_any_accepted_path_stays_under_the_base(base: str, path: str) -> None:
    """No dot segment is left however often the path is decoded."""
    try:
        url = paths.join(base, path)
    except InvalidPathError:
        return
    joined, base_parts = urlsplit(url), urlsplit(base)
    assert (joined.scheme, joined.netloc, joined.fragment) == (base_parts.scheme, base_parts.netloc, "")
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    decoded = joined.path
    for _ in range(4):
        assert decoded.startswith(base_parts.path)
        assert not {".", ".."} & set(decoded.split("/"))
        assert not {".", ".."} & set(normalize("NFKC", decoded).split("/"))
        decoded = unquote(decoded)
