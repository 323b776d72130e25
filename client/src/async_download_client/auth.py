"""Credentials for the REST API; a stack's setting `auth.type` says which of them it requires.

The WebSocket and S3 need none: they accept the ticket and the pre-signed URL.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from async_download_client.errors import CredentialsError
from async_download_client.secrets import clean_secret

_SERVICE = "execute-api"
_HOST = re.compile(r"[a-z0-9-]+\.execute-api\.([a-z0-9-]+)\.[a-z.]+")


@dataclass(frozen=True)
class OutgoingRequest:
    """A request to the REST API before it is sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


class Auth(Protocol):
    """Adds headers to each attempt of each request to the REST API."""

    def headers(self, request: OutgoingRequest, /) -> Mapping[str, str]:
        """Return the headers to add to a request; raises CredentialsError."""


class ApiKey:
    """An API key (`auth.type: api_key`)."""

    def __init__(self, key: str) -> None:
        self._key = clean_secret(key, "The API key")

    def headers(self, _: OutgoingRequest, /) -> Mapping[str, str]:
        """Return the header x-api-key."""
        return {"x-api-key": self._key}


class Bearer:
    """A bearer token for an authorizer, or a function that returns a fresh token for each attempt."""

    def __init__(self, token: str | Callable[[], str]) -> None:
        self._token = clean_secret(token, "The bearer token") if isinstance(token, str) else token

    def headers(self, _: OutgoingRequest, /) -> Mapping[str, str]:
        """Return the header Authorization."""
        token = self._token if isinstance(self._token, str) else clean_secret(self._token(), "The bearer token")
        return {"Authorization": f"Bearer {token}"}


class Iam:
    """Signature Version 4 (`auth.type: iam`), by botocore: `pip install 'async-download-client[iam]'`.

    Credentials come from the same places as those of the AWS CLI: environment, shared files and profiles, SSO, roles.
    The region is `region`, else that in the API's host name, else that of the environment or the profile.
    """

    def __init__(self, profile: str | None = None, region: str | None = None) -> None:
        self._profile, self._region = profile, region
        self._session: Any = None
        self._credentials: Any = None

    def headers(self, request: OutgoingRequest, /) -> Mapping[str, str]:
        """Return Authorization, X-Amz-Date and, with temporary credentials, X-Amz-Security-Token."""
        self._load_credentials()
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError, ClientError

        signed = AWSRequest(request.method, request.url, dict(request.headers), request.body)
        try:
            credentials = _clean_credentials(self._credentials.get_frozen_credentials())
            SigV4Auth(credentials, _SERVICE, self._region_of(request.url)).add_auth(signed)
        except (BotoCoreError, ClientError) as error:
            raise CredentialsError(f"The AWS credentials cannot be used: {error}") from None
        return {name: value for name, value in signed.headers.items() if request.headers.get(name) != value}

    def _load_credentials(self) -> None:
        if self._credentials:
            return
        try:
            from botocore.exceptions import BotoCoreError
            from botocore.session import Session
        except ImportError:
            raise CredentialsError(
                "Signing with IAM needs botocore: pip install 'async-download-client[iam]'."
            ) from None
        try:
            self._session = Session(profile=self._profile)
            self._credentials = self._session.get_credentials()
        except BotoCoreError as error:
            raise CredentialsError(f"No AWS credentials: {error}.") from None
        if not self._credentials:
            raise CredentialsError(
                "No AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in."
            )

    def _region_of(self, url: str) -> str:
        match = _HOST.fullmatch(urlsplit(url).hostname or "")
        region = (
            self._region
            or (match and match[1])
            or os.environ.get("AWS_REGION")
            or self._session.get_config_variable("region")
        )
        if not region:
            raise CredentialsError(
                "The region for the signature is unknown, as the host name does not contain it: set AWS_REGION, or "
                "name a region (--region, Iam(region=...))."
            )
        return clean_secret(str(region), "The region")


def _clean_credentials(frozen: Any) -> Any:
    """Return credentials without line breaks around their values; raises CredentialsError if a header has others."""
    names = {"access_key": "ACCESS_KEY_ID", "secret_key": "SECRET_ACCESS_KEY", "token": "SESSION_TOKEN"}
    values = {
        field: clean_secret(value, f"AWS_{name} (of the environment or the profile)")
        for field, name in names.items()
        if (value := getattr(frozen, field))
    }
    return frozen._replace(**values)
