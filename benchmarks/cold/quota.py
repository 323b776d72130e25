"""Limits a process to the share of a processor that Lambda gives a function of its memory size."""

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
    """Return the share of one processor; Lambda gives a whole one at 1,769 MB."""
    return min(1.0, memory_mb / WHOLE_PROCESSOR_MB)


@dataclass(frozen=True)
class Quota:
    """A control group, of the kernel's version 1 or 2, that limits its processes to a share of a processor."""

    folder: Path
    version: int

    def limit(self, pid: int, memory_mb: int) -> None:
        """Limit a process, with its threads, to the share of a memory size."""
        quota = max(1000, round(PERIOD_US * share(memory_mb)))
        if self.version == 1:
            (self.folder / "cpu.cfs_period_us").write_text(str(PERIOD_US), encoding="utf-8")
            (self.folder / "cpu.cfs_quota_us").write_text(str(quota), encoding="utf-8")
        else:
            (self.folder / "cpu.max").write_text(f"{quota} {PERIOD_US}", encoding="utf-8")
        (self.folder / "cgroup.procs").write_text(str(pid), encoding="utf-8")


@contextmanager
def processor_quota(root: Path = CGROUPS) -> Iterator[Quota | None]:
    """Create a control group for the length of a benchmark; yields None where this process may not."""
    quota = _version_1(root / "cpu") or _version_2(root)
    try:
        yield quota
    finally:
        if quota is not None:
            with suppress(OSError):  # a process that is ending is still in the group
                quota.folder.rmdir()


def _version_1(root: Path) -> Quota | None:
    return _group(root, 1, "cpu.cfs_period_us", str(PERIOD_US))


def _version_2(root: Path) -> Quota | None:
    try:
        controllers = (root / "cgroup.subtree_control").read_text(encoding="utf-8").split()
    except OSError:
        return None
    return _group(root, 2, "cpu.max", f"{PERIOD_US} {PERIOD_US}") if "cpu" in controllers else None


def _group(root: Path, version: int, file: str, text: str) -> Quota | None:
    folder = root / f"bench-cold-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / file).write_text(text, encoding="utf-8")
    except OSError:
        with suppress(OSError):
            folder.rmdir()
        return None
    return Quota(folder, version)
