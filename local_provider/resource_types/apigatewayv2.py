"""API Gateway: WebSocket APIs."""

from local_provider.resource_type import ResourceType, Words, crud

_ARN = "arn:aws:apigateway:{region}::/apis"
_EXECUTION_ARN = "arn:aws:execute-api:{region}:{account}"
_THROTTLING = "the emulator does not throttle WebSocket APIs"
_TAGS = ("TagResource", "UntagResource", "GetTags")

API = ResourceType(
    type="aws:apigatewayv2/api:Api",
    service="apigatewayv2",
    operations=crud("Api"),
    id="{ApiId}",
    inputs=Words("name description routeSelectionExpression apiKeySelectionExpression protocolType tags"),
    names={"ApiId": "id"},
    outputs={"arn": f"{_ARN}/{{id}}", "apiEndpoint": "{ApiEndpoint}", "executionArn": f"{_EXECUTION_ARN}:{{id}}"},
    replaces=Words("protocolType"),
    named_by="name",
    name_limit=128,
    tags=_TAGS,
)
INTEGRATION = ResourceType(
    type="aws:apigatewayv2/integration:Integration",
    service="apigatewayv2",
    operations=crud("Integration"),
    id="{IntegrationId}",
    inputs=Words("apiId integrationType integrationUri description"),
    inert={
        "integrationMethod": "functions are always called by POST",
        "timeoutMilliseconds": "the emulator does not limit the time of a call",
    },
    names={"IntegrationId": "id", "TimeoutInMillis": "timeoutMilliseconds"},
    replaces=Words("apiId integrationType"),
)
ROUTE = ResourceType(
    type="aws:apigatewayv2/route:Route",
    service="apigatewayv2",
    operations=crud("Route"),
    id="{RouteId}",
    inputs=Words("apiId routeKey target authorizationType authorizerId operationName"),
    names={"RouteId": "id"},
    replaces=Words("apiId"),
)
STAGE = ResourceType(
    type="aws:apigatewayv2/stage:Stage",
    service="apigatewayv2",
    operations=crud("Stage"),
    id="{name}",
    inputs=Words("apiId name description autoDeploy tags"),
    inert={
        "accessLogSettings.destinationArn": "the emulator writes no access logs",
        "accessLogSettings.format": "the emulator writes no access logs",
        "defaultRouteSettings.dataTraceEnabled": "the emulator writes no execution logs",
        "defaultRouteSettings.detailedMetricsEnabled": "the emulator keeps no metrics",
        "defaultRouteSettings.loggingLevel": "the emulator writes no execution logs",
        "defaultRouteSettings.throttlingBurstLimit": _THROTTLING,
        "defaultRouteSettings.throttlingRateLimit": _THROTTLING,
    },
    names={"StageName": "name"},
    outputs={
        "arn": f"{_ARN}/{{apiId}}/stages/{{name}}",
        "executionArn": f"{_EXECUTION_ARN}:{{apiId}}/{{name}}",
        "invokeUrl": "{socketEndpoint}/_aws/execute-api/{apiId}/{name}",
    },
    replaces=Words("apiId name"),
    named_by="name",
    name_limit=128,
    tags=_TAGS,
)

RESOURCE_TYPES = (API, INTEGRATION, ROUTE, STAGE)
