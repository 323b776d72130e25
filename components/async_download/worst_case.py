"""The most that callers can cost, in dollars, from the settings: for the warning of a stack that is open to everybody.

Prices of us-east-1 on demand. What clients fetch from S3 is not in it: $0.09 a GB each time, which no setting limits.
"""

from async_download.settings import Settings
from async_download.settings.retention import DAY_SECONDS

GB = 10**9
GB_SECOND = 0.0000133334  # of Lambda on arm64
STORED_GB = 0.023 / 30  # S3 Standard, for a day
PART = 5e-6  # of an upload
CALL = 3.75e-6  # of the REST API and its function
SMALL_DOWNLOAD = 0.00014  # its executions, functions and rows
WORKER_BYTES = 50e6  # that a worker copies in a second, at the best
MAX_PARTS = 10_000
ATTEMPTS = 3  # of a copy in slices
ACCOUNT_WORKERS = 1_000  # Lambda's concurrency in an account, unless AWS has raised it


def one_request(settings: Settings) -> float:
    """Return what one download costs at most: the largest file, from an origin so slow that time runs out."""
    seconds, workers = settings.retention.download_expires_seconds, settings.copying.concurrency
    stored = min(settings.limits.max_file_mb * 10**6, workers * WORKER_BYTES * seconds)
    parts = MAX_PARTS * ATTEMPTS * PART
    return _copying(settings, workers, seconds) + _keeping(settings, stored) + parts + SMALL_DOWNLOAD + CALL


def one_caller_a_day(settings: Settings) -> float:
    """Return what one caller costs in a day at most, who always has as many downloads running as are allowed."""
    running = settings.running_per_caller
    workers = min(running * settings.copying.concurrency, ACCOUNT_WORKERS) if running else ACCOUNT_WORKERS
    copied = workers * WORKER_BYTES * DAY_SECONDS
    if settings.limits.daily_mb_per_caller:  # what runs when the limit is reached is finished
        copied = min(copied, (settings.limits.daily_mb_per_caller + running * settings.limits.max_file_mb) * 10**6)
    return _day(settings, workers, copied)


def all_callers_a_day(settings: Settings) -> float:
    """Return what the stack costs in a day at most, with every worker of the account copying for it."""
    return _day(settings, ACCOUNT_WORKERS, ACCOUNT_WORKERS * WORKER_BYTES * DAY_SECONDS)


def _day(settings: Settings, workers: int, copied: float) -> float:
    calls = settings.api.throttle_rate * DAY_SECONDS * (CALL + SMALL_DOWNLOAD)
    return _copying(settings, workers, DAY_SECONDS) + _keeping(settings, copied) + calls


def _copying(settings: Settings, workers: int, seconds: int) -> float:
    return workers * seconds * settings.copying.memory_mb / 1000 * GB_SECOND


def _keeping(settings: Settings, size: float) -> float:
    return size / GB * STORED_GB * settings.retention.object_expiration_days
