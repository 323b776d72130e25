"""A queue of SQS for what another service sends."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from integration_tests.support.clouds import Cloud


class MessageQueue:
    """A queue, whose `name` is random."""

    def __init__(self, cloud: Cloud) -> None:
        self.name = f"async-download-e2e-{secrets.token_hex(4)}"
        self._sqs = cloud.client("sqs")
        self._url = self._sqs.create_queue(QueueName=self.name)["QueueUrl"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self.arn: str = answer["Attributes"]["QueueArn"]

    def allow(self, service: str, source_arn: str) -> None:
        """Let a resource of a service send messages."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": source_arn}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})

    def take(self) -> list[str]:
        """Return the bodies of all messages that have arrived, and delete the messages."""
        bodies = []
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(message["Body"])
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def delete(self) -> None:
        """Delete the queue."""
        self._sqs.delete_queue(QueueUrl=self._url)


@contextmanager
def message_queue(cloud: Cloud) -> Iterator[MessageQueue]:
    """Create a queue; delete it at the end."""
    queue = MessageQueue(cloud)
    try:
        yield queue
    finally:
        queue.delete()
