"""The largest size of a file that is copied."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.errors import FileTooLargeError


@dataclass(frozen=True)
class SizeLimit:
    """The largest size, in bytes, that is copied, and the reason why a larger file is refused."""

    bytes: int
    reason: str

    def check(self, size: int) -> None:
        """Compare a size in bytes with the limit.

        Raises:
            FileTooLargeError: it is larger.
        """
        if size > self.bytes:
            raise FileTooLargeError(self.reason)
