"""The default quotas of AWS that limit a stack, for each account and region (us-east-1), with their sources."""

from __future__ import annotations

from dataclasses import dataclass

_DOCS = "https://docs.aws.amazon.com"
STATES = f"{_DOCS}/step-functions/latest/dg/service-quotas.html"
GATEWAY = f"{_DOCS}/apigateway/latest/developerguide/limits.html"
SOCKETS = f"{_DOCS}/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"
LAMBDA = f"{_DOCS}/lambda/latest/dg/gettingstarted-limits.html"
DYNAMODB = f"{_DOCS}/amazondynamodb/latest/developerguide/ServiceQuotas.html"
S3 = f"{_DOCS}/AmazonS3/latest/userguide/optimizing-performance.html"
EVENTS = f"{_DOCS}/eventbridge/latest/userguide/eb-quota.html"


@dataclass(frozen=True)
class Quota:
    """A default quota.

    Attributes:
        name: what it counts.
        limit: the default.
        code: of Service Quotas, empty if it is not there.
        source: page of AWS's documentation.
        remedy: the setting or request that raises it.
    """

    name: str
    limit: float
    code: str
    source: str
    remedy: str


_REQUEST = "request in Service Quotas"

_SETTINGS = "`api.throttleRate`, `api.throttleBurst`"
_AUTOMATIC = "S3 by itself under load; AWS Support in advance"
_MAP_RUNS = "AWS Support; a higher `copying.sliceThresholdMb` or `copying.concurrency`"

STAGE_RATE = Quota("Requests/s of one API: `api.throttleRate`", 50, "", "settings.md", _SETTINGS)
GATEWAY_RATE = Quota("API Gateway: requests/s of all APIs, callbacks included", 10_000, "L-8A5B8E43", GATEWAY, _REQUEST)
CONNECTIONS = Quota("API Gateway: new WebSockets/s", 500, "L-9ED1E49A", SOCKETS, _REQUEST)
CONCURRENCY = Quota("Lambda: concurrent executions", 1_000, "L-B99A9384", LAMBDA, _REQUEST)
START_EXECUTION = Quota(
    "Step Functions: StartExecution/s, after a burst of 1,300",
    300,
    "L-1B55A735",
    STATES,
    f"{_REQUEST}; `websocket.idleTimeoutSeconds: 0` halves the use",
)
TRANSITIONS = Quota("Step Functions: state transitions/s", 5_000, "L-AD9B4E93", STATES, _REQUEST)
OPEN_EXECUTIONS = Quota("Step Functions: open executions", 1_000_000, "L-B8A5B662", STATES, _REQUEST)
OPEN_MAP_RUNS = Quota("Step Functions: open Map Runs", 1_000, "", STATES, _MAP_RUNS)
TABLE_WRITES = Quota("DynamoDB: write units/s of a table", 40_000, "L-AB614373", DYNAMODB, _REQUEST)
TABLE_READS = Quota("DynamoDB: read units/s of a table", 40_000, "L-CF0CBE56", DYNAMODB, _REQUEST)
OBJECT_WRITES = Quota("S3: PUT and POST/s of a key prefix", 3_500, "", S3, _AUTOMATIC)
OBJECT_READS = Quota("S3: GET and HEAD/s of a key prefix", 5_500, "", S3, _AUTOMATIC)
PUT_EVENTS = Quota("EventBridge: PutEvents/s, with `observability.eventBus`", 10_000, "L-9B653E91", EVENTS, _REQUEST)
ITEM_WRITES = 1_000
"""Write units/s of one partition key of DynamoDB, the limit of one caller's item."""
