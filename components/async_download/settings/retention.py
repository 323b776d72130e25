"""Lifetimes of copies, downloads and URLs."""

from dataclasses import dataclass
from typing import Self

from async_download.settings.checks import InvalidSetting
from async_download.settings.setting import Group, number

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Retention(Group):
    """Lifetimes of copies, downloads and pre-signed URLs."""

    object_expiration_days: int = number(7, 1, 3650, "Days until a copy is deleted.")
    download_expires_seconds: int = number(
        DAY_SECONDS, 300, 30 * DAY_SECONDS, "Seconds that a download and its tickets are valid; less than a copy lasts."
    )
    url_expires_seconds: int = number(900, 60, 900, "Seconds that a pre-signed URL is valid.")

    @property
    def object_seconds(self) -> int:
        """Seconds until a copy is deleted."""
        return self.object_expiration_days * DAY_SECONDS

    def validated(self, path: str) -> Self:
        """Refuse downloads that outlast their copies."""
        if self.download_expires_seconds >= self.object_seconds:
            allowed = f"less than the {self.object_seconds} s of object_expiration_days, or a ticket outlives its file"
            raise InvalidSetting(f"{path}.download_expires_seconds", self.download_expires_seconds, allowed)
        return self
