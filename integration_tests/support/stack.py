"""A deployed stack of the program, from the client's side and from the operator's."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from integration_tests.support.clouds import Cloud
from integration_tests.support.engines import Outputs
from integration_tests.support.event_queue import EventQueue
from integration_tests.support.rest import Rest, Signature
from integration_tests.support.stack_client import StackClient
from integration_tests.support.stack_operator import StackOperator
from localcloud.origin import Request


class Stack:
    """A deployed stack: `client` calls its API, `operator` reads its resources.

    Args:
        cloud: the cloud that it is deployed to.
        outputs: the outputs of the program.
        origin: name of the origin of requests that name none.
        signed: whether REST calls are signed with the cloud's credentials.
        origin_requests: the requests that the local origin has received.
    """

    def __init__(
        self,
        cloud: Cloud,
        outputs: Outputs,
        *,
        origin: str,
        signed: bool = False,
        origin_requests: Sequence[Request] = (),
    ) -> None:
        self.cloud = cloud
        self.outputs = outputs
        self.origin_requests = origin_requests
        signature = Signature(cloud.credentials, cloud.region) if signed else None
        self.client = StackClient(Rest(outputs["apiUrl"], signature), origin)
        self.operator = StackOperator(cloud, outputs)
        self._end_events: EventQueue | None = None

    @property
    def has_end_events(self) -> bool:
        """Return whether the stack sends events of its downloads."""
        return self._end_events is not None

    @property
    def end_events(self) -> EventQueue:
        """The events of downloads that have ended, of a stack that sends them."""
        assert self._end_events is not None, "This stack has no observability.eventBus."
        return self._end_events

    @end_events.setter
    def end_events(self, queue: EventQueue) -> None:
        self._end_events = queue


Deploy = Callable[[str, Mapping[str, object]], AbstractContextManager[Stack]]
"""Deploys a stack with a name and a configuration, and destroys it when the context ends."""


def unique_path(size: str, options: str = "") -> str:
    """Return a path of a file of this size that no other test requests, e.g. `files/12MB-3f9a?status=404`."""
    return f"files/{size}-{secrets.token_hex(4)}" + (f"?{options}" if options else "")


def parse_time(text: str) -> datetime:
    """Parse a time as the API writes it."""
    assert text.endswith("Z"), text
    return datetime.fromisoformat(text)
