"""A stack as the commands see it: its outputs, and AWS with the operator's credentials."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from async_download_admin.aws import Aws
from async_download_admin.errors import DownloadError, WrongStackError
from async_download_admin.outputs import StackOutputs

_ID = re.compile(r"[0-9A-Za-z_-]{1,80}")


@dataclass(frozen=True)
class Stack:
    """The outputs and the calls of AWS of one command."""

    outputs: StackOutputs
    aws: Aws = field(repr=False)

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Return the response of an operation; raises AdminError."""
        return self.aws.call(service, operation, **parameters)

    def execution_arn(self, download: str) -> str:
        """Return the ARN of the execution that a download's id or ARN names.

        Raises:
            WrongStackError: the ARN is of another state machine.
            DownloadError: it is neither an id nor an ARN.
        """
        if not download.startswith("arn:"):
            if not _ID.fullmatch(download):
                raise DownloadError("The id of a download is its downloadId or its executionArn.", "INVALID_ID")
            return self.outputs.execution_arn(download)
        prefix, _, download_id = download.rpartition(":")
        if f"{prefix}:" != self.outputs.execution_arn(""):
            raise WrongStackError(
                f"{download} is no execution of {self.outputs.state_machine_arn}. Choose the outputs of its stack."
            )
        if not _ID.fullmatch(download_id):
            raise DownloadError("The executionArn does not end with the id of a download.", "INVALID_ID")
        return download

    def download_id(self, execution_arn: str) -> str:
        """Return the id of a download, which is the name of its execution."""
        return execution_arn.rpartition(":")[2]
