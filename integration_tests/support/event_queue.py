"""A bus of EventBridge, with a rule that sends the events of downloads to a queue."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from integration_tests.support.clouds import Cloud
from integration_tests.support.stack_client import Download
from integration_tests.support.waiting import wait_for

Event = dict[str, Any]
PATTERN = {"source": ["async-download"], "detail-type": ["Download Status Change"]}


class EventQueue:
    """The events that arrived in the queue of a bus; `bus` is its name."""

    def __init__(self, cloud: Cloud, bus: str, queue_url: str) -> None:
        self.bus = bus
        self._sqs = cloud.client("sqs")
        self._queue_url = queue_url
        self._events: list[Event] = []

    def receive_all(self) -> list[Event]:
        """Return all events so far, after those that wait in the queue were received."""
        while True:
            answer = self._sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            for message in messages:
                self._events.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
            if not messages:
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
    name = f"async-download-e2e-{secrets.token_hex(4)}"
    events, sqs = cloud.client("events"), cloud.client("sqs")
    queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name=name)
    try:
        rule_arn = events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps(PATTERN))["RuleArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": policy})
        answer = events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "queue", "Arn": queue_arn}])
        assert answer["FailedEntryCount"] == 0, answer
        yield EventQueue(cloud, name, queue_url)
        events.remove_targets(Rule=name, EventBusName=name, Ids=["queue"])
        events.delete_rule(Name=name, EventBusName=name)
    finally:
        events.delete_event_bus(Name=name)
        sqs.delete_queue(QueueUrl=queue_url)
