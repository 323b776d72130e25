"""IAM actions that are needed to create, read, update and delete each resource type of the program.

They are those that the official provider calls, from its source, and those that CloudFormation lists for the same type.
`s3:GetBucket*` stands for a dozen of a bucket's settings, so that the policy stays below the limit of a managed one.
In ARNs `{name}` stands for the pattern of the stack's names, `{bucket}` for that of its bucket, and `{log_folder}` for
each folder of its log groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Grant:
    """Actions that are allowed on some resources under a condition."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def _grant(service: str, verbs: str, *resources: str, equals: Mapping[str, object] | None = None) -> Grant:
    actions = tuple(f"{service}:{verb}" for verb in verbs.split())
    return Grant(actions, resources, {"StringEquals": equals} if equals else {})


BOUNDARY = {"iam:PermissionsBoundary": "{permissions_boundary}"}
"""Condition of the actions that could give more permissions to a role; left out for a stack without a boundary."""
_LOCAL = "arn:{partition}:%s:{region}:{account}:%s"
_ROLE = "arn:{partition}:iam::{account}:role{role_path}{name}"
_BUCKET = "arn:{partition}:s3:::{bucket}"
_API = "arn:{partition}:apigateway:{region}::/%s"
_FUNCTION = _LOCAL % ("lambda", "function:{name}")
_QUEUE = _LOCAL % ("sqs", "{name}")
_MACHINE = _LOCAL % ("states", "stateMachine:{name}")
_RULE = _LOCAL % ("events", "rule/{name}")
_LOG_GROUPS = _LOCAL % ("logs", "log-group:{log_folder}/{name}")  # for each folder of the stack
_TAKERS = ["apigateway.amazonaws.com", "lambda.amazonaws.com", "states.amazonaws.com"]
_PASS_ROLE = _grant("iam", "PassRole", _ROLE, equals={"iam:PassedToService": _TAKERS})
_BOUNDED = _grant("iam", "CreateRole DeleteRolePolicy PutRolePolicy", _ROLE, equals=BOUNDARY)
_REST = _grant("apigateway", "DELETE GET PATCH POST PUT", _API % "restapis*", _API % "tags/*")
_SOCKET = _grant("apigateway", "DELETE GET PATCH POST PUT", _API % "apis*", _API % "tags/*")
_DOMAIN = _grant("apigateway", "DELETE GET PATCH POST PUT", _API % "domainnames*", _API % "tags/*")
_STAGES = _API % "restapis/*/stages/*"
_KEYS = _grant("apigateway", "DELETE GET PATCH POST PUT", _API % "apikeys*")
_PLANS = _grant("apigateway", "DELETE GET PATCH POST PUT", _API % "usageplans*")
_GATEWAY_ROLE = _grant(  # API Gateway creates it with the first API of an account
    "iam",
    "CreateServiceLinkedRole",
    "arn:{partition}:iam::{account}:role/aws-service-role/ops.apigateway.amazonaws.com/*",
    equals={"iam:AWSServiceName": "ops.apigateway.amazonaws.com"},
)
_MONITORING = _grant(
    "cloudwatch",
    "DeleteAlarms DeleteDashboards DescribeAlarms GetDashboard ListTagsForResource PutDashboard PutMetricAlarm "
    "TagResource UntagResource",
    _LOCAL % ("cloudwatch", "alarm:{name}"),
    "arn:{partition}:cloudwatch::{account}:dashboard/{name}",
)

