"""The packages that a release publishes, and the repository that it comes from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]


class ReleaseError(Exception):
    """The release cannot be made; the message says why and what to do."""


@dataclass(frozen=True)
class Package:
    """A published package.

    `wheel_folders` are pairs: a folder of the repository, and the folder of the wheel that has its files. `other_files`
    are the files of the package's own folder that its source distribution has besides them.
    """

    name: str
    folder: str
    wheel_folders: tuple[tuple[str, str], ...]
    other_files: tuple[str, ...] = ("LICENSE", "README.md", "pyproject.toml")

    @property
    def file_name(self) -> str:
        """The name as it stands in names of files."""
        return self.name.replace("-", "_")

    def settings(self, top: Path = TOP) -> dict[str, Any]:
        """Return the `project` table of pyproject.toml."""
        text = (top / self.folder / "pyproject.toml").read_text(encoding="utf-8")
        project: dict[str, Any] = tomllib.loads(text)["project"]
        return project

    def version(self, top: Path = TOP) -> str:
        """Return the version in pyproject.toml."""
        return str(self.settings(top)["version"])

    def files(self, top: Path = TOP) -> dict[str, Path]:
        """Return each file that the wheel must have besides its metadata, with its source."""
        return {
            f"{target}/{path.relative_to(top / folder).as_posix()}": path
            for folder, target in self.wheel_folders
            for path in (top / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }


COMPONENT = Package(
    "async-download",
    ".",
    (
        ("components/async_download", "async_download"),
        ("runtime", "async_download/_runtime"),
        ("client/web", "async_download/_web"),
    ),
    ("LICENSE", "README.md", "pyproject.toml", "CHANGELOG.md"),
)
CLIENT = Package(
    "async-download-client",
    "client",
    tuple((f"client/src/{name}", name) for name in ("async_download_client", "async_download_command")),
)
ADMIN = Package("async-download-admin", "admin", (("admin/src/async_download_admin", "async_download_admin"),))
PACKAGES = (COMPONENT, CLIENT, ADMIN)


def repository_url(top: Path = TOP) -> str | None:
    """Return the URL of the repository in pyproject.toml, without a slash at its end, or None."""
    url = COMPONENT.settings(top).get("urls", {}).get("Repository")
    return str(url).rstrip("/") if url else None


def publisher(top: Path = TOP) -> str | None:
    """Return the name of the first author in pyproject.toml, or None."""
    authors = COMPONENT.settings(top).get("authors", [])
    return str(authors[0]["name"]) if authors else None
