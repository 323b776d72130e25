"""The definition of a Lambda function: everything that distinguishes it from the others."""

from collections.abc import Callable
from dataclasses import dataclass

from async_download.resources import Resources
from async_download.settings import Settings
from async_download.statements import Statement

API_SECONDS = 20  # API Gateway gives up after 29 s: a function has to answer before
SMALL_MB = 256
LATENCY_MB = 512  # of functions that a client waits for: 20 ms less for each call, and $0.1 more for a million calls

Environment = dict[str, str]


@dataclass(frozen=True)
class AsyncCalls:
    """Time for which Lambda keeps an asynchronous call, and retries of a call that failed.

    The retries of a failed call come after one and after two more minutes. A call that has reached its maximum age is
    not retried but goes to the dead-letter queue, so the age has to leave room for them.
    """

    max_age_seconds: int
    retries: int


@dataclass(frozen=True)
class FunctionDefinition:
    """Description, limits, environment and policy of a Lambda function.

    `make bench-cold` shows what each memory size costs and saves.
    """

    description: str
    environment: Callable[[Resources], Environment]
    statements: Callable[[Resources], list[Statement]]
    timeout_seconds: int = API_SECONDS
    memory_mb: int = SMALL_MB
    reads_origins: bool = False
    """Whether the archive of the function holds the origins, as the file that `ORIGINS_FILE` names."""
    copies: bool = False
    """Whether the function copies from origins: it then gets `copying.memory_mb`, the VPC and the origins' secrets."""
    reserved_concurrency: Callable[[Settings], int] | None = None
    """Executions that are reserved for the function, which never has more; 0 or None shares those of the account."""
    async_calls: AsyncCalls | None = None
    publish: bool = False
    """Whether a state machine calls the function: each change is published as a version, which definitions name."""
