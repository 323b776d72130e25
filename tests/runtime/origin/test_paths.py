"""The path of a request never leaves the base URL of the origin."""

from __future__ import annotations

import re
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.adapters.origin_http import HttpOrigins
from runtime.errors import InvalidPathError
from runtime.logic.origin import paths
from runtime.logic.origin.fetch import Fetch
from runtime.logic.origin.retries import Deadline
from runtime.models import Origin
from tests.runtime.support.fakes import FakeClock, FakeSecrets, do_nothing
from tests.runtime.support.http_server import serving

INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]")
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
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.pdf",
            "%D9%85%DB%8C%E2%80%8C%D8%AE%D9%88%D8%A7%D9%87%D9%85.pdf",
        ),
        ("a%E2%80%8Db", "a%E2%80%8Db"),
        (". notes.txt", ".%20notes.txt"),
        (".. notes.txt", "..%20notes.txt"),
        (".%20notes.txt", ".%20notes.txt"),
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
        ". ",
        ". /a",
        "..%20",
        "..%C2%A0/a",
        ".. ;x/a",
        ".. %3Fx/a",
        "..\u200d/a",
        ".\u200c./a",
        "\ufeff../a",
        "%E2%80%8D../a",
        "a/.\ufe0f/b",
        "\u200d/a/\u2060/..",
        "\u2100.csv",
        "\u2105.csv",
        "\uff41\uff0f\uff42.csv",
        "%ef%bc%8f",
    ],
)
def test_path_that_could_leave_the_base_is_refused(path: str) -> None:
    with pytest.raises(InvalidPathError):
        paths.join(BASE, path)


ENCODED_SLASHES = "unless the origin's setting encodedSlashes is true"


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("a\x1bb", "must not contain the control character U+001B"),
        ("a\u2028b", "must not contain the control character U+2028"),
        ("a\ud800b", "must not contain the control character U+D800"),
        ("a%0Ab", "must not hide the control character U+000A"),
        ("a%E2%80%A8b", "must not hide the control character U+2028"),
        ("group%2Fproject", f"must not contain an encoded slash (%2F) {ENCODED_SLASHES}"),
        ("\uff41\uff0f\uff42.csv", f"must not contain U+FF0F, which some servers take for a slash, {ENCODED_SLASHES}"),
        ("℅.csv", f"must not contain U+2105, which some servers take for a slash, {ENCODED_SLASHES}"),
        ("%E2%84%85.csv", f"must not contain U+2105, which some servers take for a slash, {ENCODED_SLASHES}"),
    ],
)
def test_refusal_names_the_character_and_the_setting(path: str, rule: str) -> None:
    with pytest.raises(InvalidPathError) as error_info:
        paths.join(BASE, path)
    assert str(error_info.value) == f"The path {rule}."


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("projects/group%2Fproject/raw", "projects/group%2Fproject/raw"),
        ("files/lib%2fclass%2Erb/raw?ref=main", "files/lib%2fclass%2Erb/raw?ref=main"),
        ("@scope%2Fpackage", "@scope%2Fpackage"),
        ("a%2F%2Fb", "a%2F%2Fb"),
        ("a%2F", "a%2F"),
        ("\uff41\uff0f\uff42.csv", "%EF%BD%81%EF%BC%8F%EF%BD%82.csv"),
        ("℅.csv", "%E2%84%85.csv"),
    ],
)
def test_encoded_slash_is_kept_where_the_origin_allows_it(path: str, expected: str) -> None:
    assert paths.join(BASE, path, encoded_slashes=True) == BASE + expected


@pytest.mark.parametrize(
    "path",
    [
        "..%2fa",
        "a%2f..%2fb",
        "a%2F..",
        "a%2f.%2fb",
        "a%2f%2e%2e%2fb",
        "a%2f%252e%252e%2fb",
        "a%2f..;x%2fb",
        "a%2f..%20%2fb",
        "a%2f..\u200d%2fb",
        "..\uff0fa",
        "a\uff0f..\uff0fb",
        "\uff0e\uff0e%2fa",
        "a%252fb",
        "a%25252fb",
        "%2fother.example/a",
        "%2F%2Fother.example/a",
        "/%2Fother.example/a",
        "\uff0fother.example/a",
        "a%5cb",
        "a%2f\\b",
        "a%c0%afb",
        "a%2f%00",
        "http:%2f%2fother.example",
    ],
)
def test_encoded_slashes_hide_nothing(path: str) -> None:
    with pytest.raises(InvalidPathError):
        paths.join(BASE, path, encoded_slashes=True)


@pytest.mark.parametrize("encoded_slashes", [False, True])
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
                    "%252f",
                    "\u200d",
                    "\ufe0f",
                    "\u2105",
                ]
            ),
            max_size=8,
        ).map("".join),
    )
)
def test_any_accepted_path_stays_under_the_base(base: str, path: str, encoded_slashes: bool) -> None:
    """No dot segment is left however often the path is decoded."""
    try:
        url = paths.join(base, path, encoded_slashes=encoded_slashes)
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
        assert not {".", ".."} & set(normalize("NFKC", INVISIBLE.sub("", decoded)).split("/"))
        assert encoded_slashes or decoded.count("/") == joined.path.count("/")
        decoded = unquote(decoded)


@pytest.mark.parametrize("path", ["a%2Fb/c%2fd?ref=x%2Fy", "a\uff0fb", "\u200da.csv", ". notes.txt"])
def test_origin_receives_the_path_as_it_was_joined(path: str) -> None:
    """No layer below decodes, encodes or normalizes it again."""
    with serving(lambda exchange: exchange.send("HTTP/1.1 200 OK", "Content-Length: 0")) as server:
        base = f"http://127.0.0.1:{server.port}/exports/"
        origin = Origin("files", base, allow_http=True, encoded_slashes=True)
        fetch = Fetch(HttpOrigins(), FakeSecrets(), origin, path, Deadline(FakeClock(), 800.0), loopback=True)
        fetch.get({}, do_nothing).close()
    target = server.requests[0].split()[1]
    assert target == "/exports/" + paths.join(BASE, path, encoded_slashes=True).removeprefix(BASE)
