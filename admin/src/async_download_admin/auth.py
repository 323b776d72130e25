"""Credentials for the stack's REST API, for `smoke`."""

from __future__ import annotations

import os
from collections.abc import Mapping

import boto3
from async_download_client import ApiKey, Auth, Bearer, OutgoingRequest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError

from async_download_admin.aws_errors import translate
from async_download_admin.errors import CredentialsError
from async_download_admin.outputs import StackOutputs

KEY_VARIABLE, TOKEN_VARIABLE = "ASYNC_DOWNLOAD_API_KEY", "ASYNC_DOWNLOAD_TOKEN"
_SERVICE = "execute-api"


class SessionAuth:
    """Signature Version 4 with the credentials of a session; a stack without authentication ignores it."""

    def __init__(self, session: boto3.Session, command: str) -> None:
        self._session, self._command = session, command

    def headers(self, request: OutgoingRequest, /) -> Mapping[str, str]:
        """Return the headers of the signature; raises CredentialsError."""
        signed = AWSRequest(request.method, request.url, dict(request.headers), request.body)
        try:
            credentials = self._session.get_credentials()
            if credentials is None:
                raise CredentialsError("No AWS credentials: set AWS_PROFILE or --profile, or log in (`aws sso login`).")
            SigV4Auth(credentials.get_frozen_credentials(), _SERVICE, self._session.region_name).add_auth(signed)
        except (BotoCoreError, ClientError) as error:
            raise translate(error, "execute-api", "Invoke", self._command) from None
        return {name: value for name, value in signed.headers.items() if request.headers.get(name) != value}


def choose_auth(outputs: StackOutputs, session: boto3.Session, command: str) -> Auth:
    """Return a token or a key of the environment, as the downloader reads them, else a signature.

    Raises:
        CredentialsError: the stack requires an API key, and there is none.
    """
    if token := os.environ.get(TOKEN_VARIABLE, "").strip():
        return Bearer(token)
    if key := os.environ.get(KEY_VARIABLE, "").strip():
        return ApiKey(key)
    if outputs.api_key_id:
        raise CredentialsError(
            f"The stack requires an API key: set {KEY_VARIABLE} to the value of the key {outputs.api_key_id}.",
            "API_KEY_MISSING",
        )
    return SessionAuth(session, command)
