"""The budget of progress messages: they cost at most a hundredth of the copy that they are about.

Prices are in millionths of a dollar (us-east-1, on demand).
"""

from __future__ import annotations

MESSAGE = 1.0  # to one socket
ROW_WRITE = 0.625
S3_WRITE = 5.0  # a part, or a listing
WORKER_SECOND = 13.7  # 1 GB on arm64
MEGABYTE = 6.0  # of a copy: in parts of 8 MiB, and kept for a week
DOWNLOAD = 140.0  # of a download without its copy: state transitions, calls, items
SHARE = 0.01  # of the copy's price
FIRST_SECONDS = 1.0
SEND_SECONDS = 3.0


def price_of_copy(seconds: float, copied: int) -> float:
    """Return the price of `copied` bytes that took a worker so many seconds."""
    return DOWNLOAD + seconds * WORKER_SECOND + copied / 1e6 * MEGABYTE


def price_of_update(connections: int) -> float:
    """Return the price of one update of the item and one message to each connection."""
    return ROW_WRITE + MESSAGE * connections


def allows(spent: float, seconds: float, copied: int) -> bool:
    """Return whether a copy by one worker has paid for what its messages cost, `spent`, so far."""
    return spent <= SHARE * price_of_copy(seconds, copied)


def slices_interval(size: int, connections: int, workers: int, *, is_first: bool, age: float) -> float:
    """Return the seconds between two messages about a copy in slices.

    Every 3 seconds while the share of the price of the file itself, which is known from the start, pays for it; later
    as rarely as the share of the running workers allows. The first message comes after a second, if it can be paid.

    Args:
        size: bytes of the file.
        connections: sockets that get each message.
        workers: how many copy at once.
        is_first: no message was sent yet.
        age: seconds since the download was requested.
    """
    price = S3_WRITE + price_of_update(connections)
    paid_by_file = SHARE * price_of_copy(0.0, size) // price
    if paid_by_file and is_first:
        return FIRST_SECONDS
    if age < paid_by_file * SEND_SECONDS:
        return SEND_SECONDS
    return price / (SHARE * workers * WORKER_SECOND)
