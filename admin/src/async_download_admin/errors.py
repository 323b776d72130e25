"""The tree of errors. Each message is a sentence that says what to do; no message holds a secret.

AdminError
├── OutputsError            the stack's outputs cannot be read
├── CredentialsError        no usable AWS credentials
├── PermissionMissingError  an IAM permission is missing; the message names it and the command
├── WrongStackError         the outputs, or the id of a download, are of another stack, account or region
├── EndpointError           a service of AWS does not answer
├── AwsCallError            AWS refused a call for another reason; `aws_code` is its code
├── DownloadError           there is no such download, or it has ended
└── WaitTimeoutError        executions still run
"""

from __future__ import annotations

from async_download_client.text import printable

from async_download_admin.masking import mask


class AdminError(Exception):
    """The base of all errors; `code` is for programs, the message for people."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(printable(mask(message)))
        self.code = code


class OutputsError(AdminError):
    """The stack's outputs cannot be read."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "OUTPUTS")


class CredentialsError(AdminError):
    """There are no usable AWS credentials."""

    def __init__(self, message: str, code: str = "CREDENTIALS") -> None:
        super().__init__(message, code)


class PermissionMissingError(AdminError):
    """An IAM permission is missing: `action`."""

    def __init__(self, message: str, action: str) -> None:
        super().__init__(message, "PERMISSION_MISSING")
        self.action = action


class WrongStackError(AdminError):
    """The outputs or the id are of another stack, account or region."""

    def __init__(self, message: str, code: str = "WRONG_STACK") -> None:
        super().__init__(message, code)


class EndpointError(AdminError):
    """A service does not answer."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "NO_ANSWER")


class AwsCallError(AdminError):
    """AWS refused a call; `aws_code` is the code of its error."""

    def __init__(self, message: str, aws_code: str) -> None:
        super().__init__(message, "AWS_ERROR")
        self.aws_code = aws_code


class DownloadError(AdminError):
    """There is no such download, or it has ended."""


class WaitTimeoutError(AdminError):
    """Executions still run."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "WAIT_TIMEOUT")
