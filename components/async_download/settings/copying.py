"""The functions that copy files."""

from dataclasses import dataclass
from typing import Self

from async_download.settings.checks import InvalidSetting
from async_download.settings.retention import DAY_SECONDS
from async_download.settings.setting import Group, number


@dataclass(frozen=True)
class Copying(Group):
    """Size and number of the functions that copy files, and reuse of copies."""

    memory_mb: int = number(1024, 256, 10_240, "Memory of a copying function in MB. Its bandwidth grows with it.")
    concurrency: int = number(
        8, 1, 1_000, "Functions that copy slices of one large file at once. Each requests 4 ranges at once."
    )
    reserved_concurrency: int = number(
        0, 1, 10_000, "Reserved concurrency of the function that copies whole files.", zero="none"
    )
    slice_reserved_concurrency: int = number(
        0, 1, 10_000, "Reserved concurrency of the function that copies slices, at least `concurrency`.", zero="none"
    )
    slice_threshold_mb: int = number(
        256,
        64,  # below it a second function costs more than it saves
        60_000,
        "Size in MB above which a file is copied in slices, if its origin serves ranges.",
        zero="never",
    )
    reuse_seconds: int = number(
        0, 60, 30 * DAY_SECONDS, "Seconds that a copy serves other requests for the same version.", zero="never"
    )

    def validated(self, path: str) -> Self:
        """Refuse fewer reserved executions for slices than one file uses."""
        if 0 < self.slice_reserved_concurrency < self.concurrency:
            allowed = f"0 for none, or the {self.concurrency} of {path}.concurrency or more"
            raise InvalidSetting(f"{path}.slice_reserved_concurrency", self.slice_reserved_concurrency, allowed)
        return self
