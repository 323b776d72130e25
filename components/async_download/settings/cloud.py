"""Differences of a cloud that is not AWS itself."""

import enum
from dataclasses import dataclass, replace
from typing import Self

from async_download.settings.setting import Group, choice, flag, text


class ExecutionType(enum.StrEnum):
    """Type of the executions that copy the slices of a large file, as in a Distributed Map's `ProcessorConfig`."""

    EXPRESS = "EXPRESS"
    """Cheap, and ended by Step Functions after five minutes. The choice on AWS."""

    STANDARD = "STANDARD"
    """Two state transitions for each slice. For clouds whose Distributed Map refuses the other."""


@dataclass(frozen=True)
class Cloud(Group):
    """Differences of a cloud that is not AWS, such as one on this machine."""

    execute_api_url: str = text(
        "",
        r"https?://[^/?#\s@]+(/[^?#\s]*)?",
        "an http or https URL",
        "Base URL of a cloud that serves its APIs as `{base}/{api}/{stage}`.",
        unset="a host for each API",
    )
    loopback_origins: bool = flag(
        False, "Whether origins may be on the loopback interface, for a cloud that runs on this machine."
    )
    slice_execution_type: ExecutionType = choice(
        ExecutionType.EXPRESS, "Type of the executions that copy slices; `STANDARD` costs more."
    )

    def validated(self, path: str) -> Self:  # noqa: ARG002  (the same for every group)
        """Return the settings with a URL that does not end with a slash."""
        return replace(self, execute_api_url=self.execute_api_url.rstrip("/"))
