"""API Gateway: REST APIs."""

from local_provider.aws import Aws
from local_provider.resource_type import Operation, Properties, Words, crud, put, same

_ARN = "arn:aws:apigateway:{region}::"
_EXECUTION_ARN = "arn:aws:execute-api:{region}:{account}"
_METHOD = "{restApi}-{resourceId}-{httpMethod}"
_METHOD_SETTINGS = {
    "cachingEnabled": "caching/enabled",
    "dataTraceEnabled": "logging/dataTrace",
    "loggingLevel": "logging/loglevel",
    "metricsEnabled": "metrics/enabled",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
}
_WITHOUT_ROLE = Operation(
    "UpdateAccount", {"patchOperations": [{"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}]}
)
_NO_PATH = {"basePath": "(none)"}  # the service's name of a mapping without a path
_NO_ACCESS_LOGS = "the emulator writes no access logs"
_NO_EXECUTION_LOGS = "the emulator writes no execution logs"


def _method_patches(_old: Properties, new: Properties) -> list[dict[str, str]]:
    """Return the patch that sets every setting of a stage's methods."""
    settings = {_METHOD_SETTINGS[name]: value for name, value in sorted(new["settings"].items())}
    texts = {path: str(value).lower() if isinstance(value, bool) else str(value) for path, value in settings.items()}
    return [{"op": "replace", "path": f"/{new['methodPath']}/{path}", "value": text} for path, text in texts.items()]


def _stage_patches(old: Properties, new: Properties) -> list[dict[str, str]]:
    """Return the patch that adds and removes stages of a usage plan."""
    before, after = (
        {f"{stage['apiId']}:{stage['stage']}" for stage in properties.get("apiStages") or []}
        for properties in (old, new)
    )
    steps = [("remove", stage) for stage in sorted(before - after)] + [
        ("add", stage) for stage in sorted(after - before)
    ]
    return [{"op": verb, "path": "/apiStages", "value": stage} for verb, stage in steps]


def _remove_stages(aws: Aws, state: Properties) -> None:
    """Remove the stages of a usage plan, without which it cannot be deleted."""
    if patches := _stage_patches(state, {}):
        aws.client("apigateway").update_usage_plan(usagePlanId=state["id"], patchOperations=patches)


# authorizationScopes and providerArns replace the resource because the emulator cannot patch a list, and the inputs of
# domains and their mappings because it has no operations that update these.
RESOURCE_TYPES = (
    crud(
        "aws:apigateway/restApi:RestApi",
        "name description apiKeySource binaryMediaTypes tags",
        inert={
            "disableExecuteApiEndpoint endpointConfiguration.types": "the emulator serves every API on its own port"
        },
        outputs={
            "arn": f"{_ARN}/restapis/{{id}}",
            "executionArn": f"{_EXECUTION_ARN}:{{id}}",
            **same("createdDate rootResourceId"),
        },
        name_limit=128,
    ),
    crud("aws:apigateway/resource:Resource", "restApi! parentId! pathPart", outputs=same("path")),
    crud("aws:apigateway/model:Model", "restApi! name! description contentType! schema"),
    crud(
        "aws:apigateway/requestValidator:RequestValidator",
        "restApi! name validateRequestBody validateRequestParameters",
        defaults={"validateRequestBody": False, "validateRequestParameters": False},
    ),
    put(
        "aws:apigateway/response:Response",
        "restApiId! responseType! statusCode responseTemplates responseParameters",
        noun="GatewayResponse",
        id="aggr-{restApiId}-{responseType}",
    ),
    put(
        "aws:apigateway/method:Method",
        """restApi! resourceId! httpMethod! authorization authorizationScopes! authorizerId apiKeyRequired
            operationName requestModels requestParameters requestValidatorId""",
        update="UpdateMethod",
        id=f"agm-{_METHOD}",
        names={"authorizationType": "authorization"},
    ),
    put(
        "aws:apigateway/integration:Integration",
        "restApi! resourceId! httpMethod! type! integrationHttpMethod uri requestTemplates passthroughBehavior",
        update="UpdateIntegration",
        id=f"agi-{_METHOD}",
        inert={"timeoutMilliseconds": "the emulator does not limit the time of a call"},
        names={"timeoutInMillis": "timeoutMilliseconds"},
        cleared={"timeoutMilliseconds": 29000},
        details={"integrationHttpMethod": ("", "httpMethod")},
    ),
    put(
        "aws:apigateway/methodResponse:MethodResponse",
        "restApi! resourceId! httpMethod! statusCode! responseParameters",
        id=f"agmr-{_METHOD}-{{statusCode}}",
    ),
    put(
        "aws:apigateway/integrationResponse:IntegrationResponse",
        "restApi! resourceId! httpMethod! statusCode! responseParameters responseTemplates selectionPattern",
        id=f"agir-{_METHOD}-{{statusCode}}",
    ),
    crud(
        "aws:apigateway/deployment:Deployment",
        "restApi! description",
        inert={"triggers!": "the service does not see them: a change of theirs makes a new deployment"},
        outputs=same("createdDate"),
    ),
    crud(
        "aws:apigateway/stage:Stage",
        "restApi! deployment stageName! description variables tags",
        id="ags-{restApi}-{stageName}",
        inert={
            "accessLogSettings.destinationArn accessLogSettings.format": _NO_ACCESS_LOGS,
            "xrayTracingEnabled": "the emulator has no X-Ray",
        },
        names={"tracingEnabled": "xrayTracingEnabled"},
        outputs={
            "arn": f"{_ARN}/restapis/{{restApi}}/stages/{{stageName}}",
            "executionArn": f"{_EXECUTION_ARN}:{{restApi}}/{{stageName}}",
            "invokeUrl": "{endpoint}/_aws/execute-api/{restApi}/{stageName}",
        },
        tags_after_create=True,
    ),
    crud(
        "aws:apigateway/methodSettings:MethodSettings",
        "restApi! stageName! methodPath! settings.throttlingBurstLimit settings.throttlingRateLimit",
        noun="Stage",
        create="UpdateStage",
        delete=Operation("UpdateStage", {"patchOperations": [{"op": "remove", "path": "/{methodPath}"}]}),
        id="{restApi}-{stageName}-{methodPath}",
        inert={
            "settings.cachingEnabled": "the emulator caches nothing",
            "settings.dataTraceEnabled settings.loggingLevel": _NO_EXECUTION_LOGS,
            "settings.metricsEnabled": "the emulator keeps no metrics",
        },
        described_by='methodSettings."{methodPath}"',
        details={"settings": ("", "@")},
        partial=Words("settings"),
        patches=_method_patches,
    ),
    crud(
        "aws:apigateway/account:Account",
        "",
        create="UpdateAccount",
        delete=_WITHOUT_ROLE,
        id="api-gateway-account",
        inert={"cloudwatchRoleArn": _NO_ACCESS_LOGS},
        described_by="cloudwatchRoleArn && @",
    ),
    crud(
        "aws:apigateway/authorizer:Authorizer",
        "restApi! name type! authorizerUri identitySource authorizerResultTtlInSeconds providerArns!",
        outputs={"arn": f"{_ARN}/restapis/{{restApi}}/authorizers/{{id}}"},
        name_limit=128,
        defaults={"type": "TOKEN"},
    ),
    crud(
        "aws:apigateway/apiKey:ApiKey",
        "name description enabled value! tags",
        read=Operation("GetApiKey", {"includeValue": True}),
        names={"apiKey": "id"},
        outputs={"arn": f"{_ARN}/apikeys/{{id}}", **same("value")},
        computed=Words("value"),
        defaults={"enabled": True},
        tags_after_create=True,
    ),
    crud(
        "aws:apigateway/usagePlan:UsagePlan",
        """name description apiStages.apiId apiStages.stage throttleSettings.rateLimit
            throttleSettings.burstLimit quotaSettings.limit quotaSettings.period tags""",
        names={"throttle": "throttleSettings", "quota": "quotaSettings"},
        outputs={"arn": f"{_ARN}/usageplans/{{id}}"},
        tags_after_create=True,
        patches=_stage_patches,
        before_delete=_remove_stages,
    ),
    crud(
        "aws:apigateway/domainName:DomainName",
        "domainName! regionalCertificateArn! securityPolicy! tags",
        update=(),
        id="{domainName}",
        inert={"endpointConfiguration.types": "the emulator serves every domain on its own port"},
        outputs={
            "arn": f"{_ARN}/domainnames/{{domainName}}",
            "regionalDomainName": "{regionalDomainName}",
            "regionalZoneId": "{regionalHostedZoneId}",
        },
        named_by="domainName",
        name_limit=253,
        tags_after_create=True,
    ),
    crud(
        "aws:apigateway/basePathMapping:BasePathMapping",
        "domainName! restApi! stageName!",
        read=Operation("GetBasePathMapping", _NO_PATH),
        update=(),
        delete=Operation("DeleteBasePathMapping", _NO_PATH),
        id="{domainName}/",
        names={"stage": "stageName"},
        named_by="domainName",
    ),
    crud(
        "aws:apigateway/usagePlanKey:UsagePlanKey",
        "keyId! keyType! usagePlanId!",
        update=(),
        outputs=same("name value"),
    ),
)
