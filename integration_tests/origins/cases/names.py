"""Paths and names: what is requested, and what the origin has to receive."""

from __future__ import annotations

from urllib.parse import quote

from integration_tests.origins.case import SMALL, Case, OriginName, case, reply
from integration_tests.origins.cases.headers import LENGTH, OK

WHOLE = reply(OK, LENGTH, body=SMALL)
INVALID = "INVALID_PATH"
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.csv"  # with a joiner
PLAIN = [
    "a b.csv", " a.csv", "a .csv", "übersicht.csv", "u\u0308bersicht.csv", "文件.csv", "😀.csv", PERSIAN,
    "👨\u200d👩\u200d👧.csv", "a\u00a0b.csv", "a\u00adb.csv",
    "a'b.csv", 'a"b.csv', "[1].csv", "{1}.csv", "a|b.csv",
    "a^b.csv", "a`b.csv", "<a>.csv", ".hidden", "a.", "..a", "...", "con.txt", "a" * 255, "1,5.csv", "a*b.csv",
    "\u0627\u0644\u0645\u0644\u0641.csv", "e\u0301\u0323.csv", "\ufb01le.csv", "№5.csv", "½.csv", "a\u3000b.csv",
]  # fmt: skip
"""Paths that are percent-encoded before they are sent."""
SAME = [
    "a%20b.csv", "a+b.csv", "a%2Bb.csv", "100%25.csv", "a%3Fb.csv", "a%23b.csv", "%C3%BC.csv", "%c3%bc.csv", "%FC.csv",
    "a;b.csv", "a;v=1/b.csv", "a:b.csv", "a@b.csv", "a&b=c.csv", "a=b.csv", "a$b.csv", "a!b.csv", "(a).csv", "a~b.csv",
    "a-b_c.csv", "folder/", "a%22b.csv", "file.csv?version=1", "file.csv?a=b/c?d", "file.csv?a=%2F", "file.csv?a=b%26c",
    "file.csv?a+b", "a%2520b.csv", "a%7Eb.csv", "a%5B1%5D.csv", "a%E2%80%8Db.csv", "file.csv?a=1&a=2",
]  # fmt: skip
"""Paths that are sent as they are."""
TWICE = "a%252Fb.csv"
SLASHES = [
    "a%2Fb.csv", "a%2fb.csv", "group%2Fproject/file.csv", "a%2F%2Fb.csv", "%2Fa.csv", TWICE, "\u2105.csv",
    "\uff41\uff0f\uff42.csv",
]  # fmt: skip
"""Paths with encoded slashes and look-alikes of slashes, which need a setting of the origin."""
REFUSED = {
    "a#b.csv": INVALID,
    "a\\b.csv": INVALID,
    "a%5Cb.csv": INVALID,
    "100%.csv": INVALID,
    "a%zz.csv": INVALID,
    "../a.csv": INVALID,
    "a/../b.csv": INVALID,
    "%2e%2e/a.csv": INVALID,
    "a/..%2Fb.csv": INVALID,
    "a%2F..%2Fb.csv": INVALID,
    "a%2F%2e%2e%2Fb.csv": INVALID,
    "..%252Fa.csv": INVALID,
    "..;/a.csv": INVALID,
    "a\nb.csv": INVALID,
    "a%00b.csv": INVALID,
    "a%0D%0Ab.csv": INVALID,
    "a\x7fb.csv": INVALID,
    "%c0%ae%c0%ae/a.csv": INVALID,
    "\uff0e\uff0e/a.csv": INVALID,
    ". notes.txt": "READY",
    ".. notes.txt": "READY",
    "a\u202eb.csv": "READY",
    "a\ufeffb.csv": "READY",
    "a\u2028b.csv": INVALID,
}
NAMES = {
    "joiners": PERSIAN,
    "a family": "👨\u200d👩\u200d👧.csv",
    "NFD": "u\u0308bersicht.csv",
    "plus and percent": "100% + 5.csv",
    "an ampersand": "R&D 2026.csv",
}
"""Names in requests, which the copy has."""


def _encoded(path: str) -> str:
    return quote(path, safe="/%:@!$&'()*+,;=~-._")


def _path(path: str, target: str, expected: str = "READY") -> Case:
    shown = path if len(path) < 40 else f"{path[:20]}… of {len(path)} characters"
    return case(f"names: {shown.encode('unicode_escape').decode()}", WHOLE, expected=expected, path=path, target=target)


def _slashes(path: str, expected: str = "READY") -> Case:
    name = f"names: {path.encode('unicode_escape').decode()} with encodedSlashes"
    return case(name, WHOLE, expected=expected, path=path, target=_encoded(path), origin=OriginName.SLASHES)


CASES = [
    *(_path(path, _encoded(path)) for path in PLAIN),
    *(_path(path, path) for path in SAME),
    *(_slashes(path, INVALID if path == TWICE else "READY") for path in SLASHES),
    *(_path(path, _encoded(path), INVALID) for path in SLASHES),
    *(
        _slashes(path, INVALID)
        for path in ("a/..%2Fb.csv", "a%2F..%2Fb.csv", "a%2F%2e%2e%2Fb.csv", "..%252Fa.csv", "..\uff0fa.csv")
    ),
    *(_path(path, _encoded(path), expected) for path, expected in REFUSED.items()),
    *(
        case(f"names: the field fileName with {name}", WHOLE, fields={"fileName": text}, file_name=text)
        for name, text in NAMES.items()
    ),
]
