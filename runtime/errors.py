"""The exceptions of the runtime, and the map from an exception to the answer of a request.

AsyncDownloadError
├── ConfigError                    an environment variable is missing or wrong
├── RequestError                   the caller can correct it; has a status and a code
│   ├── InvalidRequestError            400 INVALID_REQUEST
│   ├── InvalidPathError               400 INVALID_PATH
│   ├── UnknownOriginError             400 UNKNOWN_ORIGIN
│   ├── UnknownActionError             400 UNKNOWN_ACTION
│   ├── TicketRequiredError            401 TICKET_REQUIRED
│   ├── TicketRefusedError             403 TICKET_REFUSED
│   ├── DownloadNotFoundError          404 DOWNLOAD_NOT_FOUND
│   ├── DownloadFinishedError          409 DOWNLOAD_FINISHED
│   ├── IdempotencyKeyReusedError      422 IDEMPOTENCY_KEY_REUSED
│   ├── RequestTooLargeError             422 FILE_TOO_LARGE
│   ├── TooManyConnectionsError        429 TOO_MANY_CONNECTIONS
│   ├── TooManyDownloadsError          429 TOO_MANY_DOWNLOADS
│   └── DailyLimitError                429 DAILY_LIMIT_REACHED
├── TransferError                  the copy failed; has a code and says whether another attempt may succeed
│   ├── OriginNotFoundError            ORIGIN_NOT_FOUND
│   ├── OriginRefusedError             ORIGIN_REFUSED
│   ├── OriginError                    ORIGIN_ERROR
│   │   ├── OriginRangeError               ORIGIN_ERROR, a GET without Range may succeed
│   │   ├── OriginPreparingError           ORIGIN_ERROR, the origin asks to be requested again later
│   │   └── OriginBusyError                ORIGIN_ERROR, another attempt may succeed
│   │       └── OriginRangeFailedError         ORIGIN_ERROR, 500 to a range: at last a GET without Range may succeed
│   ├── OriginUnreachableError         ORIGIN_UNREACHABLE
│   ├── OriginTimeoutError             ORIGIN_TIMEOUT
│   │   └── OriginStalledError             ORIGIN_TIMEOUT, another attempt may succeed
│   ├── OriginTlsError                 ORIGIN_TLS
│   ├── OriginTruncatedError           ORIGIN_TRUNCATED
│   ├── OriginChangedError             ORIGIN_CHANGED
│   ├── OriginAddressRefusedError      ORIGIN_ADDRESS_REFUSED
│   ├── FileTooLargeError              FILE_TOO_LARGE
│   ├── SizeMismatchError              SIZE_MISMATCH
│   ├── ChecksumMismatchError          CHECKSUM_MISMATCH
│   ├── StoredObjectError              STORAGE_ERROR, the stored object differs from the sent bytes
│   ├── TimedOutError                  TIMED_OUT
│   └── StoppedError                   STOPPED
├── ServiceError                   an AWS call failed; names the call and the code, never a URL
│   ├── StorageError                   ... of S3: raised by the worker, so that the state machine retries
│   │   └── UploadConflictError            ... another request was writing the key (409)
│   ├── ObjectExistsError              ... the key is taken (412)
│   ├── UploadGoneError                ... the multipart upload is not there any more
│   ├── TransientServiceError          ... throttled, a server error or no answer: another attempt may succeed
│   └── InvalidPartError               ... a part was stored again after it was listed
├── NewerItemError                 an item has a later schema version than this release reads
├── ExecutionExistsError           an execution of that name has been started before
├── PushesGivenUpError             no socket could be reached for now: the whole delivery should be repeated
└── ConnectionGoneError            the socket is closed, or not open yet (410)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType

from runtime.models import Target


class AsyncDownloadError(Exception):
    """Base of every failure of the runtime."""


class ConfigError(AsyncDownloadError):
    """An environment variable is missing or wrong."""


class RequestError(AsyncDownloadError):
    """An error that the caller can correct: answered with its status, code and message.

    `retry_after` is the seconds after which the same request may succeed, None if it never will.
    """

    status = 400
    code = "INVALID_REQUEST"
    retry_after: int | None = None


class InvalidRequestError(RequestError):
    """A parameter is missing or malformed."""


class InvalidPathError(RequestError):
    """The path could leave the origin's base, or is malformed."""

    code = "INVALID_PATH"


