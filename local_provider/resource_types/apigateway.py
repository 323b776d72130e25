"""API Gateway: REST APIs with their paths, methods and answers."""

from local_provider.resource_type import ResourceType, Words, crud, put

__all__ = ["RESOURCE_TYPES"]

_METHOD = "{restApi}-{resourceId}-{httpMethod}"

REST_API = ResourceType(
    type="aws:apigateway/restApi:RestApi",
    service="apigateway",
    operations=crud("RestApi"),
    id="{id}",
    inputs=Words("name description apiKeySource binaryMediaTypes tags"),
    inert={"endpointConfiguration.types": "the emulator serves every API on its own port"},
    names={"restApiId": "id"},
    outputs={
        "arn": "arn:aws:apigateway:{region}::/restapis/{id}",
        "createdDate": "{createdDate}",
        "executionArn": "arn:aws:execute-api:{region}:{account}:{id}",
        "rootResourceId": "{rootResourceId}",
    },
    named_by="name",
    name_limit=128,
    tags=("TagResource", "UntagResource", "GetTags"),
)
PATH = ResourceType(
    type="aws:apigateway/resource:Resource",
    service="apigateway",
    operations=crud("Resource"),
    id="{id}",
    inputs=Words("restApi parentId pathPart"),
    names={"restApiId": "restApi", "resourceId": "id"},
    outputs={"path": "{path}"},
    replaces=Words("restApi parentId"),
)
MODEL = ResourceType(
    type="aws:apigateway/model:Model",
    service="apigateway",
    operations=crud("Model"),
    id="{id}",
    inputs=Words("restApi name description contentType schema"),
    names={"restApiId": "restApi", "modelName": "name"},
    replaces=Words("restApi name contentType"),
    named_by="name",
)
REQUEST_VALIDATOR = ResourceType(
    type="aws:apigateway/requestValidator:RequestValidator",
    service="apigateway",
    operations=crud("RequestValidator"),
    id="{id}",
    inputs=Words("restApi name validateRequestBody validateRequestParameters"),
    names={"restApiId": "restApi", "requestValidatorId": "id"},
    replaces=Words("restApi"),
    named_by="name",
    defaults={"validateRequestBody": False, "validateRequestParameters": False},
)
GATEWAY_RESPONSE = ResourceType(
    type="aws:apigateway/response:Response",
    service="apigateway",
    operations=put("GatewayResponse"),
    id="aggr-{restApiId}-{responseType}",
    inputs=Words("restApiId responseType statusCode responseTemplates responseParameters"),
    replaces=Words("restApiId responseType"),
)
METHOD = ResourceType(
    type="aws:apigateway/method:Method",
    service="apigateway",
    operations=put("Method", update="UpdateMethod"),
    id=f"agm-{_METHOD}",
    inputs=Words(
        "restApi resourceId httpMethod authorization authorizationScopes authorizerId apiKeyRequired operationName "
        "requestModels requestParameters requestValidatorId"
    ),
    names={"restApiId": "restApi", "authorizationType": "authorization"},
    replaces=Words("restApi resourceId httpMethod authorizationScopes"),  # the emulator cannot patch a list
)
INTEGRATION = ResourceType(
    type="aws:apigateway/integration:Integration",
    service="apigateway",
    operations=put("Integration", update="UpdateIntegration"),
    id=f"agi-{_METHOD}",
    inputs=Words("restApi resourceId httpMethod type integrationHttpMethod uri requestTemplates passthroughBehavior"),
    inert={"timeoutMilliseconds": "the emulator does not limit the time of a call"},
    names={"restApiId": "restApi", "timeoutInMillis": "timeoutMilliseconds"},
    replaces=Words("restApi resourceId httpMethod type"),
    cleared={"timeoutMilliseconds": 29000},
    details={"integrationHttpMethod": ("", "httpMethod")},
    patch_paths={"integrationHttpMethod": "/httpMethod"},
)
METHOD_RESPONSE = ResourceType(
    type="aws:apigateway/methodResponse:MethodResponse",
    service="apigateway",
    operations=put("MethodResponse"),
    id=f"agmr-{_METHOD}-{{statusCode}}",
    inputs=Words("restApi resourceId httpMethod statusCode responseParameters"),
    names={"restApiId": "restApi"},
    replaces=Words("restApi resourceId httpMethod statusCode"),
)
INTEGRATION_RESPONSE = ResourceType(
    type="aws:apigateway/integrationResponse:IntegrationResponse",
    service="apigateway",
    operations=put("IntegrationResponse"),
    id=f"agir-{_METHOD}-{{statusCode}}",
    inputs=Words("restApi resourceId httpMethod statusCode responseParameters responseTemplates selectionPattern"),
    names={"restApiId": "restApi"},
    replaces=Words("restApi resourceId httpMethod statusCode"),
)

RESOURCE_TYPES = (
    REST_API,
    PATH,
    MODEL,
    REQUEST_VALIDATOR,
    GATEWAY_RESPONSE,
    METHOD,
    INTEGRATION,
    METHOD_RESPONSE,
    INTEGRATION_RESPONSE,
)
