"""A bus of EventBridge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.config import Config

from runtime.adapters import aws
from runtime.errors import THROTTLED, ServiceError, TransientServiceError

SOURCE = "async-download"
DETAIL_TYPE = "Download Status Change"
_TRANSIENT = THROTTLED | {"InternalException", "InternalFailure", "ServiceUnavailable"}
_ONCE = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 1},  # the logic retries, also entries that are refused
    tcp_keepalive=True,
)


@dataclass(frozen=True)
class EventBridgeBus:
    """`ports.EventBus`."""

    event_bus_arn: str

    def put(self, detail: Mapping[str, object], *, resource: str, time: float) -> None:
        """PutEvents with one entry. EventBridge answers 200 for an entry that it refuses, and counts it as failed."""
        entry = {
            "EventBusName": self.event_bus_arn,
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": json.dumps(detail),
            "Resources": [resource],
            "Time": datetime.fromtimestamp(time, UTC),
        }
        with aws.safe_errors("PutEvents"):
            answer = aws.client("events", _ONCE).put_events(Entries=[entry])
        if answer.get("FailedEntryCount"):
            code = next(
                (str(item["ErrorCode"]) for item in answer.get("Entries", ()) if "ErrorCode" in item), "Unknown"
            )
            raise (TransientServiceError if code in _TRANSIENT else ServiceError)("PutEvents", code)
