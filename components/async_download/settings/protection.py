"""Protection of data against deletion."""

from dataclasses import dataclass
from typing import Self

from async_download.settings.checks import InvalidSetting
from async_download.settings.setting import Group, flag


@dataclass(frozen=True)
class Protection(Group):
    """Protection of data against deletion."""

    protect: bool = flag(
        False, "Whether bucket, tables and APIs can be deleted or replaced only after this is false again."
    )
    retain_on_delete: bool = flag(False, "Whether bucket and tables stay when the stack is destroyed.")
    force_destroy: bool = flag(False, "Whether destroying the stack also deletes the copies in its bucket.")
    point_in_time_recovery: bool = flag(False, "Whether the tables can be restored to any second of the last 35 days.")

    def validated(self, path: str) -> Self:
        """Refuse to delete what another setting keeps."""
        if self.force_destroy and (self.protect or self.retain_on_delete):
            allowed = "false with protect or retain_on_delete, which keep what it deletes"
            raise InvalidSetting(f"{path}.force_destroy", True, allowed)
        return self
