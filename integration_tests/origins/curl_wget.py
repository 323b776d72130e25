"""curl and wget, given the same URL as the stack."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SECONDS = 15  # that a tool may take
OPTIONS = {
    "curl": ("-q", "-fsSL", "--noproxy", "*", "--max-time", str(SECONDS), "-o"),
    "wget": ("--no-config", "-q", "--no-proxy", "--tries=2", "--waitretry=1", f"--timeout={SECONDS}", "-O"),
}
DECODING = {"curl": "--compressed", "wget": "--compression=auto"}
CA_FILE = {"curl": "--cacert", "wget": "--ca-certificate"}


@dataclass(frozen=True)
class Fetched:
    """The end of a tool.

    Attributes:
        exit_code: None if it was still running after twice its time.
        is_right: whether its file has the bytes of the case's.
    """

    exit_code: int | None
    is_right: bool

    @property
    def has_file(self) -> bool:
        """Whether it ended well, with the right bytes."""
        return self.exit_code == 0 and self.is_right


def installed() -> tuple[str, ...]:
    """Return the tools that this machine has."""
    return tuple(name for name in OPTIONS if shutil.which(name))


def fetch(tool: str, url: str, file: bytes, folder: Path, *, ca_file: Path | None = None, decode: bool) -> Fetched:
    """Fetch a URL and compare what comes with the file."""
    output = folder / tool
    command = [tool, *OPTIONS[tool], str(output), *((CA_FILE[tool], str(ca_file)) if ca_file else ())]
    command += [DECODING[tool]] if decode else []
    try:
        ended = subprocess.run([*command, url], capture_output=True, timeout=2 * SECONDS + 5, check=False)
    except subprocess.TimeoutExpired:
        return Fetched(None, is_right=False)
    return Fetched(ended.returncode, output.exists() and output.read_bytes() == file)
