"""An SNS topic for alarms, and a queue that receives its messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from integration_tests.support.clouds import Cloud
from integration_tests.support.message_queue import MessageQueue, message_queue
from integration_tests.support.waiting import wait_for

Notification = dict[str, Any]


class AlarmTopic:
    """The messages that alarms have sent to a topic."""

    def __init__(self, arn: str, queue: MessageQueue) -> None:
        self.arn = arn
        self._queue = queue
        self._notifications: list[Notification] = []

    def states_of(self, alarm: str) -> list[str]:
        """Return the states that an alarm has announced, in their order."""
        self._notifications += [json.loads(json.loads(body)["Message"]) for body in self._queue.take()]
        return [item["NewStateValue"] for item in self._notifications if item["AlarmName"] == alarm]

    def wait_for_states(self, alarm: str, states: list[str], deadline: float) -> None:
        """Wait so many seconds until an alarm has announced these states and no others.

        Raises:
            WaitTimeoutError: it has announced others.
        """
        wait_for(lambda: self.states_of(alarm), deadline, until=lambda announced: announced == states)


@contextmanager
def alarm_topic(cloud: Cloud) -> Iterator[AlarmTopic]:
    """Create a topic and a queue that is subscribed to it; delete them at the end."""
    sns = cloud.client("sns")
    with message_queue(cloud) as queue:
        topic_arn = sns.create_topic(Name=queue.name)["TopicArn"]
        queue.allow("sns.amazonaws.com", topic_arn)
        try:
            sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue.arn)
            yield AlarmTopic(topic_arn, queue)
        finally:
            sns.delete_topic(TopicArn=topic_arn)
