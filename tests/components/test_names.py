"""Names fit the limits of AWS and stay different."""

from __future__ import annotations

from async_download import names
from hypothesis import given, settings
from hypothesis import strategies as st

PARTS = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=30)


def test_a_short_name_stays_as_it_is() -> None:
    assert names.physical("shop-dev-files", "copy") == "shop-dev-files-copy"


@settings(deadline=None)  # a slow machine must not fail the test
@given(prefix=st.text("abcXYZ019_-", min_size=1, max_size=128), part=PARTS)
def test_every_name_fits_and_keeps_its_part(prefix: str, part: str) -> None:
    name = names.physical(prefix, part)
    assert len(name) <= names.LIMIT
    assert name.endswith(f"-{part}")


def test_shortened_names_differ_where_only_their_ends_do() -> None:
    long = "p" * 100
    assert names.physical(f"{long}a", "copy") != names.physical(f"{long}b", "copy")


def test_characters_that_services_refuse_are_replaced_and_the_names_stay_different() -> None:
    dotted, dashed = names.default_prefix("a.b", "dev", "files"), names.default_prefix("a-b", "dev", "files")
    assert dashed == "a-b-dev-files"
    assert dotted != dashed
    assert "." not in dotted


@settings(deadline=None)
@given(component=st.text(min_size=1, max_size=200))
def test_a_bucket_has_room_for_its_random_end(component: str) -> None:
    stem = names.bucket_stem(component)
    assert len(stem) + names.RANDOM_LENGTH <= names.BUCKET_LIMIT
    assert stem.isascii()
    assert stem == stem.lower()
    assert stem[0].isalnum()
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
