"""The tree of errors; catch `AsyncDownloadError` for all of them.

    AsyncDownloadError
    ├── RefusedError              the API refused: wrong path, origin, ticket or credentials
    │   └── LinkRefusedError      S3 refused the URL, and a new one too
    ├── DownloadFailedError       the stack could not get the file from its origin
    │   └── DownloadCancelledError
    ├── WaitTimeoutError          the file was not ready within the caller's time-out
    ├── CorruptError              the bytes are not those that were announced
    │   ├── SizeMismatchError
    │   ├── ChecksumMismatchError
    │   └── ObjectChangedError    the object in S3 was replaced while it was downloaded
    ├── NetworkError              no connection, or it broke, in spite of retries
    │   ├── UnavailableError      the server answered with 429 or 5xx, in spite of retries
    │   │   └── TooManyDownloadsError  the caller has as many running downloads as the stack allows
    │   └── ProtocolError         a response that no async-download stack sends
    ├── FileError                 the target cannot be written
    ├── ProxyError                the proxy in the environment cannot be used
    ├── CredentialsError          no usable credentials
    │   └── InsecureUrlError      credentials, a ticket or a signed URL would travel in plain text
    └── StoppedError              the caller stopped the call

No message holds a ticket, a pre-signed URL or a control character.
"""

from __future__ import annotations

from async_download_client.text import printable


class AsyncDownloadError(Exception):
    """The base of all errors; `code` is for programs, the message for people."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(printable(message))
        self.code = printable(code)


class RefusedError(AsyncDownloadError):
    """The API refused a call; `status` is the HTTP status, `code` that in the response, or `HTTP_<status>`."""

    def __init__(self, message: str, code: str, status: int) -> None:
        super().__init__(message, code)
        self.status = status


class LinkRefusedError(RefusedError):
    """S3 refused the URL, and a new one too."""

    def __init__(self, status: int) -> None:
        super().__init__(f"S3 refused the download (HTTP {status}), also with a new URL.", "LINK_REFUSED", status)


class DownloadFailedError(AsyncDownloadError):
    """The stack could not get the file; `code` is one of the failure codes in docs/architecture.md."""


class DownloadCancelledError(DownloadFailedError):
    """A client with a ticket cancelled the download."""

    def __init__(self) -> None:
        super().__init__("The download was cancelled.", "CANCELLED")


class WaitTimeoutError(AsyncDownloadError):
    """The file was not ready in time; the stack continues to copy it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The file was not ready after {seconds:.0f} s.", "WAIT_TIMEOUT")


class CorruptError(AsyncDownloadError):
    """The received bytes are not those that were announced."""


class SizeMismatchError(CorruptError):
    """The file has another size than announced."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"{expected:,} bytes were announced, {actual:,} were received.", "SIZE_MISMATCH")
        self.expected, self.actual = expected, actual


class ChecksumMismatchError(CorruptError):
    """The file has another checksum than announced."""

    def __init__(self, algorithm: str, expected: str, actual: str) -> None:
        super().__init__(f"The {algorithm} should be {expected} but is {actual}.", "CHECKSUM_MISMATCH")
        self.algorithm, self.expected, self.actual = algorithm, expected, actual


class ObjectChangedError(CorruptError):
    """The object in S3 was replaced while it was downloaded."""

    def __init__(self) -> None:
        super().__init__("The file changed while it was downloaded; request it again.", "OBJECT_CHANGED")


class NetworkError(AsyncDownloadError):
    """No connection, or it broke, in spite of retries; `is_final` says that a retry is useless."""

    def __init__(self, message: str, code: str = "NETWORK", *, is_final: bool = False) -> None:
        super().__init__(message, code)
        self.is_final = is_final


class UnavailableError(NetworkError):
    """The server answered with 429 or 5xx, in spite of retries; `retry_after` is in seconds, 0 if it was absent."""

    def __init__(self, host: str, status: int, retry_after: float = 0.0, message: str = "") -> None:
        super().__init__(message or f"{host} answered HTTP {status}.", "UNAVAILABLE")
        self.status = status
        self.retry_after = retry_after


class TooManyDownloadsError(UnavailableError):
    """The caller has as many running downloads as the stack allows; the message says what to do."""

    def __init__(self, host: str, message: str, retry_after: float) -> None:
        super().__init__(host, 429, retry_after, message)
        self.code = "TOO_MANY_DOWNLOADS"


class ProtocolError(NetworkError):
    """A server sent a response that no async-download stack sends."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "PROTOCOL", is_final=True)


class ProxyError(AsyncDownloadError):
    """The proxy in the environment is malformed, of another kind than HTTP, or refuses its user and password."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "PROXY")


class FileError(AsyncDownloadError):
    """The target cannot be written."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "FILE")


class CredentialsError(AsyncDownloadError):
    """There are no usable credentials; no request was sent."""

    def __init__(self, message: str, code: str = "CREDENTIALS") -> None:
        super().__init__(message, code)


class InsecureUrlError(CredentialsError):
    """Credentials, a ticket or a signed URL would travel in plain text; no request was sent."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(
            f"{reason} Others on the network could read what is sent to {host}. Use https and wss, or allow plain text "
            "(--allow-http, allow_http=True) in a network that you trust.",
            "INSECURE_URL",
        )


class StoppedError(AsyncDownloadError):
    """The caller stopped the call; the received bytes are kept, and the next call resumes."""

    def __init__(self) -> None:
        super().__init__("Stopped.", "STOPPED_BY_CALLER")
