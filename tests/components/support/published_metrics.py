"""Metrics that AWS publishes, from its references, and those of the runtime: namespace -> metric -> sets of dimensions.

Only metrics that the component may use are listed, and only sets of dimensions that have data without further settings:
`5XXError` by method, for instance, needs detailed metrics.
"""

from __future__ import annotations

from collections.abc import Mapping

from runtime.metrics import NAMESPACE, UNITS

Dimensions = frozenset[str]


def _by(names: str, *dimensions: str) -> dict[str, set[Dimensions]]:
    return {name: {frozenset(group.split()) for group in dimensions} for name in names.split()}


LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"
SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"
STATES = "https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html"
REST = "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html"
WEBSOCKET = "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html"
DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html"
EVENTS = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html"

PUBLISHED: Mapping[str, Mapping[str, set[Dimensions]]] = {
    "AWS/Lambda": _by(
        "Invocations Errors Throttles Duration ConcurrentExecutions AsyncEventsReceived AsyncEventAge "
        "AsyncEventsDropped DestinationDeliveryFailures",
        "FunctionName",
        "FunctionName Resource",
    ),
    "AWS/SQS": _by(
        "ApproximateAgeOfOldestMessage ApproximateNumberOfMessagesDelayed ApproximateNumberOfMessagesNotVisible "
        "ApproximateNumberOfMessagesVisible NumberOfEmptyReceives NumberOfMessagesDeleted NumberOfMessagesReceived "
        "NumberOfMessagesSent SentMessageSize",
        "QueueName",
    ),
    "AWS/States": _by(
        "ExecutionTime ExecutionThrottled ExecutionsAborted ExecutionsFailed ExecutionsStarted ExecutionsSucceeded "
        "ExecutionsTimedOut",
        "StateMachineArn",
    ),
    "AWS/ApiGateway": {
        **_by("4XXError 5XXError Count Latency", "ApiName", "ApiName Stage"),
        **_by(
            "ConnectCount MessageCount IntegrationError ClientError ExecutionError",
            "ApiId",
            "ApiId Stage",
        ),
        **_by("IntegrationLatency", "ApiName", "ApiName Stage", "ApiId", "ApiId Stage"),
    },
    "AWS/DynamoDB": {
        **_by(
            "ConsumedReadCapacityUnits ConsumedWriteCapacityUnits ReadThrottleEvents WriteThrottleEvents",
            "TableName",
            "TableName GlobalSecondaryIndexName",
        ),
        **_by("ThrottledRequests SuccessfulRequestLatency SystemErrors", "TableName Operation"),
    },
    "AWS/Events": _by(
        "DeadLetterInvocations FailedInvocations Invocations InvocationsFailedToBeSentToDlq InvocationsSentToDlq "
        "ThrottledRules TriggeredRules",
        "RuleName",
    ),
    NAMESPACE: {**_by(" ".join(UNITS), "Stack"), **_by("DownloadsFailed", "Stack", "Stack Fault", "Stack Code")},
}
"""Sources: LAMBDA, SQS, STATES, REST, WEBSOCKET, DYNAMODB and EVENTS, above."""
