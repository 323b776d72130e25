"""Component and runtime check paths at an origin by the same rules, and say the same about them."""

from __future__ import annotations

import re

import pytest
from async_download import InvalidSetting
from async_download.settings import origin_paths
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import InvalidPathError
from runtime.logic.origin import characters, paths
from runtime.models import Origin
from tests.components.test_settings import origin, settings

BASE = "https://reports.example.com/exports/"
PATHS = [
    "latest.csv",
    "/latest.csv",
    "//latest.csv",
    "a b.csv",
    "a?x=../..",
    "a?x=\n",
    "",
    "x" * 2048,
    "x" * 2049,
    "a#b",
    "a%2Fb",
    "a%252Fb",
    "a%25252Fb",
    "%2Fa",
    "100%",
    "..",
    ". notes.txt",
    "..%20",
    "..;x/a",
    "a/%2e%2e/b",
    "%2525252525252e",
    "a\\b",
    "a%5Cb",
    "\uff3c",
    "a\tb",
    "a%0Ab",
    "a\u2028b",
    "\ud800",
    "a\u200db",
    "..\u200d/a",
    "\u2025/a",
    "a\uff0fb",
    "\uff0fa",
    "\u2100\u2105",
    "%c0%ae",
    "https://other.example/",
    "urn:x",
    "urn%3Ax",
    "M%FCnchen",
]
PIECES = ["..", ".", "/", "\\", "%2e", "%2F", "%252F", "%5c", "%", "?", "#", ";", ":", "a", " ", "\n", "%00", "%c0%ae"]
PIECES += ["\uff0e", "\u2025", "\uff0f", "\u2105", "\u200d", "\u2028", "\ufe0f", "%E2%80%8D", "%25"]


def problem_of_runtime(path: str, encoded_slashes: bool) -> str | None:
    """Return what the runtime answers a client, without the words that every answer has."""
    try:
        paths.join(BASE, path, encoded_slashes=encoded_slashes)
    except InvalidPathError as error:
        return re.sub(r"^The path (.*)\.$", r"\1", str(error), flags=re.DOTALL)
    return None


@pytest.mark.parametrize("encoded_slashes", [False, True])
@pytest.mark.parametrize("path", PATHS)
def test_both_accept_the_same_paths_of_a_table(path: str, encoded_slashes: bool) -> None:
    assert origin_paths.path_problem(path, encoded_slashes) == problem_of_runtime(path, encoded_slashes)


@given(st.one_of(st.text(max_size=20), st.lists(st.sampled_from(PIECES), max_size=8).map("".join)), st.booleans())
def test_both_accept_the_same_paths(path: str, encoded_slashes: bool) -> None:
    assert origin_paths.path_problem(path, encoded_slashes) == problem_of_runtime(path, encoded_slashes)


def test_both_know_the_same_characters() -> None:
    assert origin_paths.CONTROL.pattern == characters.CONTROL.pattern
    assert origin_paths.IGNORABLE.pattern == characters.IGNORABLE.pattern
    assert origin_paths.OVERLONG_UTF8.pattern == paths.OVERLONG_UTF8.pattern


@pytest.mark.parametrize("path", PATHS)
def test_default_path_is_refused_at_deployment_if_a_request_for_it_were_refused(path: str) -> None:
    problem = problem_of_runtime(path, encoded_slashes=False)
    if problem is None:
        assert settings(origin(default_path=path)).origins["reports"].default_path == path
        return
    with pytest.raises(InvalidSetting) as refused:
        settings(origin(default_path=path))
    assert str(refused.value).startswith("origins.reports.default_path (origins.reports.defaultPath) is ")
    assert str(refused.value).endswith(f"which is not allowed: the path {problem}.")


@given(st.lists(st.sampled_from([*PIECES, "/"]), max_size=6).map("".join))
def test_any_accepted_base_url_keeps_every_accepted_path_below_it(path: str) -> None:
    if origin_paths.base_path_problem(f"/{path}") or not path.isascii() or not path.isprintable() or " " in path:
        return
    if set("?#") & set(path):
        return
    base = Origin("a", f"https://reports.example.com/{path}/").base_url
    assert paths.join(base, "a/b.csv") == f"{base}a/b.csv"


@pytest.mark.parametrize("path", ["projects/group%2Fproject/", "a//b/", "v1:batch/", "a.b/..c/", "a%E2%80%8Db/"])
def test_usual_path_of_a_base_url_is_accepted(path: str) -> None:
    assert origin_paths.base_path_problem(f"/{path}") is None
