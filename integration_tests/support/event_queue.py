"""A bus of EventBridge, with a rule that sends the events of downloads to a queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from integration_tests.support.clouds import Cloud
from integration_tests.support.message_queue import MessageQueue, message_queue
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import wait_for

Event = dict[str, Any]
PATTERN = {"source": ["async-download"], "detail-type": ["Download Status Change"]}


class EventQueue:
    """The events that arrived in the queue of a bus; `bus` is its name."""

    def __init__(self, bus: str, queue: MessageQueue) -> None:
        self.bus = bus
        self._queue = queue
        self._events: list[Event] = []

    def receive_all(self) -> list[Event]:
        """Return all events so far, after those that wait in the queue were received."""
        self._events += [json.loads(body) for body in self._queue.take()]
        return self._events

    def events_of(self, download: Download) -> list[Event]:
        """Return the events of a download so far."""
        return [event for event in self.receive_all() if event["detail"]["downloadId"] == download.id]

    def wait_for_event(self, download: Download, deadline: float) -> Event:
        """Return the first event of a download, which arrives within so many seconds.

        Raises:
            WaitTimeoutError: there is none.
        """
        return wait_for(lambda: self.events_of(download), deadline)[0]


@contextmanager
def event_queue(cloud: Cloud) -> Iterator[EventQueue]:
    """Create a bus, a rule and a queue; delete them at the end."""
    events = cloud.client("events")
    with message_queue(cloud) as queue:
        name = queue.name
        events.create_event_bus(Name=name)
        try:
            rule_arn = events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps(PATTERN))["RuleArn"]
            queue.allow("events.amazonaws.com", rule_arn)
            answer = events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "queue", "Arn": queue.arn}])
            assert answer["FailedEntryCount"] == 0, answer
            yield EventQueue(name, queue)
            events.remove_targets(Rule=name, EventBusName=name, Ids=["queue"])
            events.delete_rule(Name=name, EventBusName=name)
        finally:
            events.delete_event_bus(Name=name)
