"""On-demand prices of AWS in us-east-1, in dollars; Lambda on arm64. A `Bill` has no data transfer out of AWS."""

from __future__ import annotations

from dataclasses import dataclass, field

MILLION = 1e6
TRANSITION = 25 / MILLION
EXPRESS_CHILD = 1 / MILLION
INVOCATION = 0.2 / MILLION
GB_SECOND = 0.0000133334
S3_WRITE = 5 / MILLION  # PUT, POST and listings
S3_READ = 0.4 / MILLION
ITEM_WRITE = 0.625 / MILLION  # for each KB; double in a transaction
ITEM_READ = 0.125 / MILLION  # strongly consistent, for each 4 KB
LOG_GB = 0.5
LOG_EVENT_BYTES = 26  # that CloudWatch Logs adds to each line
METRIC_MONTH = 0.3
MESSAGE = 1.0 / MILLION  # through a socket, for each 32 KB
REST_REQUEST = 3.5 / MILLION
CONNECTION_MINUTE = 0.25 / MILLION
STORED_GB_MONTH = 0.023
TRANSFER_GB = 0.09  # out to the internet, up to 10 TB a month; less for more
ALARM_METRIC = 0.10  # a month; an alarm on an expression counts each of its metrics
DASHBOARD = 3.0  # a month


@dataclass(frozen=True)
class Bill:
    """The billed requests and seconds of one download."""

    transitions: int
    invocations: int
    children: int = 0
    gb_seconds: float = 0.0
    s3: dict[str, int] = field(default_factory=dict)
    dynamodb: dict[str, int] = field(default_factory=dict)

    @property
    def s3_requests(self) -> int:
        """The number of requests to S3."""
        return sum(self.s3.values())

    @property
    def dynamodb_requests(self) -> int:
        """The number of requests to DynamoDB."""
        return sum(self.dynamodb.values())

    @property
    def dollars(self) -> float:
        """The price in dollars. Items are below 1 KB, and a transaction writes two."""
        reads = sum(count for name, count in self.s3.items() if name.split()[0] in ("HEAD", "GET") and " " not in name)
        free = sum(count for name, count in self.s3.items() if name.startswith("DELETE"))
        item_reads = self.dynamodb.get("GetItem", 0)
        transactions = self.dynamodb.get("TransactWriteItems", 0)
        item_writes = self.dynamodb_requests - item_reads + 3 * transactions  # two items, and each counts twice
        return (
            self.transitions * TRANSITION
            + self.children * EXPRESS_CHILD
            + self.invocations * INVOCATION
            + self.gb_seconds * GB_SECOND
            + (self.s3_requests - reads - free) * S3_WRITE
            + reads * S3_READ
            + item_reads * ITEM_READ
            + item_writes * ITEM_WRITE
        )
