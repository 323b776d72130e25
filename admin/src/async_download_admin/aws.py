"""Calls of AWS with the credentials of the operator; their errors become those of `errors`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from async_download_admin import VERSION
from async_download_admin.aws_errors import translate
from async_download_admin.errors import WrongStackError
from async_download_admin.outputs import StackOutputs

_CONFIG = Config(
    connect_timeout=10,
    read_timeout=90,  # a function that is called again runs for up to a minute
    retries={"mode": "standard", "total_max_attempts": 4},
    user_agent_extra=f"async-download-admin/{VERSION}",
)
# for a stack of `make local`: variables and files of AWS may name another region, or a profile that does not exist
_ISOLATED = {
    name: (None, None, os.devnull if name in ("config_file", "credentials_file") else default, convert)
    for name, (_, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
}
_PATH_STYLE = Config(s3={"addressing_style": "path"})


class Aws:
    """AWS for one command; `command` is its name for error messages, None as `proxies` those of the environment."""

    def __init__(
        self,
        session: boto3.Session,
        command: str,
        endpoint_url: str | None = None,
        proxies: dict[str, str] | None = None,
    ) -> None:
        self.session = session
        self.command = command
        self._endpoint_url = endpoint_url
        self._config = _CONFIG if proxies is None else _CONFIG.merge(Config(proxies=proxies))
        self._clients: dict[str, Any] = {}

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Return the response of an operation, e.g. of `GetItem`; raises AdminError."""
        try:
            response: dict[str, Any] = getattr(self.client(service), xform_name(operation))(**parameters)
        except (BotoCoreError, ClientError) as error:
            raise translate(error, service, operation, self.command) from None
        return response

    def pages(self, service: str, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield the pages of an operation's response; raises AdminError."""
        try:
            yield from self.client(service).get_paginator(xform_name(operation)).paginate(**parameters)
        except (BotoCoreError, ClientError) as error:
            raise translate(error, service, operation, self.command) from None

    def check_account(self, outputs: StackOutputs) -> dict[str, str]:
        """Return the caller's identity; raises WrongStackError if it is of another account than the stack."""
        identity = self.call("sts", "GetCallerIdentity")
        if identity["Account"] != outputs.account:
            raise WrongStackError(
                f"The stack is in account {outputs.account}, the credentials are of account {identity['Account']}. "
                "Choose other credentials (--profile, AWS_PROFILE), or the outputs of another stack.",
                "WRONG_ACCOUNT",
            )
        return {"account": identity["Account"], "arn": identity["Arn"]}

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service; the same one at every call."""
        if service not in self._clients:
            client = self.session.client(service, endpoint_url=self._endpoint_url, config=self._config)
            if service == "s3" and ".amazonaws." not in client.meta.endpoint_url:  # no host names of buckets there
                client = self.session.client(
                    service, endpoint_url=self._endpoint_url, config=_CONFIG.merge(_PATH_STYLE)
                )
            self._clients[service] = client
        return self._clients[service]


def open_aws(
    outputs: StackOutputs, command: str, *, profile: str | None, region: str | None, endpoint_url: str | None
) -> Aws:
    """Return AWS in the stack's region.

    Credentials come from the places where boto3 looks. A stack of `make local` has its own endpoint and keys; they are
    used unless a profile or an endpoint is named, and never sent together with other credentials.

    Raises:
        WrongStackError: `region` is not that of the stack.
        CredentialsError: there is no such profile.
    """
    if region and region != outputs.region:
        raise WrongStackError(
            f"The stack is in {outputs.region}, not in {region}. Leave --region out, or choose the outputs of another "
            "stack.",
            "WRONG_REGION",
        )
    local = outputs.local_cloud
    if local is not None and not profile and endpoint_url in (None, local.endpoint):
        core = botocore.session.Session(session_vars=_ISOLATED)
        keys = local.access_key_id, local.secret_access_key
        session = boto3.Session(*keys, region_name=outputs.region, botocore_session=core)
        return Aws(session, command, local.endpoint, proxies={})
    try:
        session = boto3.Session(botocore_session=botocore.session.Session(profile=profile), region_name=outputs.region)
    except BotoCoreError as error:
        raise translate(error, "sts", "GetCallerIdentity", command) from None
    return Aws(session, command, endpoint_url)
