"""An update in place for every resource type that can be updated."""

from __future__ import annotations

from typing import Any

KEY, OTHER_KEY = (f"arn:aws:kms:us-east-1:000000000000:key/{digit * 8}-12ab-34cd-56ef-1234567890ab" for digit in "12")
DENIED = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
CHANGED: dict[str, dict[str, Any]] = {
    "aws:apigateway/apiKey:ApiKey": {"description": "new", "tags": {"a": "1"}},
    "aws:apigateway/authorizer:Authorizer": {
        "authorizerResultTtlInSeconds": 60,
        "identitySource": "method.request.header.X-Token",
    },
    "aws:apigateway/domainName:DomainName": {"tags": {"a": "1"}},
    "aws:apigateway/deployment:Deployment": {"description": "new"},
    "aws:apigateway/integration:Integration": {"timeoutMilliseconds": 5000},
    "aws:apigateway/integrationResponse:IntegrationResponse": {
        "responseParameters": {"method.response.header.Access-Control-Max-Age": "'1'"}
    },
    "aws:apigateway/methodResponse:MethodResponse": {
        "responseParameters": {"method.response.header.Access-Control-Max-Age": True}
    },
    "aws:apigateway/method:Method": {"authorization": "AWS_IAM", "apiKeyRequired": False},
    "aws:apigateway/methodSettings:MethodSettings": {
        "settings": {"throttlingRateLimit": 5.0, "throttlingBurstLimit": 6}
    },
    "aws:apigateway/model:Model": {"schema": '{"type": "object"}'},
    "aws:apigateway/requestValidator:RequestValidator": {"validateRequestBody": False},
    "aws:apigateway/response:Response": {"responseTemplates": {"application/json": "{}"}},
    "aws:apigateway/restApi:RestApi": {"description": "new", "tags": {"a": "1"}},
    "aws:apigateway/stage:Stage": {"description": "new", "tags": {"a": "1"}},
    "aws:apigateway/usagePlan:UsagePlan": {
        "description": "new",
        "throttleSettings": {"rateLimit": 1, "burstLimit": 2},
        "quotaSettings": {"limit": 7, "period": "DAY"},
    },
    "aws:apigatewayv2/api:Api": {"description": "new", "tags": {"a": "1"}},
    "aws:apigatewayv2/apiMapping:ApiMapping": {"apiMappingKey": "a"},
    "aws:apigatewayv2/domainName:DomainName": {
        "domainNameConfiguration": {
            "certificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/2",
            "endpointType": "REGIONAL",
            "securityPolicy": "TLS_1_2",
        },
        "tags": {"a": "1"},
    },
    "aws:apigatewayv2/integration:Integration": {"timeoutMilliseconds": 5000},
    "aws:apigatewayv2/route:Route": {"operationName": "new"},
    "aws:apigatewayv2/stage:Stage": {"description": "new", "tags": {"a": "1"}},
    "aws:cloudwatch/dashboard:Dashboard": {"dashboardBody": '{"widgets": []}'},
    "aws:cloudwatch/eventRule:EventRule": {"description": "new", "state": "DISABLED"},
    "aws:cloudwatch/eventTarget:EventTarget": {"retryPolicy": {"maximumRetryAttempts": 1}},
    "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": 3, "tags": {"a": "1"}},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"alarmDescription": "new", "threshold": 7.0, "tags": {"a": "1"}},
    "aws:dynamodb/table:Table": {
        "pointInTimeRecovery": {"enabled": True},
        "serverSideEncryption": {"enabled": True, "kmsKeyArn": OTHER_KEY},
        "tags": {"a": "1"},
    },
    "aws:iam/role:Role": {
        "description": "new",
        "permissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
        "tags": {"a": "1"},
    },
    "aws:iam/rolePolicy:RolePolicy": {"policy": DENIED},
    "aws:lambda/function:Function": {"timeout": 7, "environment": {"variables": {"LEVEL": "1"}}, "tags": {"a": "1"}},
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {"maximumRetryAttempts": 0},
    "aws:s3/bucket:Bucket": {"tags": {"a": "1"}},
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {"rule": {"objectOwnership": "ObjectWriter"}},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"blockPublicAcls": False},
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": {
        "corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["*"], "maxAgeSeconds": 5}]
    },
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
        "rules": [{"id": "new", "status": "Enabled", "filter": {"prefix": "p/"}, "expiration": {"days": 2}}]
    },
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "rules": [
            {
                "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": OTHER_KEY},
                "bucketKeyEnabled": False,
            }
        ]
    },
    "aws:sfn/stateMachine:StateMachine": {"definition": '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'},
    "aws:sqs/queue:Queue": {"kmsMasterKeyId": OTHER_KEY, "messageRetentionSeconds": 60, "tags": {"a": "1"}},
}
UNCHANGEABLE = {
    "aws:apigateway/account:Account": "its only input is the role",
    "aws:apigateway/basePathMapping:BasePathMapping": "the emulator has no operation that updates it",
    "aws:apigateway/resource:Resource": "the emulator does not rename paths below",
    "aws:apigateway/usagePlanKey:UsagePlanKey": "every change replaces it",
    "aws:lambda/permission:Permission": "every change replaces it",
    "aws:s3/bucketPolicy:BucketPolicy": "like a role's policy",
    "aws:wafv2/webAclAssociation:WebAclAssociation": "every change replaces it",
    "aws:sqs/queuePolicy:QueuePolicy": "like a role's policy",
}
