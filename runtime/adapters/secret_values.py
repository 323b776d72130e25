"""Secrets Manager, asked once in five minutes at most."""

from __future__ import annotations

import time

from runtime.adapters import aws
from runtime.errors import ServiceError

_SECONDS = 300.0


class SecretsManager:
    """`ports.Secrets`."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, str]] = {}

    def warm_up(self) -> None:
        """Prepare the first call."""
        aws.open_connection(aws.client("secretsmanager"), "get_secret_value", SecretId="none")

    def get(self, arn: str) -> str:
        """The secret's string, fit for a header."""
        read_at, value = self._known.get(arn, (float("-inf"), ""))
        if time.monotonic() - read_at < _SECONDS:
            return value
        with aws.safe_errors("GetSecretValue"):
            value = str(aws.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]).strip()
        if not value.isprintable() or not value.isascii():
            raise ServiceError("GetSecretValue", "NotAHeaderValue")
        self._known[arn] = (time.monotonic(), value)
        return value
