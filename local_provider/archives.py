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
    """Return the archive as a zip file, sorted and undated; raise TypeError if it has a remote part."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in sorted(_entries(archive)):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, content)
    return buffer.getvalue()


def sha256_of(packed: bytes) -> str:
    """Return the SHA-256 in Base64, as Lambda does."""
    return base64.b64encode(hashlib.sha256(packed).digest()).decode()


def _entries(value: Plain) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file; the name of an asset is empty, because its archive gives it one."""
    if isinstance(value, pulumi.AssetArchive):
        for name, inner in value.assets.items():
            yield from ((f"{name}/{path}" if path else name, content) for path, content in _entries(inner))
    elif isinstance(value, pulumi.FileArchive) and Path(value.path).is_dir():
        files = [file for file in Path(value.path).rglob("*") if file.is_file()]
        yield from ((file.relative_to(value.path).as_posix(), file.read_bytes()) for file in files)
    elif isinstance(value, pulumi.FileArchive):
        with zipfile.ZipFile(value.path) as packed:
            yield from ((name, packed.read(name)) for name in packed.namelist() if not name.endswith("/"))
    elif isinstance(value, pulumi.FileAsset):
        yield "", Path(value.path).read_bytes()
    elif isinstance(value, pulumi.StringAsset):
        yield "", value.text.encode()
    else:
        raise TypeError(f"{type(value).__name__} cannot be packed on this machine")
