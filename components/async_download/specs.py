"""The functions, as data: one per handler in `runtime/handlers`."""

from dataclasses import dataclass

API_SECONDS = 20  # API Gateway hangs up after 29 s: a function answers before
PUSH_SECONDS = 60
COPY_SECONDS = 900
SLICE_SECONDS = 150  # two workers, one after the other, fit in the five minutes of an Express execution
COMPLETE_SECONDS = 300
SMALL_MB = 256
PROMPT_MB = 512  # of functions that a client waits for: 20 ms less for each call, and $0.1 more for a million calls


@dataclass(frozen=True)
class AsyncCalls:
    """How long Lambda keeps an asynchronous call, and how often it runs a function again that failed.

    The retries of a failed call come after one and after two more minutes. A call that has reached its maximum age is
    not retried but goes to the dead-letter queue, so the age has to leave room for them.
    """

    max_age_seconds: int
    retries: int


@dataclass(frozen=True)
class FunctionSpec:
    """What a function is for and what it gets. One that copies gets the stack's `copying.memory_mb` and its network.

    `make bench-cold` shows what each memory size costs and saves.
    """

    description: str
    timeout: int = API_SECONDS
    copies: bool = False
    memory_mb: int = SMALL_MB
    asynchronous: AsyncCalls | None = None


FUNCTIONS = {
    "request_download": FunctionSpec(
        "Accepts a download: writes its row, starts its execution, hands out a ticket.", memory_mb=PROMPT_MB
    ),
    "get_download": FunctionSpec(
        "Tells how a download stands, with a fresh URL when it is ready.", memory_mb=PROMPT_MB
    ),
    "cancel_download": FunctionSpec("Cancels a download."),
    "connect": FunctionSpec(
        "Lets a socket in that has the download's ticket, and asks for a replay.", memory_mb=PROMPT_MB
    ),
    "disconnect": FunctionSpec("Forgets a socket."),
    "message": FunctionSpec("Answers what clients send: status, refresh, cancel, ping.", memory_mb=PROMPT_MB),
    "copy": FunctionSpec("Copies a file from its origin to the bucket and verifies it.", COPY_SECONDS, copies=True),
    "copy_slice": FunctionSpec("Copies one slice of a large file.", SLICE_SECONDS, copies=True),
    "complete": FunctionSpec("Makes one verified object of the slices of a large file.", COMPLETE_SECONDS),
    "deliver": FunctionSpec(
        "Tells the sockets of a download how it ended.",
        PUSH_SECONDS,
        memory_mb=PROMPT_MB,
        asynchronous=AsyncCalls(180, 1),  # a client that has waited longer asks for the status itself
    ),
    "close": FunctionSpec("Closes sockets that were told the end and are idle."),
    "fail": FunctionSpec(
        "Marks a download failed, removes its unfinished upload, tells its sockets.",
        PUSH_SECONDS,
        asynchronous=AsyncCalls(6 * 3600, 2),  # safe at any age, and throttled calls wait as long
    ),
}

PAGE = "web_page"
OPTIONAL = {PAGE: FunctionSpec("Serves the web page.")}
"""Functions that only some stacks have."""
SPECS = FUNCTIONS | OPTIONAL


def hyphenated(key: str) -> str:
    """`get_download` -> `get-download`, as resources are named."""
    return key.replace("_", "-")
