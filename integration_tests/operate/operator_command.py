"""Runs `async-download-admin` on a stack, as an IAM user that may do exactly what its policy says."""

from __future__ import annotations

import json
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

from async_download_admin.cli import main
from async_download_admin.outputs import StackOutputs
from async_download_admin.permissions import policy

from integration_tests.support.stack import Stack


@dataclass(frozen=True)
class Completed:
    """What a command printed, and its exit code."""

    exit_code: int
    output: str
    errors: str

    @property
    def content(self) -> Any:
        """The JSON document on stdout."""
        return json.loads(self.output)


@dataclass(frozen=True)
class OperatorCommand:
    """The command for one stack; `folder` keeps the file with the outputs."""

    stack: Stack
    folder: Path

    def run(self, command: str, *arguments: str) -> Completed:
        """Run a command with --json, with no other permissions than those of its policy."""
        path = self.folder / "outputs.json"
        path.write_text(json.dumps(dict(self.stack.outputs)), encoding="utf-8")
        with self._user(command) as variables, mock.patch.dict(os.environ, variables), _signals():
            output, errors = StringIO(), StringIO()
            with redirect_stdout(output), redirect_stderr(errors):
                code = main([command, *arguments, "--json", "--outputs", str(path)])
        assert "Traceback" not in errors.getvalue()
        return Completed(code, output.getvalue(), errors.getvalue())

    @contextmanager
    def _user(self, command: str) -> Iterator[dict[str, str]]:
        """Create an IAM user with the policy of a command; yield the variables with its keys."""
        cloud, name = self.stack.cloud, f"operator-{secrets.token_hex(4)}"
        iam = cloud.client("iam")
        document = _for_emulator(policy([command], StackOutputs(self.stack.outputs, "outputs")))
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="operate", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        try:
            yield {
                "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
                "AWS_ENDPOINT_URL": str(cloud.endpoint),
            }
        finally:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
            iam.delete_user_policy(UserName=name, PolicyName="operate")
            iam.delete_user(UserName=name)


def _for_emulator(document: dict[str, Any]) -> dict[str, Any]:
    """Return a policy for MiniStack, which asks for PutFunctionConcurrency also where a concurrency is read."""
    for statement in document["Statement"]:
        if "lambda:GetFunctionConcurrency" in statement["Action"]:
            statement["Action"].append("lambda:PutFunctionConcurrency")
    return document


@contextmanager
def _signals() -> Iterator[None]:
    """Restore the signal handlers that the command replaces."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