class UnknownOriginError(RequestError):
    """No origin of that name is configured."""

    code = "UNKNOWN_ORIGIN"


class UnknownActionError(RequestError):
    """A client's message names an unknown action."""

    code = "UNKNOWN_ACTION"


class TicketRequiredError(RequestError):
    """The request has no ticket."""

    status, code = 401, "TICKET_REQUIRED"

    def __init__(self) -> None:
        super().__init__(
            "Send the ticket of the download in the header X-Download-Ticket; a WebSocket also takes it as ?ticket=."
        )


class TicketRefusedError(RequestError):
    """The ticket does not open this download, or there is no such download: the answer is the same."""

    status, code = 403, "TICKET_REFUSED"

    def __init__(self) -> None:
        super().__init__("The ticket does not open this download. Request the download again for a fresh one.")


class DownloadNotFoundError(RequestError):
    """The download has expired, or is gone since its ticket was checked."""

    status, code = 404, "DOWNLOAD_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such download, or it has expired. Request it again.")


class DownloadFinishedError(RequestError):
    """A finished download cannot be cancelled."""

    status, code = 409, "DOWNLOAD_FINISHED"

    def __init__(self) -> None:
        super().__init__("The download has finished already; there is nothing to cancel.")


class IdempotencyKeyReusedError(RequestError):
    """The same Idempotency-Key came with another body."""

    status, code = 422, "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key came with another request before. Use a fresh key per request.")


class RequestTooLargeError(RequestError):
    """No copy of a file of the size that the client expects can succeed."""

    status, code = 422, "FILE_TOO_LARGE"


class TooManyConnectionsError(RequestError):
    """The download has as many live connections as it may have."""

    status, code = 429, "TOO_MANY_CONNECTIONS"

    def __init__(self) -> None:
        super().__init__("The download has as many connections as it may have. Close one first.")


class TooManyDownloadsError(RequestError):
    """The caller has reached its limit of running downloads."""

    status, code = 429, "TOO_MANY_DOWNLOADS"
    retry_after = 5

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"You have as many downloads running as one caller may have: {limit}. "
            "Wait until one of them has ended, or cancel one, and send the request again."
        )


class DailyLimitError(RequestError):
    """The caller has reached its limit of bytes for today."""

    status, code = 429, "DAILY_LIMIT_REACHED"

    def __init__(self, limit: int, *, retry_after: int) -> None:
        super().__init__(
            f"{limit} bytes were copied for you today, as many as one caller may have. "
            "The day ends at midnight UTC; send the request again after that."
        )
        self.retry_after = retry_after


class Retry(Enum):
    """The kind of another attempt that may succeed."""

    NEVER = "never"
    RESUME = "from the byte that was reached, or else from the start"
    PLAIN = "from the start, without Range and without a condition"


