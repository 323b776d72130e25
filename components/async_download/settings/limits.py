"""Limits of files and callers."""

from dataclasses import dataclass
from typing import Self

from async_download.settings.checks import InvalidSetting
from async_download.settings.setting import Group, number


@dataclass(frozen=True)
class Limits(Group):
    """Limits of one file and of one caller."""

    max_file_mb: int = number(1_000_000, 1, 53_000_000, "Size in MB of the largest file that is copied.")
    max_downloads_per_caller: int = number(
        100,
        1,
        500,  # their ids are one item, which each of them writes twice
        "Downloads of one caller that run at once, and at most half of `copying.reservedConcurrency`.",
        zero="no limit",
    )
    daily_mb_per_caller: int = number(
        0, 1, 1_000_000_000, "MB that are copied for one caller in a day (UTC).", zero="no limit"
    )

    def validated(self, path: str) -> Self:
        """Refuse a daily limit without the limit whose record it counts in."""
        if self.daily_mb_per_caller and not self.max_downloads_per_caller:
            allowed = "0 with max_downloads_per_caller 0, because bytes are counted per running download"
            raise InvalidSetting(f"{path}.daily_mb_per_caller", self.daily_mb_per_caller, allowed)
        return self
