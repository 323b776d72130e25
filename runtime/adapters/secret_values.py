"""Values in Secrets Manager and the SSM parameter store, each read at most once in five minutes."""

from __future__ import annotations

import time
from collections.abc import Callable

from runtime.adapters import aws
from runtime.errors import ServiceError

_SECONDS = 300.0


class SecretsManager:
    """`ports.Secrets`."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], tuple[float, str]] = {}

    def warm_up(self) -> None:
        """Prepare the first call."""
        aws.open_connection(aws.client("secretsmanager"), "get_secret_value", SecretId="none")

    def get(self, arn: str) -> str:
        """Return the secret's string, fit for a header."""
        return self._cached("header", arn, self._read_header)

    def get_ca_bundle(self, arn: str) -> str:
        """Return the text of a secret or an SSM parameter."""
        return self._cached("CA bundle", arn, self._read_parameter if ":ssm:" in arn else self._read_secret)

    def _cached(self, use: str, arn: str, read: Callable[[str], str]) -> str:
        read_at, value = self._values.get((use, arn), (float("-inf"), ""))
        if time.monotonic() - read_at >= _SECONDS:
            value = read(arn)
            self._values[use, arn] = (time.monotonic(), value)
        return value

    def _read_header(self, arn: str) -> str:
        value = self._read_secret(arn).strip()
        if not value.isprintable() or not value.isascii():
            raise ServiceError("GetSecretValue", "NotAHeaderValue")
        return value

    def _read_secret(self, arn: str) -> str:
        with aws.safe_errors("GetSecretValue"):
            answer = aws.client("secretsmanager").get_secret_value(SecretId=arn)
        if "SecretString" not in answer:  # the secret is a SecretBinary
            raise ServiceError("GetSecretValue", "NoSecretString")
        return str(answer["SecretString"])

    def _read_parameter(self, arn: str) -> str:
        with aws.safe_errors("GetParameter"):
            answer = aws.client("ssm").get_parameter(Name=arn, WithDecryption=True)
        return str(answer["Parameter"]["Value"])
