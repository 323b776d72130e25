"""API Gateway: WebSocket APIs."""

from local_provider.resource_type import Words, crud, same

_ARN = "arn:aws:apigateway:{region}::/apis"
_EXECUTION_ARN = "arn:aws:execute-api:{region}:{account}"
_NO_EXECUTION_LOGS = "the emulator writes no execution logs"
_THROTTLING = "defaultRouteSettings.throttlingBurstLimit defaultRouteSettings.throttlingRateLimit"

_CONFIGURATION = "domainNameConfiguration"
_CONFIGURABLE = ("certificateArn", "endpointType", "securityPolicy")
_CONFIGURED = """{certificateArn: CertificateArn, endpointType: EndpointType, securityPolicy: SecurityPolicy,
    targetDomainName: ApiGatewayDomainName, hostedZoneId: HostedZoneId}"""

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
    crud(
        "aws:apigatewayv2/domainName:DomainName",
        f"domainName! {' '.join(f'{_CONFIGURATION}.{name}' for name in _CONFIGURABLE)} tags",
        id="{domainName}",
        names={
            f"DomainNameConfigurations.{name[0].upper()}{name[1:]}": f"{_CONFIGURATION}.{name}"
            for name in _CONFIGURABLE
        },
        outputs={
            "arn": "arn:aws:apigateway:{region}::/domainnames/{domainName}",
            f"{_CONFIGURATION}.targetDomainName": "{DomainNameConfigurations[0][ApiGatewayDomainName]}",
            f"{_CONFIGURATION}.hostedZoneId": "{DomainNameConfigurations[0][HostedZoneId]}",
        },
        details={_CONFIGURATION: ("", f"DomainNameConfigurations[0].{_CONFIGURED}")},
        partial=Words(_CONFIGURATION),
        named_by="domainName",
        name_limit=253,
    ),
    crud("aws:apigatewayv2/apiMapping:ApiMapping", "apiId! domainName! stage apiMappingKey", named_by="domainName"),
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
