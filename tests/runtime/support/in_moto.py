"""botocore's calls to DynamoDB answered in this process by moto, which is stricter about expressions than MiniStack.

Only sessions of this module reach moto: nothing is patched, and no environment variable is set.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.session import Session
from moto.backends import get_backend
from moto.core.botocore_stubber import BotocoreStubber

from tests.runtime.support.in_process import isolated_session


class InMoto:
    """A botocore session whose calls end in moto."""

    def __init__(self) -> None:
        self.clients: dict[Any, Any] = {}
        self.session: Session = isolated_session()
        stubber = BotocoreStubber()
        stubber.enabled = True
        self.session.register("before-send", stubber)

    def client(self, service: str) -> Any:
        """Return a client of the test's own."""
        return self.session.create_client(service)


@cache
def cloud() -> InMoto:
    """Return the one of this process: loading the service's model takes longer than the tests."""
    return InMoto()


def reset() -> None:
    """Empty every table."""
    get_backend("dynamodb").reset()
