"""Content codings of a response (RFC 9110, 8.4), although identity was requested.

- gzip and deflate are decompressed, also several of them, the last of the list first.
- Other codings of IANA's registry, such as br, are an error: the bytes are not the file.
- Any other name is no coding, and the bytes are the file, as curl and wget take it: identity, none, aws-chunked, utf-8,
  binary, zip.

A server may announce the compression that a file has by itself: `logs.gz` with gzip. So the first coding of the list
is the file's own if the file's name ends accordingly, and is left alone. It is decompressed for other names, such as
`report.zip` or `logs.zst` with gzip. `logs.gz` with `gzip, gzip` is decompressed once.
"""

from __future__ import annotations

from collections.abc import Mapping

from runtime.errors import OriginError, OriginRangeError

MAX_LAYERS = 4
_ALIASES = {"x-gzip": "gzip", "x-compress": "compress"}
_DECOMPRESSED = frozenset({"gzip", "deflate"})
_REFUSED = frozenset({"aes128gcm", "br", "compress", "dcb", "dcz", "exi", "pack200-gzip", "zstd"})
_OWN_CODINGS = {
    "gzip": (".gz", ".gzip", ".tgz", ".taz", ".tz", ".svgz", ".emz", ".wmz"),
    "br": (".br",),
    "compress": (".z", ".taz"),
    "dcb": (".dcb",),
    "dcz": (".dcz",),
    "exi": (".exi",),
    "pack200-gzip": (".pack.gz",),
    "zstd": (".zst", ".zstd", ".tzst"),
}


def layers_of(headers: Mapping[str, str], path: str) -> list[str]:
    """Return the codings to decompress, `gzip` or `deflate`, in this order. `path` is the requested one.

    Raises:
        OriginError: a coding that cannot be decompressed, or more than four.
    """
    names = [item.partition(";")[0].strip(" \t").lower() for item in headers.get("content-encoding", "").split(",")]
    layers = [coding for name in names if (coding := _ALIASES.get(name, name)) in _DECOMPRESSED | _REFUSED]
    if layers and path.partition("?")[0].lower().endswith(_OWN_CODINGS.get(layers[0], ())):
        del layers[0]
    for coding in layers:
        if coding in _REFUSED:
            message = f"The origin sent the file with Content-Encoding {coding}, although it was asked not to."
            raise OriginError(message)
    if len(layers) > MAX_LAYERS:
        raise OriginError(f"The origin compressed the file more than {MAX_LAYERS} times.")
    return layers[::-1]


def expect_none(headers: Mapping[str, str], path: str) -> None:
    """Check that the bytes of a range are those of the file.

    Raises:
        OriginRangeError: they are compressed.
    """
    try:
        is_compressed = bool(layers_of(headers, path))
    except OriginError as error:
        raise OriginRangeError(str(error)) from None
    if is_compressed:
        raise OriginRangeError("The origin answered with a range of a compressed file.")
