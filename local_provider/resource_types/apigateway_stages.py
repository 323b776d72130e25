"""API Gateway: deployments, stages, authorizers, API keys and usage plans of REST APIs."""

from local_provider.aws import Aws
from local_provider.resource_type import Operation, Properties, ResourceType, Words, crud

__all__ = ["RESOURCE_TYPES"]

_ARN = "arn:aws:apigateway:{region}::"
_TAGS = ("TagResource", "UntagResource", "GetTags")
_METHOD_SETTINGS = {
    "cachingEnabled": "caching/enabled",
    "dataTraceEnabled": "logging/dataTrace",
    "loggingLevel": "logging/loglevel",
    "metricsEnabled": "metrics/enabled",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
}

DEPLOYMENT = ResourceType(
    type="aws:apigateway/deployment:Deployment",
    service="apigateway",
    operations=crud("Deployment"),
    id="{id}",
    inputs=Words("restApi description"),
    inert={"triggers": "the service does not see them: a change of theirs makes a new deployment"},
    names={"restApiId": "restApi", "deploymentId": "id"},
    outputs={"createdDate": "{createdDate}"},
    replaces=Words("restApi triggers"),
)
STAGE = ResourceType(
    type="aws:apigateway/stage:Stage",
    service="apigateway",
    operations=crud("Stage"),
    id="ags-{restApi}-{stageName}",
    inputs=Words("restApi deployment stageName description variables tags"),
    inert={
        "accessLogSettings.destinationArn": "the emulator writes no access logs",
        "accessLogSettings.format": "the emulator writes no access logs",
        "xrayTracingEnabled": "the emulator has no X-Ray",
    },
    names={"restApiId": "restApi", "deploymentId": "deployment", "tracingEnabled": "xrayTracingEnabled"},
    outputs={
        "arn": f"{_ARN}/restapis/{{restApi}}/stages/{{stageName}}",
        "executionArn": "arn:aws:execute-api:{region}:{account}:{restApi}/{stageName}",
        "invokeUrl": "{endpoint}/_aws/execute-api/{restApi}/{stageName}",
    },
    replaces=Words("restApi stageName"),
    tags=_TAGS,
    tags_after_create=True,
)


def _method_patches(_old: Properties, new: Properties) -> list[dict[str, str]]:
    """Return the patch that sets every setting of a stage's methods."""
    return [
        {
            "op": "replace",
            "path": f"/{new['methodPath']}/{_METHOD_SETTINGS[name]}",
            "value": str(value).lower() if isinstance(value, bool) else str(value),
        }
        for name, value in sorted(new["settings"].items())
    ]


METHOD_SETTINGS = ResourceType(
    type="aws:apigateway/methodSettings:MethodSettings",
    service="apigateway",
    operations=crud(
        "Stage",
        create="UpdateStage",
        delete=Operation("UpdateStage", {"patchOperations": [{"op": "remove", "path": "/{methodPath}"}]}),
    ),
    id="{restApi}-{stageName}-{methodPath}",
    inputs=Words("restApi stageName methodPath settings.throttlingBurstLimit settings.throttlingRateLimit"),
    inert={
        "settings.cachingEnabled": "the emulator caches nothing",
        "settings.dataTraceEnabled": "the emulator writes no execution logs",
        "settings.loggingLevel": "the emulator writes no execution logs",
        "settings.metricsEnabled": "the emulator keeps no metrics",
    },
    names={"restApiId": "restApi"},
    replaces=Words("restApi stageName methodPath"),
    described_by='methodSettings."{methodPath}"',
    details={"settings": ("", "@")},
    partial=Words("settings"),
    patches=_method_patches,
)
ACCOUNT = ResourceType(
    type="aws:apigateway/account:Account",
    service="apigateway",
    operations=crud(
        "Account",
        create="UpdateAccount",
        delete=Operation(
            "UpdateAccount", {"patchOperations": [{"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}]}
        ),
    ),
    id="api-gateway-account",
    inputs=Words(),
    inert={"cloudwatchRoleArn": "the emulator writes no access logs"},
    described_by="cloudwatchRoleArn && @",
)
AUTHORIZER = ResourceType(
    type="aws:apigateway/authorizer:Authorizer",
    service="apigateway",
    operations=crud("Authorizer"),
    id="{id}",
    inputs=Words("restApi name type authorizerUri identitySource authorizerResultTtlInSeconds providerArns"),
    names={"restApiId": "restApi", "authorizerId": "id"},
    outputs={"arn": f"{_ARN}/restapis/{{restApi}}/authorizers/{{id}}"},
    replaces=Words("restApi type providerArns"),  # the emulator cannot patch a list
    named_by="name",
    name_limit=128,
    defaults={"type": "TOKEN"},
)
API_KEY = ResourceType(
    type="aws:apigateway/apiKey:ApiKey",
    service="apigateway",
    operations=crud("ApiKey", read=Operation("GetApiKey", {"includeValue": True})),
    id="{id}",
    inputs=Words("name description enabled value tags"),
    names={"apiKey": "id"},
    outputs={"arn": f"{_ARN}/apikeys/{{id}}", "value": "{value}"},
    replaces=Words("value"),
    computed=Words("value"),
    named_by="name",
    defaults={"enabled": True},
    tags=_TAGS,
    tags_after_create=True,
)


def _stage_patches(old: Properties, new: Properties) -> list[dict[str, str]]:
    """Return the patch that adds and removes stages of a usage plan."""
    before, after = (
        {f"{stage['apiId']}:{stage['stage']}" for stage in properties.get("apiStages") or []}
        for properties in (old, new)
    )
    return [{"op": "remove", "path": "/apiStages", "value": stage} for stage in sorted(before - after)] + [
        {"op": "add", "path": "/apiStages", "value": stage} for stage in sorted(after - before)
    ]


def _remove_stages(aws: Aws, state: Properties) -> None:
    """Remove the stages of a usage plan, without which it cannot be deleted."""
    if patches := _stage_patches(state, {}):
        aws.client("apigateway").update_usage_plan(usagePlanId=state["id"], patchOperations=patches)


USAGE_PLAN = ResourceType(
    type="aws:apigateway/usagePlan:UsagePlan",
    service="apigateway",
    operations=crud("UsagePlan"),
    id="{id}",
    inputs=Words(
        "name description apiStages.apiId apiStages.stage throttleSettings.rateLimit throttleSettings.burstLimit "
        "quotaSettings.limit quotaSettings.period tags"
    ),
    names={"usagePlanId": "id", "throttle": "throttleSettings", "quota": "quotaSettings"},
    outputs={"arn": f"{_ARN}/usageplans/{{id}}"},
    named_by="name",
    tags=_TAGS,
    tags_after_create=True,
    patches=_stage_patches,
    before_delete=_remove_stages,
)
USAGE_PLAN_KEY = ResourceType(
    type="aws:apigateway/usagePlanKey:UsagePlanKey",
    service="apigateway",
    operations=crud("UsagePlanKey", update=()),
    id="{id}",
    inputs=Words("keyId keyType usagePlanId"),
    outputs={"name": "{name}", "value": "{value}"},
    replaces=Words("keyId keyType usagePlanId"),
)

RESOURCE_TYPES = (DEPLOYMENT, STAGE, METHOD_SETTINGS, ACCOUNT, AUTHORIZER, API_KEY, USAGE_PLAN, USAGE_PLAN_KEY)
