"""The last way to copy a file: one GET without Range and without a condition, from the beginning.

It is taken once, when ranges, validators or conditions cannot be used, and kept for all further attempts.
"""

from __future__ import annotations

from runtime import log, steps
from runtime.errors import (
    OriginPreparingError,
    OriginRangeFailedError,
    Retry,
    StoppedError,
    TransferError,
    fault_of,
)
from runtime.logic.origin.retries import Retries
from runtime.models import Failure


def prepare_next(error: TransferError, retries: Retries, range_failure: Failure | None) -> Failure | None:
    """Prepare the attempt after a failed one: wait, or turn to plain GETs.

    Return why the next attempt has to go without ranges, or None if it may use them. `range_failure` is that of the
    failed attempt.

    Raises:
        TransferError: no further attempt may succeed. Its message also has the failure of the ranges.
    """
    if range_failure is not None:
        _spend_plain(error, retries, range_failure)
        return range_failure
    if error.retry is Retry.NEVER:
        raise error
    if error.retry is not Retry.PLAIN:
        try:
            retries.spend(error, restart=True)
            return None
        except OriginRangeFailedError:
            if error.retry_after is not None:
                raise
    log.write(steps.WITHOUT_RANGES, code=error.code, fault=fault_of(error.code), reason=str(error))
    return Failure(error.code, str(error))


def _spend_plain(error: TransferError, retries: Retries, range_failure: Failure) -> None:
    reason = range_failure.message
    is_failure = not isinstance(error, StoppedError | OriginPreparingError)
    if is_failure and not reason.startswith(str(error).rstrip(".")):
        error.args = (f"{error} Ranges were not used: {reason}",)
    if error.retry in (Retry.NEVER, Retry.PLAIN):
        raise error
    retries.spend(error, restart=True)
