"""Retry rules of the state machines: long while Lambda throttles, short for other errors.

Lambda refuses a call with `THROTTLED` when the account, or a reservation, has no execution left. The function has not
run then, so waiting costs one state transition per attempt and nothing else.
"""

from typing import Any

Rule = dict[str, Any]

THROTTLED = "Lambda.TooManyRequestsException"
SERVICE_ERRORS = ["Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"]
MAX_DELAY_SECONDS = 60
THROTTLED_ATTEMPTS = 1000
"""With a random delay from 0 to 60 s these take eight hours, and never less than seven; 3,000 events of a history."""
EXPRESS_DELAY_SECONDS = 8
EXPRESS_ATTEMPTS = 6
"""At most 31 s: what the five minutes of an Express execution leave beside two workers of a slice."""


def retry(errors: list[str], *, seconds: int, attempts: int, max_delay: int = 30) -> Rule:
    """Build a rule that waits `seconds`, doubles that up to `max_delay`, and takes a random share of it."""
    backoff = {"IntervalSeconds": seconds, "BackoffRate": 2, "MaxAttempts": attempts}
    return {"ErrorEquals": errors, **backoff, "MaxDelaySeconds": max_delay, "JitterStrategy": "FULL"}


def throttled_in_standard() -> Rule:
    """Build the rule of a task of a Standard execution for a throttled function."""
    return retry([THROTTLED], seconds=1, attempts=THROTTLED_ATTEMPTS, max_delay=MAX_DELAY_SECONDS)


def throttled_in_express() -> Rule:
    """Build the rule of a task of an Express execution for a throttled function."""
    return retry([THROTTLED], seconds=1, attempts=EXPRESS_ATTEMPTS, max_delay=EXPRESS_DELAY_SECONDS)


def of_task(throttled: Rule, *, attempts: int) -> list[Rule]:
    """Build all rules of a task; `attempts` bounds the retries of errors of the function itself."""
    return [
        throttled,
        retry(SERVICE_ERRORS, seconds=1, attempts=6),
        retry(["States.ALL"], seconds=1, attempts=attempts),
    ]
