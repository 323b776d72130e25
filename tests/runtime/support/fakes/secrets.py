"""The URL signer and the secrets."""

from __future__ import annotations

from collections.abc import Mapping

from runtime.models import SignedUrl
from tests.runtime.support.fakes.clock import FakeClock


class FakeSigner:
    """Signs URLs and records what was signed."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.signed: list[tuple[str, str, str]] = []

    def sign(self, key: str, *, content_disposition: str, content_type: str) -> SignedUrl:
        self.signed.append((key, content_disposition, content_type))
        return SignedUrl(f"https://bucket.example/{key}?X-Amz-Signature=fake", self.clock.now() + 900)


class FakeSecrets:
    """Secrets by ARN."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = dict(values or {})
        self.errors: dict[str, Exception] = {}

    def get(self, arn: str) -> str:
        return self.values[arn]

    def get_ca_bundle(self, arn: str) -> str:
        if arn in self.errors:
            raise self.errors[arn]
        return self.values[arn]
