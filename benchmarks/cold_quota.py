"""The share of a processor that Lambda gives a function of some memory size, once it has started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

WHOLE_PROCESSOR_MB = 1769
PERIOD_US = 20_000
CGROUPS = Path("/sys/fs/cgroup")


def share(memory_mb: int) -> float:
    """Return the share of one processor: Lambda gives a whole one at 1,769 MB."""
    return min(1.0, memory_mb / WHOLE_PROCESSOR_MB)


@dataclass(frozen=True)
class Quota:
    """A control group that holds its processes to a share of a processor; the kernel has two versions of them."""

    folder: Path
    version: int

    def limit(self, pid: int, memory_mb: int) -> None:
        """Hold a process, with its threads, to the share of a memory size."""
        quota = max(1000, round(PERIOD_US * share(memory_mb)))
        if self.version == 1:
            (self.folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (self.folder / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (self.folder / "cpu.max").write_text(f"{quota} {PERIOD_US}")
        (self.folder / "cgroup.procs").write_text(str(pid))


@contextmanager
def quota(root: Path = CGROUPS) -> Iterator[Quota | None]:
    """Make a control group for the length of a benchmark; None where this process may not."""
    made = _version_1(root / "cpu") or _version_2(root)
    try:
        yield made
    finally:
        if made is not None:
            with suppress(OSError):  # a process that is about to end is still in it
                made.folder.rmdir()


def _version_1(root: Path) -> Quota | None:
    folder = root / f"bench-cold-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
    except OSError:
        with suppress(OSError):
            folder.rmdir()
        return None
    return Quota(folder, 1)


def _version_2(root: Path) -> Quota | None:
    folder = root / f"bench-cold-{os.getpid()}"
    try:
        if "cpu" not in (root / "cgroup.subtree_control").read_text().split():
            return None
        folder.mkdir()
        (folder / "cpu.max").write_text(f"{PERIOD_US} {PERIOD_US}")
    except OSError:
        with suppress(OSError):
            folder.rmdir()
        return None
    return Quota(folder, 2)
