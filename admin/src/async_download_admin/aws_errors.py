"""Translates errors of botocore into sentences."""

from __future__ import annotations

from urllib.parse import urlsplit

from botocore import exceptions
from botocore.exceptions import ClientError

from async_download_admin.errors import (
    AdminError,
    AwsCallError,
    CredentialsError,
    EndpointError,
    PermissionMissingError,
    WrongStackError,
)
from async_download_admin.permissions import action_of

_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
_INVALID = (
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
_DENIED = ("403", "AccessDenied", "AccessDeniedException", "ForbiddenException", "UnauthorizedOperation")
_MISSING = (
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchBucket",
    "NotFoundException",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
    "StateMachineDoesNotExist",
)
_OTHER_REGION = ("301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect")
_NO_CREDENTIALS = (
    exceptions.CredentialRetrievalError,
    exceptions.NoAuthTokenError,
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.ProfileNotFound,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
)
_NO_ANSWER = (exceptions.ConnectionError, exceptions.HTTPClientError)


def translate(error: Exception, service: str, operation: str, command: str) -> AdminError:
    """Return the error of a call that `command` made."""
    if isinstance(error, ClientError):
        return _refusal(error, service, operation, command)
    if isinstance(error, _NO_CREDENTIALS):
        text = str(error).rstrip(".")
        return CredentialsError(
            f"No AWS credentials: {text}. Set AWS_PROFILE or --profile, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or log in (`aws sso login`)."
        )
    if isinstance(error, _NO_ANSWER):
        host = (
            urlsplit(str(getattr(error, "kwargs", {}).get("endpoint_url", ""))).netloc or f"the endpoint of {service}"
        )
        return EndpointError(
            f"{host} does not answer ({type(error).__name__}). Check the network, the proxy, and --endpoint-url or "
            "AWS_ENDPOINT_URL; for `make local`, that it still runs."
        )
    if isinstance(error, exceptions.ParamValidationError):
        return AwsCallError(f"An output of the stack is not valid for {service} {operation}.", "ParamValidation")
    return AwsCallError(f"{service} {operation} failed: {type(error).__name__}.", type(error).__name__)


def _refusal(error: ClientError, service: str, operation: str, command: str) -> AdminError:
    details = error.response.get("Error", {})
    code, text = str(details.get("Code", "")), str(details.get("Message", "")).strip().rstrip(".")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code in _EXPIRED:
        return CredentialsError(
            "The AWS credentials have expired: log in again (`aws sso login`), or get new ones.", "CREDENTIALS_EXPIRED"
        )
    if code in _INVALID:
        return CredentialsError(
            f"AWS does not accept the credentials ({code}): check the profile, the keys, and the clock of this machine."
        )
    if code in _DENIED or (status == 403 and not code):
        action = action_of(service, operation)
        reason = f" AWS says: {text}." if text and text != "Forbidden" else ""
        return PermissionMissingError(
            f"`{command}` needs the IAM permission {action}.{reason} `async-download-admin policy {command}` prints "
            "the policy that it needs.",
            action,
        )
    if code in _OTHER_REGION:
        return WrongStackError(f"{service} {operation}: the resource is in another region ({text}).", "WRONG_REGION")
    if code in _MISSING:
        return WrongStackError(
            f"{service} {operation}: a resource of the outputs does not exist ({text or code}). Is the stack deployed, "
            "and are these its latest outputs?"
        )
    return AwsCallError(f"{service} {operation} failed: {code or status}{f': {text}' if text else ''}.", code)
