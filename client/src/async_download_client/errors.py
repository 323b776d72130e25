"""What can go wrong, as a tree; `AsyncDownloadError` catches all of it.

    AsyncDownloadError
    ├── RefusedError              the API said no: wrong path, origin, ticket or credentials
    │   └── LinkRefusedError      S3 refused the URL, and a fresh one too
    ├── DownloadFailedError       the stack could not get the file from its origin
    │   └── DownloadCancelledError
    ├── WaitTimeoutError          the file was not ready in the time that the caller allowed
    ├── CorruptError              what came is not what was promised
    │   ├── SizeMismatchError
    │   ├── ChecksumMismatchError
    │   └── ObjectChangedError    the object in S3 was replaced while it was downloaded
    ├── NetworkError              no connection, or it broke, in spite of retries
    │   ├── UnavailableError      the server answered with 429 or 5xx, in spite of retries
    │   │   └── TooManyDownloadsError  as many downloads of the caller run as the stack allows
    │   └── ProtocolError         an answer that no async-download stack gives
    ├── FileError                 the target cannot be written
    ├── CredentialsError          nothing to sign or identify oneself with
    │   └── InsecureUrlError      credentials, a ticket or a signed URL would travel in plain text
    └── StoppedError              the caller stopped it

No message holds a ticket, a pre-signed URL or a character that a terminal obeys.
"""

from __future__ import annotations

from async_download_client.text import printable

__all__ = [
    "AsyncDownloadError",
    "ChecksumMismatchError",
    "CorruptError",
    "CredentialsError",
    "DownloadCancelledError",
    "DownloadFailedError",
    "FileError",
    "InsecureUrlError",
    "LinkRefusedError",
    "NetworkError",
    "ObjectChangedError",
    "ProtocolError",
    "RefusedError",
    "SizeMismatchError",
    "StoppedError",
    "TooManyDownloadsError",
    "UnavailableError",
    "WaitTimeoutError",
]


class AsyncDownloadError(Exception):
    """The base of all; `code` is for programs, the text for people."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(printable(message))
        self.code = printable(code)


class RefusedError(AsyncDownloadError):
    """The API said no; `status` is the HTTP status, `code` the API's own where it gave one."""

    def __init__(self, message: str, code: str, status: int) -> None:
        super().__init__(message, code)
        self.status = status


class LinkRefusedError(RefusedError):
    """S3 refused the URL, and a fresh one too."""

    def __init__(self, status: int) -> None:
        super().__init__(f"S3 refused the download (HTTP {status}), also with a fresh URL.", "LINK_REFUSED", status)


class DownloadFailedError(AsyncDownloadError):
    """The stack could not get the file; `code` is one of the failure codes in its documentation."""


class DownloadCancelledError(DownloadFailedError):
    """Somebody with a ticket cancelled the download."""

    def __init__(self) -> None:
        super().__init__("The download was cancelled.", "CANCELLED")


class WaitTimeoutError(AsyncDownloadError):
    """The file was not ready in time; the stack goes on preparing it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The file was not ready after {seconds:.0f} s.", "WAIT_TIMEOUT")


class CorruptError(AsyncDownloadError):
    """What came is not what was promised."""


class SizeMismatchError(CorruptError):
    """Another number of bytes than announced."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"{expected:,} bytes were announced, {actual:,} came.", "SIZE_MISMATCH")
        self.expected, self.actual = expected, actual


class ChecksumMismatchError(CorruptError):
    """Another checksum than announced."""

    def __init__(self, algorithm: str, expected: str, actual: str) -> None:
        super().__init__(f"The {algorithm} should be {expected} but is {actual}.", "CHECKSUM_MISMATCH")
        self.algorithm, self.expected, self.actual = algorithm, expected, actual


class ObjectChangedError(CorruptError):
    """The object in S3 was replaced while it was downloaded."""

    def __init__(self) -> None:
        super().__init__("The file changed while it was downloaded; ask for it again.", "OBJECT_CHANGED")


class NetworkError(AsyncDownloadError):
    """No connection, or it broke, in spite of retries."""

    def __init__(self, message: str, code: str = "NETWORK") -> None:
        super().__init__(message, code)


class UnavailableError(NetworkError):
    """The server answered with 429 or 5xx, in spite of retries; `retry_after` is in seconds, 0 if it did not say."""

    def __init__(self, host: str, status: int, retry_after: float = 0.0, message: str = "") -> None:
        super().__init__(message or f"{host} answered HTTP {status}.", "UNAVAILABLE")
        self.status = status
        self.retry_after = retry_after


class TooManyDownloadsError(UnavailableError):
    """As many downloads of the caller run as the stack allows, in spite of retries; the message says what to do."""

    def __init__(self, host: str, message: str, retry_after: float) -> None:
        super().__init__(host, 429, retry_after, message)
        self.code = "TOO_MANY_DOWNLOADS"


class ProtocolError(NetworkError):
    """An answer that no async-download stack gives."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "PROTOCOL")


class FileError(AsyncDownloadError):
    """The target cannot be written."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "FILE")


class CredentialsError(AsyncDownloadError):
    """Nothing to sign or identify oneself with; nothing was sent."""

    def __init__(self, message: str, code: str = "CREDENTIALS") -> None:
        super().__init__(message, code)


class InsecureUrlError(CredentialsError):
    """Credentials, a ticket or a signed URL would travel in plain text; nothing was sent."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(
            f"{reason} Everybody between here and {host} could read it. Use https and wss, or allow plain text "
            "(--allow-http, allow_http=True) in a network that you trust.",
            "INSECURE_URL",
        )


class StoppedError(AsyncDownloadError):
    """The caller stopped it; what came so far is kept, and a later try goes on from there."""

    def __init__(self) -> None:
        super().__init__("Stopped.", "STOPPED_BY_CALLER")
