"""API Gateway: WebSocket APIs."""

from local_provider.resource_type import crud, same

_ARN = "arn:aws:apigateway:{region}::/apis"
_EXECUTION_ARN = "arn:aws:execute-api:{region}:{account}"
_NO_EXECUTION_LOGS = "the emulator writes no execution logs"
_THROTTLING = "defaultRouteSettings.throttlingBurstLimit defaultRouteSettings.throttlingRateLimit"

RESOURCE_TYPES = (
    crud(
        "aws:apigatewayv2/api:Api",
        "name description routeSelectionExpression apiKeySelectionExpression protocolType! tags",
        outputs={"arn": f"{_ARN}/{{id}}", "executionArn": f"{_EXECUTION_ARN}:{{id}}", **same("apiEndpoint")},
        name_limit=128,
    ),
    crud(
        "aws:apigatewayv2/integration:Integration",
        "apiId! integrationType! integrationUri description",
        inert={
            "integrationMethod": "functions are always called by POST",
            "timeoutMilliseconds": "the emulator does not limit the time of a call",
        },
        names={"TimeoutInMillis": "timeoutMilliseconds"},
    ),
    crud("aws:apigatewayv2/route:Route", "apiId! routeKey target authorizationType authorizerId operationName"),
    crud(
        "aws:apigatewayv2/stage:Stage",
        "apiId! name! description autoDeploy tags",
        id="{name}",
        inert={
            "accessLogSettings.destinationArn accessLogSettings.format": "the emulator writes no access logs",
            "defaultRouteSettings.dataTraceEnabled defaultRouteSettings.loggingLevel": _NO_EXECUTION_LOGS,
            "defaultRouteSettings.detailedMetricsEnabled": "the emulator keeps no metrics",
            _THROTTLING: "the emulator does not throttle WebSocket APIs",
        },
        outputs={
            "arn": f"{_ARN}/{{apiId}}/stages/{{name}}",
            "executionArn": f"{_EXECUTION_ARN}:{{apiId}}/{{name}}",
            "invokeUrl": "{socketEndpoint}/_aws/execute-api/{apiId}/{name}",
        },
        name_limit=128,
    ),
)
