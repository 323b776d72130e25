"""What things cost in millionths of a dollar (us-east-1, on demand), so that telling can be held against copying."""

from __future__ import annotations

MESSAGE = 1.0  # to one socket
ROW_WRITE = 0.625
S3_WRITE = 5.0  # a part, or a listing
WORKER_SECOND = 13.7  # 1 GB on arm64
MEGABYTE = 6.0  # of a copy: in parts of 8 MiB, and kept for a week
AROUND = 140.0  # what a download costs beside its copy: transitions, calls, rows
SHARE = 0.01  # of the copy that telling may cost


def of_copy(seconds: float, copied: int) -> float:
    """Of so many bytes, copied in so many seconds of a worker."""
    return AROUND + seconds * WORKER_SECOND + copied / 1e6 * MEGABYTE


def seconds_between(cost: float, workers: int) -> float:
    """How far apart things of that cost are, when they cost their share of so many workers."""
    return cost / (SHARE * workers * WORKER_SECOND)
