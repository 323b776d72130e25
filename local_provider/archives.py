"""Packs Pulumi's archives as zip files; the same content gives the same bytes."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pulumi

from local_provider.values import Plain

_DATE = (1980, 1, 1, 0, 0, 0)


def zip_of(archive: Plain) -> bytes:
    """Return the archive as a zip file, sorted and undated.

    Raises:
        TypeError: it has a remote part.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in sorted(_entries(archive, "")):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, content)
    return buffer.getvalue()


def sha256_of(packed: bytes) -> str:
    """Return the SHA-256 in Base64, as Lambda does."""
    return base64.b64encode(hashlib.sha256(packed).digest()).decode()


def _entries(value: Plain, prefix: str) -> Iterator[tuple[str, bytes]]:
    if isinstance(value, pulumi.AssetArchive):
        for name, inner in value.assets.items():
            yield from _entries(inner, f"{prefix}/{name}" if prefix else name)
    elif isinstance(value, pulumi.FileArchive):
        yield from _files(Path(value.path), prefix)
    elif isinstance(value, pulumi.FileAsset):
        yield prefix, Path(value.path).read_bytes()
    elif isinstance(value, pulumi.StringAsset):
        yield prefix, value.text.encode()
    else:
        raise TypeError(f"{type(value).__name__} cannot be packed on this machine")


def _files(path: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    start = f"{prefix}/" if prefix else ""
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_file():
                yield start + file.relative_to(path).as_posix(), file.read_bytes()
        return
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            if not name.endswith("/"):
                yield start + name, packed.read(name)
