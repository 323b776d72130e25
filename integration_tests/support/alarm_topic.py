"""An SNS topic for alarms, and a queue that receives its messages."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from integration_tests.support.clouds import Cloud
from integration_tests.support.waiting import wait_for

Notification = dict[str, Any]


class AlarmTopic:
    """The messages that alarms have sent to a topic."""

    def __init__(self, cloud: Cloud, arn: str, queue_url: str) -> None:
        self.arn = arn
        self._sqs = cloud.client("sqs")
        self._queue_url = queue_url
        self._notifications: list[Notification] = []

    def states_of(self, alarm: str) -> list[str]:
        """Return the states that an alarm has announced, in their order."""
        while messages := self._sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self._notifications.append(json.loads(json.loads(message["Body"])["Message"]))
                self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
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
    name = f"async-download-e2e-{secrets.token_hex(4)}"
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic_arn = sns.create_topic(Name=name)["TopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": policy})
    try:
        sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)
        yield AlarmTopic(cloud, topic_arn, queue_url)
    finally:
        sns.delete_topic(TopicArn=topic_arn)
        sqs.delete_queue(QueueUrl=queue_url)