GRANTS: Mapping[str, tuple[Grant, ...]] = {
    "aws:apigateway/account:Account": (_grant("apigateway", "GET PATCH", _API % "account"), _PASS_ROLE),
    "aws:apigateway/apiKey:ApiKey": (_KEYS, _REST),
    "aws:apigateway/authorizer:Authorizer": (_REST,),
    "aws:apigateway/deployment:Deployment": (_REST,),
    "aws:apigateway/integration:Integration": (_REST,),
    "aws:apigateway/integrationResponse:IntegrationResponse": (_REST,),
    "aws:apigateway/method:Method": (_REST,),
    "aws:apigateway/methodResponse:MethodResponse": (_REST,),
    "aws:apigateway/methodSettings:MethodSettings": (_REST,),
    "aws:apigateway/model:Model": (_REST,),
    "aws:apigateway/requestValidator:RequestValidator": (_REST,),
    "aws:apigateway/resource:Resource": (_REST,),
    "aws:apigateway/response:Response": (_REST,),
    "aws:apigateway/restApi:RestApi": (_REST, _GATEWAY_ROLE),
    "aws:apigateway/stage:Stage": (_REST,),
    "aws:apigateway/usagePlan:UsagePlan": (_PLANS, _REST),
    "aws:apigateway/usagePlanKey:UsagePlanKey": (_PLANS, _KEYS),
    "aws:apigateway/basePathMapping:BasePathMapping": (_DOMAIN,),
    "aws:apigateway/domainName:DomainName": (_DOMAIN, _GATEWAY_ROLE),
    "aws:apigatewayv2/apiMapping:ApiMapping": (_DOMAIN,),
    "aws:apigatewayv2/domainName:DomainName": (_DOMAIN, _GATEWAY_ROLE),
    "aws:apigatewayv2/api:Api": (_SOCKET, _GATEWAY_ROLE),
    "aws:apigatewayv2/integration:Integration": (_SOCKET,),
    "aws:apigatewayv2/route:Route": (_SOCKET,),
    "aws:apigatewayv2/stage:Stage": (_SOCKET,),
    "aws:cloudwatch/dashboard:Dashboard": (_MONITORING,),
    "aws:cloudwatch/eventRule:EventRule": (
        _grant("events", "DeleteRule DescribeRule ListTagsForResource PutRule TagResource UntagResource", _RULE),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": (_grant("events", "ListTargetsByRule PutTargets RemoveTargets", _RULE),),
    "aws:cloudwatch/logGroup:LogGroup": (
        _grant("logs", "DescribeLogGroups", "*"),
        _grant(
            "logs",
            "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy DisassociateKmsKey "
            "ListTagsForResource PutRetentionPolicy TagResource UntagResource",
            _LOG_GROUPS,
        ),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (_MONITORING,),
    # Delete, Describe and Put, without an ARN; the policy has few characters left.
    "aws:cloudwatch/queryDefinition:QueryDefinition": (_grant("logs", "*QueryDefinition*", "*"),),
    "aws:dynamodb/table:Table": (
        _grant(
            "dynamodb",
            "CreateTable DeleteTable DescribeContinuousBackups DescribeTable DescribeTimeToLive ListTagsOfResource "
            "TagResource UntagResource UpdateContinuousBackups UpdateTable UpdateTimeToLive",
            _LOCAL % ("dynamodb", "table/{name}"),
        ),
    ),
    "aws:iam/role:Role": (
        _grant(
            "iam",
            "DeleteRole GetRole ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies "
            "ListRoleTags TagRole UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription",
            _ROLE,
        ),
        _BOUNDED,
    ),
    "aws:iam/rolePolicy:RolePolicy": (_grant("iam", "GetRolePolicy", _ROLE), _BOUNDED),
    "aws:lambda/function:Function": (
        _grant(
            "lambda",
            "CreateFunction DeleteFunction DeleteFunctionConcurrency GetFunction GetFunctionCodeSigningConfig "
            "GetFunctionConcurrency GetFunctionConfiguration ListTags ListVersionsByFunction PublishVersion "
            "PutFunctionConcurrency TagResource UntagResource UpdateFunctionCode UpdateFunctionConfiguration",
            _FUNCTION,
        ),
        _grant("ec2", "DescribeSecurityGroups DescribeSubnets DescribeVpcs", "*"),  # of functions in a VPC
        _PASS_ROLE,
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
        _grant(
            "lambda",
            "DeleteFunctionEventInvokeConfig GetFunctionEventInvokeConfig PutFunctionEventInvokeConfig "
            "UpdateFunctionEventInvokeConfig",
            _FUNCTION,
        ),
    ),
    "aws:lambda/permission:Permission": (_grant("lambda", "AddPermission GetPolicy RemovePermission", _FUNCTION),),
    "aws:s3/bucket:Bucket": (
        _grant(
            "s3",
            "CreateBucket DeleteBucket GetAccelerateConfiguration GetBucket* GetEncryptionConfiguration "
            "GetLifecycleConfiguration GetReplicationConfiguration ListBucket* ListTagsForResource "
            "PutBucketTagging TagResource UntagResource",
            _BUCKET,
        ),
        # `forceDestroy` empties the bucket.
        _grant("s3", "AbortMultipartUpload DeleteObject DeleteObjectVersion", f"{_BUCKET}/*"),
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": (_grant("s3", "GetBucket* PutBucketCORS", _BUCKET),),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        _grant("s3", "GetLifecycleConfiguration PutLifecycleConfiguration", _BUCKET),
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        _grant("s3", "GetBucket* PutBucketOwnershipControls", _BUCKET),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": (_grant("s3", "DeleteBucketPolicy GetBucket* PutBucketPolicy", _BUCKET),),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        _grant("s3", "GetBucket* PutBucketPublicAccessBlock", _BUCKET),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _grant("s3", "GetEncryptionConfiguration PutEncryptionConfiguration", _BUCKET),
    ),
    "aws:sfn/stateMachine:StateMachine": (
        _grant("states", "ValidateStateMachineDefinition", "*"),
        _grant(
            "states",
            "CreateStateMachine DeleteStateMachine DescribeStateMachine ListExecutions ListStateMachineVersions "
            "ListTagsForResource TagResource UntagResource UpdateStateMachine",
            _MACHINE,
        ),
        # Executions are stopped before a stack is destroyed: a machine waits for them.
        _grant("states", "StopExecution", _LOCAL % ("states", "execution:{name}")),
        _PASS_ROLE,
    ),
    "aws:sqs/queue:Queue": (
        _grant(
            "sqs",
            "CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags SetQueueAttributes TagQueue "
            "UntagQueue",
            _QUEUE,
        ),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": (_grant("sqs", "GetQueueAttributes SetQueueAttributes", _QUEUE),),
    "aws:wafv2/webAclAssociation:WebAclAssociation": (
        _grant("apigateway", "SetWebACL", _STAGES),
        _grant("wafv2", "DisassociateWebACL GetWebACLForResource", _STAGES),
    ),
}
"""Grants by resource type."""

OPTIONAL: Mapping[str, tuple[Grant, ...]] = {
    "key": (
        _grant(  # DynamoDB uses the key with the permissions of the role that creates the table
            "kms",
            "CreateGrant Decrypt DescribeKey Encrypt GenerateDataKey* ReEncrypt*",
            "{key}",
            equals={"kms:ViaService": "dynamodb.{region}.{suffix}"},
        ),
    ),
    "existing_bucket": (_grant("s3", "ListBucket", "arn:{partition}:s3:::{existing_bucket}"),),
    "authorizer_function": (_grant("lambda", "AddPermission GetPolicy RemovePermission", "{authorizer_function}"),),
    "web_acl": (_grant("wafv2", "AssociateWebACL GetWebACL", "{web_acl}"), _grant("wafv2", "AssociateWebACL", _STAGES)),
    "permissions_boundary": (_grant("iam", "PutRolePermissionsBoundary", _ROLE, equals=BOUNDARY),),
}
"""Further grants by field of `Target`, for stacks that set it."""
