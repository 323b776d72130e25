"""Find the access key that a request names, read so that the emulator cannot read another one.

The emulator takes a key from more places than it checks the signature of, and decides by which header came first. So
exactly three forms are read, each by itself: Signature Version 4 in the header and in the URL, and the URL that older
tools pre-sign for S3, Signature Version 2. Everything else that looks like credentials is an error: two of them, a name
in an unusual case.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_SCOPE: Final = r"(?P<key>\w{1,128})/\d{8}/[^/,\s]+/(?P<service>[^/,\s]+)/aws4_request"
_HEADER: Final = re.compile(
    rf"AWS4-HMAC-SHA256 +Credential={_SCOPE},\s*SignedHeaders=[^,\s]+,\s*Signature=[0-9A-Za-z]+", re.ASCII
)
_PARAMETER: Final = re.compile(_SCOPE, re.ASCII)
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_SIGNED: Final = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")
_SIGNED_V2: Final = ("AWSAccessKeyId", "Expires", "Signature")
_NAMING: Final = frozenset({"x-amz-algorithm", "x-amz-credential", "x-amz-signature", "awsaccesskeyid"})
"""A query string with one of these, in any case, carries credentials."""
_NAMES: Final = _NAMING | {name.lower() for name in (*_SIGNED, *_SIGNED_V2, "SignatureVersion", "SignatureMethod")}
_KEY_V2: Final = re.compile(r"\w{1,128}", re.ASCII)


class CredentialError(Exception):
    """The request has credentials in a form that is not supported."""


@dataclass(frozen=True)
class Credential:
    """The access key id that a request names, the service that it was signed for, and whether by its URL."""

    access_key_id: str
    service: str
    in_query: bool


def find_credential(authorization: Sequence[str], parameters: Sequence[tuple[str, str]]) -> Credential | None:
    """Find the credentials of a request; None when it has none of AWS.

    Args:
        authorization: every value of the header.
        parameters: the query string's, decoded.

    Raises:
        CredentialError: There are some, but not in exactly one form that is read.
    """
    if any(name.lower() in _NAMING for name, _ in parameters):
        if authorization:
            raise CredentialError
        return _of_query(parameters)
    if not any(_looks_like_aws(value) for value in authorization):
        return None
    match = _HEADER.fullmatch(authorization[0])
    if match is None or len(authorization) > 1:
        raise CredentialError
    return Credential(match["key"], match["service"], in_query=False)


def _looks_like_aws(value: str) -> bool:
    lowered = value.lower()
    return lowered.startswith("aws") or "credential=" in lowered


def _of_query(parameters: Sequence[tuple[str, str]]) -> Credential:
    signed = [(name, value) for name, value in parameters if name.lower() in _NAMES]
    values, names = dict(signed), sorted(name for name, _ in signed)
    if names == sorted(_SIGNED) and values["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256" and all(values.values()):
        if match := _PARAMETER.fullmatch(values["X-Amz-Credential"]):
            return Credential(match["key"], match["service"], in_query=True)
    elif names == sorted(_SIGNED_V2) and all(values.values()) and _KEY_V2.fullmatch(values["AWSAccessKeyId"]):
        return Credential(values["AWSAccessKeyId"], "s3", in_query=True)
    raise CredentialError  # a parameter is missing, repeated, in another case, or of another form