class TransferError(AsyncDownloadError):
    """A failed copy: `code` and message are for the client, `retry` is for the worker."""

    code = "TRANSFER_FAILED"
    retry = Retry.NEVER

    def __init__(self, message: str, *, retry_after: float | None = None, retry: Retry | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.retry = retry or type(self).retry


class OriginNotFoundError(TransferError):
    """The origin has no such file (404, 410)."""

    code = "ORIGIN_NOT_FOUND"


class OriginRefusedError(TransferError):
    """The origin refused the request (401, 403)."""

    code = "ORIGIN_REFUSED"


class OriginError(TransferError):
    """The origin's answer cannot be used."""

    code = "ORIGIN_ERROR"


class OriginRangeError(OriginError):
    """The origin's answer to a request for a range cannot be used."""

    retry = Retry.PLAIN


class OriginBusyError(OriginError):
    """The origin is overloaded or failing for now (408, 429, 5xx)."""

    retry = Retry.RESUME


class OriginRangeFailedError(OriginBusyError):
    """The origin answered 500 to a request for a range: it fails for now, or fails all such requests."""


class OriginPreparingError(OriginError):
    """The origin asks to be requested again later than a worker can wait: it prepares the file (202), or is overloaded.

    `target` is the URL to request then; None is that of the download's path.
    """

    def __init__(self, message: str, *, target: Target | None, retry_after: float | None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.target = target


class OriginUnreachableError(TransferError):
    """No connection to the origin, or it was lost before an answer."""

    code = "ORIGIN_UNREACHABLE"
    retry = Retry.RESUME


class OriginTimeoutError(TransferError):
    """The origin did not begin to answer in time."""

    code = "ORIGIN_TIMEOUT"


class OriginStalledError(OriginTimeoutError):
    """The origin stopped sending in the middle."""

    retry = Retry.RESUME


class OriginTlsError(TransferError):
    """TLS with the origin failed: certificate, name or protocol."""

    code = "ORIGIN_TLS"


class OriginTruncatedError(TransferError):
    """The origin sent fewer bytes than it announced."""

    code = "ORIGIN_TRUNCATED"
    retry = Retry.RESUME


class OriginChangedError(TransferError):
    """The origin's file changed while it was being read, or the origin refuses its own validator."""

    code = "ORIGIN_CHANGED"
    retry = Retry.PLAIN


class OriginAddressRefusedError(TransferError):
    """The origin, or a redirect, leads to an address or scheme that is not allowed."""

    code = "ORIGIN_ADDRESS_REFUSED"


class FileTooLargeError(TransferError):
    """The file is larger than the stack allows, or than can be copied."""

    code = "FILE_TOO_LARGE"


class SizeMismatchError(TransferError):
    """The file is not as large as the client expects."""

    code = "SIZE_MISMATCH"


class ChecksumMismatchError(TransferError):
    """The bytes are not those that the client expects."""

    code = "CHECKSUM_MISMATCH"


class StoredObjectError(TransferError):
    """The object in S3 differs from the sent bytes."""

    code = "STORAGE_ERROR"


class TimedOutError(TransferError):
    """The worker's time is over."""

    code = "TIMED_OUT"


class StoppedError(TransferError):
    """The download was cancelled or stopped while it was being copied."""

    code = "STOPPED"


class ServiceError(AsyncDownloadError):
    """A failed AWS call. It holds names only, and no URL of the SDK's message."""

    def __init__(self, operation: str, code: str) -> None:
        super().__init__(f"{operation}: {code}")
        self.operation = operation
        self.code = code


class StorageError(ServiceError):
    """A call to S3 failed."""


class UploadConflictError(StorageError):
    """Another request was writing the key: the sent parts are lost, and have to be sent again."""


class ObjectExistsError(ServiceError):
    """The key holds an object already."""


class UploadGoneError(ServiceError):
    """The multipart upload was completed or aborted before."""


class InvalidPartError(ServiceError):
    """A part differs from the listed one, because a late worker has stored it again."""


class TransientServiceError(ServiceError):
    """An AWS call was throttled (429), met a server error (5xx) or got no answer: another try may succeed."""


class NewerItemError(AsyncDownloadError):
    """A later release has written an item that this one cannot read: the stack was rolled back too far."""

    def __init__(self, version: int, known: int) -> None:
        super().__init__(f"An item has schema version {version}; this release reads versions up to {known}.")


class ExecutionExistsError(AsyncDownloadError):
    """An execution of that name has been started before."""


class PushesGivenUpError(AsyncDownloadError):
    """No socket could be reached in time, and another attempt may reach one."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} pushes were given up and none succeeded.")


class ConnectionGoneError(AsyncDownloadError):
    """The socket is closed, or its handshake has not ended yet."""


@dataclass(frozen=True)
class Problem:
    """The answer to a failed request: an HTTP status, a code, a sentence, and the seconds of `Retry-After`, if any."""

    status: int
    code: str
    message: str
    retry_after: int | None = None


THROTTLED = frozenset(
    {
        "ThrottlingException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)


class Fault(StrEnum):
    """The party that has to change something, so that the same error does not come again."""

    CLIENT = "client"
    """Who requested the file: the request is wrong, or the file is not there or not the expected one."""

    ORIGIN = "origin"
    """The server that the file is copied from."""

    SERVICE = "service"
    """A service of AWS."""

    INTERNAL = "internal"
    """This stack: its code, its settings, or its operator."""


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "CHECKSUM_MISMATCH": Fault.CLIENT,
        "DAILY_LIMIT_REACHED": Fault.CLIENT,
        "DOWNLOAD_FINISHED": Fault.CLIENT,
        "DOWNLOAD_NOT_FOUND": Fault.CLIENT,
        "FILE_TOO_LARGE": Fault.CLIENT,
        "IDEMPOTENCY_KEY_REUSED": Fault.CLIENT,
        "INTERNAL": Fault.INTERNAL,
        "INVALID_PATH": Fault.CLIENT,
        "INVALID_REQUEST": Fault.CLIENT,
        "ORIGIN_ADDRESS_REFUSED": Fault.ORIGIN,
        "ORIGIN_CHANGED": Fault.ORIGIN,
        "ORIGIN_ERROR": Fault.ORIGIN,
        "ORIGIN_NOT_FOUND": Fault.CLIENT,  # a wrong path is far more frequent than a lost file
        "ORIGIN_REFUSED": Fault.ORIGIN,
        "ORIGIN_TIMEOUT": Fault.ORIGIN,
        "ORIGIN_TLS": Fault.ORIGIN,
        "ORIGIN_TRUNCATED": Fault.ORIGIN,
        "ORIGIN_UNREACHABLE": Fault.ORIGIN,
        "SIZE_MISMATCH": Fault.CLIENT,
        "STOPPED": Fault.INTERNAL,  # by an operator: a client's cancel ends in CANCELLED
        "STORAGE_ERROR": Fault.SERVICE,
        "TICKET_REFUSED": Fault.CLIENT,
        "TICKET_REQUIRED": Fault.CLIENT,
        "TIMED_OUT": Fault.ORIGIN,  # workers wait for nothing else that long
        "TOO_MANY_CONNECTIONS": Fault.CLIENT,
        "TOO_MANY_DOWNLOADS": Fault.CLIENT,
        "TRANSFER_FAILED": Fault.INTERNAL,
        "UNAVAILABLE": Fault.SERVICE,
        "UNKNOWN_ACTION": Fault.CLIENT,
        "UNKNOWN_ORIGIN": Fault.CLIENT,
    }
)
"""The fault of each code that a client can get."""


def fault_of(code: str) -> Fault:
    """Return the fault of a code, which is ours if nobody else's."""
    return FAULTS.get(code, Fault.INTERNAL)


def fault_of_error(error: BaseException) -> Fault:
    """Return the fault of an exception."""
    if isinstance(error, RequestError | TransferError):
        return fault_of(error.code)
    return Fault.SERVICE if isinstance(error, ServiceError | PushesGivenUpError) else Fault.INTERNAL


def problem_of(error: BaseException) -> Problem:
    """Return the answer for an exception: it has only what the caller may know."""
    if isinstance(error, RequestError):
        return Problem(error.status, error.code, str(error), error.retry_after)
    if isinstance(error, ServiceError) and error.code in THROTTLED:
        return Problem(503, "UNAVAILABLE", "Too much at once; try again in a moment.", 1)
    if isinstance(error, NewerItemError):
        return Problem(503, "UNAVAILABLE", "A later release of this service has the download. Try again later.", 30)
    return Problem(500, "INTERNAL", "Something went wrong here, not with the request. Try again.")
