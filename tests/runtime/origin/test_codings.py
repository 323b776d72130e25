"""Content-Encoding: what is decompressed, what is refused, and what is no compression."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import OriginError, OriginRangeError
from runtime.logic.origin import codings

REFUSED = ["aes128gcm", "br", "compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip", "zstd", "BR", "br;q=1"]
PASSED_OVER = [
    "",
    ",",
    "identity",
    "none",
    "aws-chunked",
    "utf-8",
    "UTF-8",
    "binary",
    "zip",
    "x-bzip2",
    "unknown",
    "identity, utf-8",
    "gzip2",
    "not gzip",
    '"gzip"',
]


def layers_of(encoding: str | None, path: str = "a.csv") -> list[str]:
    """Return the layers of a response for a path."""
    return codings.layers_of({} if encoding is None else {"content-encoding": encoding}, path)


@pytest.mark.parametrize(
    ("encoding", "layers"),
    [
        (None, []),
        ("gzip", ["gzip"]),
        ("x-gzip", ["gzip"]),
        ("\tGZip ", ["gzip"]),
        ("gzip;level=9", ["gzip"]),
        ("gzip ; a=b", ["gzip"]),
        ("deflate", ["deflate"]),
        ("gzip, gzip", ["gzip", "gzip"]),
        ("deflate, gzip", ["gzip", "deflate"]),
        ("gzip,,deflate,", ["deflate", "gzip"]),
        ("identity, gzip", ["gzip"]),
        ("aws-chunked,gzip", ["gzip"]),
        ("gzip, aws-chunked", ["gzip"]),
        ("utf-8, gzip, unknown", ["gzip"]),
        ("gzip, gzip, gzip, gzip", ["gzip"] * 4),
    ],
)
def test_codings_are_decompressed_from_the_last_to_the_first(encoding: str | None, layers: list[str]) -> None:
    assert layers_of(encoding) == layers


@pytest.mark.parametrize("encoding", PASSED_OVER)
def test_other_names_are_no_compression(encoding: str) -> None:
    assert layers_of(encoding) == []


@pytest.mark.parametrize("encoding", REFUSED)
@pytest.mark.parametrize("form", ["{}", "gzip, {}", "{}, gzip", "identity,{}"])
def test_registered_coding_that_cannot_be_decompressed_is_an_error(encoding: str, form: str) -> None:
    coding = encoding.lower().removeprefix("x-").removesuffix(";q=1")
    with pytest.raises(OriginError, match=f"with Content-Encoding {coding},"):
        layers_of(form.format(encoding))


def test_number_of_layers_is_limited() -> None:
    with pytest.raises(OriginError, match="more than 4 times"):
        layers_of(", ".join(["gzip"] * (codings.MAX_LAYERS + 1)))


@pytest.mark.parametrize(
    ("path", "encoding", "layers"),
    [
        ("a.csv.gz", "gzip", []),
        ("A.TGZ", "x-gzip", []),
        ("a.svgz?version=1.csv", "gzip", []),
        ("a.gz", "identity, gzip", []),
        ("a.gz", "gzip, gzip", ["gzip"]),
        ("a.gz", "deflate", ["deflate"]),
        ("a.gz", "deflate, gzip", ["gzip", "deflate"]),
        ("a.gz", "gzip, deflate", ["deflate"]),
        ("a.br", "br", []),
        ("a.br", "br, gzip", ["gzip"]),
        ("a.zst", "zstd", []),
        ("a.Z", "x-compress", []),
        ("a.tar.taz", "compress", []),
        ("a.exi", "exi", []),
        ("a.pack.gz", "pack200-gzip", []),
        ("a.zip", "gzip", ["gzip"]),
        ("a.bz2", "gzip", ["gzip"]),
        ("a.xz", "gzip", ["gzip"]),
        ("a.zst", "gzip", ["gzip"]),
        ("a.br", "gzip", ["gzip"]),
        ("gz", "gzip", ["gzip"]),
        ("a.gz/b.csv", "gzip", ["gzip"]),
        ("export?name=a.gz", "gzip", ["gzip"]),
    ],
)
def test_first_coding_is_the_files_own_if_its_name_ends_so(path: str, encoding: str, layers: list[str]) -> None:
    assert layers_of(encoding, path) == layers


@pytest.mark.parametrize(
    ("path", "encoding"), [("a.gz", "br"), ("a.zip", "br"), ("a.br", "zstd"), ("a.br", "gzip, br"), ("a.br", "br, br")]
)
def test_name_exempts_no_other_coding(path: str, encoding: str) -> None:
    with pytest.raises(OriginError):
        layers_of(encoding, path)


def test_range_has_to_be_plain() -> None:
    codings.expect_none({}, "a.csv")
    codings.expect_none({"content-encoding": "gzip"}, "a.gz")
    for encoding in ("gzip", "deflate", "br"):
        with pytest.raises(OriginRangeError):
            codings.expect_none({"content-encoding": encoding}, "a.csv")


@given(
    names=st.lists(st.sampled_from([*REFUSED, *PASSED_OVER, "gzip", "deflate"]) | st.text(), max_size=6),
    path=st.sampled_from(["a.csv", "a.gz", "a.br"]) | st.text(),
)
def test_any_list_of_codings_has_layers_or_an_error(names: list[str], path: str) -> None:
    try:
        layers = layers_of(",".join(names), path)
    except OriginError:
        layers = []
    assert set(layers) <= {"gzip", "deflate"}
    assert len(layers) <= codings.MAX_LAYERS


def test_message_repeats_no_text_of_the_origin() -> None:
    with pytest.raises(OriginError) as caught:
        layers_of("secret, br;token=secret")
    assert "secret" not in str(caught.value)
