"""Answers botocore's calls to DynamoDB with moto in this process.

Moto checks expressions more strictly than MiniStack. Only sessions of this module reach moto: nothing is patched, and
no environment variable is set.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.session import Session
from moto.backends import get_backend
from moto.core.botocore_stubber import BotocoreStubber

from tests.runtime.support.in_process import isolated_session


class InMoto:
    """A botocore session whose calls moto answers."""

    def __init__(self) -> None:
        self.clients: dict[Any, Any] = {}
        self.session: Session = isolated_session()
        stubber = BotocoreStubber()
        stubber.enabled = True
        self.session.register("before-send", stubber)

    def client(self, service: str) -> Any:
        """Return a client for the test's own calls."""
        return self.session.create_client(service)


@cache
def cloud() -> InMoto:
    """Return the instance of this process: loading the service's model takes longer than the tests."""
    return InMoto()


def reset() -> None:
    """Delete every table."""
    get_backend("dynamodb").reset()
