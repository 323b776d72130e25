"""What AWS charges in us-east-1 on demand, in dollars; Lambda on arm64. Data that leaves the cloud comes on top."""

from __future__ import annotations

from dataclasses import dataclass, field

MILLION = 1e6
TRANSITION = 25 / MILLION
EXPRESS_CHILD = 1 / MILLION
INVOCATION = 0.2 / MILLION
GB_SECOND = 0.0000133334
S3_WRITE = 5 / MILLION  # PUT, POST and listings
S3_READ = 0.4 / MILLION
ROW_WRITE = 0.625 / MILLION  # for each KB; double in a transaction
ROW_READ = 0.125 / MILLION  # strongly consistent, for each 4 KB
MESSAGE = 1.0 / MILLION  # through a socket, for each 32 KB


@dataclass(frozen=True)
class Bill:
    """What one download asks for."""

    transitions: int
    invocations: int
    children: int = 0
    gb_seconds: float = 0.0
    s3: dict[str, int] = field(default_factory=dict)
    dynamodb: dict[str, int] = field(default_factory=dict)

    @property
    def s3_requests(self) -> int:
        """All of them."""
        return sum(self.s3.values())

    @property
    def dynamodb_requests(self) -> int:
        """All of them."""
        return sum(self.dynamodb.values())

    @property
    def dollars(self) -> float:
        """What it comes to. Rows are below 1 KB; a transaction here writes two."""
        reads = sum(count for name, count in self.s3.items() if name.split()[0] in ("HEAD", "GET") and " " not in name)
        free = sum(count for name, count in self.s3.items() if name.startswith("DELETE"))
        row_reads = self.dynamodb.get("GetItem", 0)
        transactions = self.dynamodb.get("TransactWriteItems", 0)
        row_writes = self.dynamodb_requests - row_reads + 3 * transactions  # two rows, and each counts twice
        return (
            self.transitions * TRANSITION
            + self.children * EXPRESS_CHILD
            + self.invocations * INVOCATION
            + self.gb_seconds * GB_SECOND
            + (self.s3_requests - reads - free) * S3_WRITE
            + reads * S3_READ
            + row_reads * ROW_READ
            + row_writes * ROW_WRITE
        )
