"""DynamoDB, IAM, SQS, CloudWatch Logs and EventBridge: tables, roles, queues, log groups and rules."""

from local_provider.resource_type import Operation, Properties, Words, crud, members, put, same

_TTL = "{attributeName: AttributeName, enabled: contains(['ENABLED', 'ENABLING'], TimeToLiveStatus)}"
_RECOVERY = "PointInTimeRecoveryDescription.{enabled: PointInTimeRecoveryStatus == 'ENABLED'}"


def _table_keys(inputs: Properties) -> Properties:
    """Return key, attributes and encryption in DynamoDB's form."""
    roles = {"hashKey": "HASH", "rangeKey": "RANGE"}
    keys = [{"attributeName": inputs[name], "keyType": role} for name, role in roles.items() if name in inputs]
    attributes = inputs.get("attributes", [])
    definitions = [{"attributeName": item["name"], "attributeType": item["type"]} for item in attributes]
    has_key = (inputs.get("serverSideEncryption") or {}).get("kmsKeyArn")
    return {"keySchema": keys, "definitions": definitions} | ({"sseType": "KMS"} if has_key else {})


RESOURCE_TYPES = (
    crud(
        "aws:dynamodb/table:Table",
        """name! billingMode hashKey! rangeKey! attributes.name! attributes.type! ttl.attributeName ttl.enabled
            pointInTimeRecovery.enabled serverSideEncryption.kmsKeyArn deletionProtectionEnabled tags""",
        update=(
            Operation("UpdateTable", only=Words("billingMode deletionProtectionEnabled")),
            Operation("UpdateTable", only=Words("serverSideEncryption sseType")),
            "UpdateTimeToLive",
            "UpdateContinuousBackups",
        ),
        read="DescribeTable",
        inert={"serverSideEncryption.enabled": "the emulator keeps tables in memory, unencrypted"},
        names={
            "KeySchema": "keySchema",
            "AttributeDefinitions": "definitions",
            "SSESpecification.Enabled": "serverSideEncryption.enabled",
            "SSESpecification.KMSMasterKeyId": "serverSideEncryption.kmsKeyArn",
            "SSESpecification.SSEType": "sseType",
            "TimeToLiveSpecification": "ttl",
            "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": "pointInTimeRecovery.enabled",
        },
        outputs={"arn": "{TableArn}"},
        computed=Words("serverSideEncryption"),
        name_limit=255,
        defaults={"billingMode": "PROVISIONED"},
        cleared={"deletionProtectionEnabled": False, "pointInTimeRecovery": {"enabled": False}},
        partial=Words("serverSideEncryption"),
        details={
            "billingMode": ("", "BillingModeSummary.BillingMode"),
            "serverSideEncryption": ("", "SSEDescription.{kmsKeyArn: KMSMasterKeyArn}"),
            "ttl": ("DescribeTimeToLive", _TTL),
            "pointInTimeRecovery": ("DescribeContinuousBackups", _RECOVERY),
        },
        prepare=_table_keys,
    ),
    crud(
        "aws:iam/role:Role",
        "name! assumeRolePolicy description maxSessionDuration path! permissionsBoundary tags",
        update=(
            "UpdateAssumeRolePolicy",
            "UpdateRole",
            Operation("PutRolePermissionsBoundary", unset="DeleteRolePermissionsBoundary"),
        ),
        names={"AssumeRolePolicyDocument": "assumeRolePolicy", "PolicyDocument": "assumeRolePolicy"},
        outputs={"uniqueId": "{RoleId}", **same("arn createDate")},
        cleared={"maxSessionDuration": 3600},
        details={"permissionsBoundary": ("", "PermissionsBoundary.PermissionsBoundaryArn")},
    ),
    put(
        "aws:iam/rolePolicy:RolePolicy",
        "name! role! policy",
        id="{role}:{name}",
        names={"PolicyName": "name", "PolicyDocument": "policy"},
        name_limit=128,
    ),
    crud(
        "aws:sqs/queue:Queue",
        "name! delaySeconds kmsMasterKeyId messageRetentionSeconds visibilityTimeoutSeconds tags",
        update="SetQueueAttributes",
        read=Operation("GetQueueAttributes", {"AttributeNames": ["All"]}),
        id="{QueueUrl}",
        inert={"sqsManagedSseEnabled": "the emulator keeps messages in memory, unencrypted"},
        names={
            **members("Attributes", "delaySeconds kmsMasterKeyId sqsManagedSseEnabled"),
            "Attributes.MessageRetentionPeriod": "messageRetentionSeconds",
            "Attributes.VisibilityTimeout": "visibilityTimeoutSeconds",
        },
        outputs={"arn": "{Attributes[QueueArn]}", "url": "{id}"},
        name_limit=80,
    ),
    crud(
        "aws:sqs/queuePolicy:QueuePolicy",
        "queueUrl! policy",
        noun="QueueAttributes",
        create="SetQueueAttributes",
        read=Operation("GetQueueAttributes", {"AttributeNames": ["Policy"]}),
        update="SetQueueAttributes",
        delete=Operation("SetQueueAttributes", {"Attributes": {"Policy": ""}}),
        names=members("Attributes", "policy"),
        described_by="Attributes.Policy && @",
    ),
    crud(
        "aws:cloudwatch/logGroup:LogGroup",
        "name! kmsKeyId! tags",  # the emulator cannot change a group's key
        service="logs",
        update=Operation("PutRetentionPolicy", unset="DeleteRetentionPolicy"),
        read="DescribeLogGroups",
        inert={"retentionInDays": "the emulator keeps its logs until it stops"},
        names={"logGroupNamePrefix": "name"},
        outputs={"arn": "arn:aws:logs:{region}:{account}:log-group:{name}"},
        name_limit=512,
        described_by="logGroups[?logGroupName=='{name}'] | [0]",
    ),
    crud(
        "aws:cloudwatch/queryDefinition:QueryDefinition",
        "name queryString logGroupNames",
        service="logs",
        id="{queryDefinitionId}",
        create="PutQueryDefinition",
        read="DescribeQueryDefinitions",
        update="PutQueryDefinition",
        names={"queryDefinitionId": "id", "queryDefinitionNamePrefix": "name"},
        outputs=same("queryDefinitionId"),
        name_limit=255,
        described_by="queryDefinitions[?queryDefinitionId=='{id}'] | [0]",
    ),
    put(
        "aws:cloudwatch/eventRule:EventRule",
        "name! description eventPattern scheduleExpression state tags",
        noun="Rule",
        service="events",
        read="DescribeRule",
        outputs={"arn": "arn:aws:events:{region}:{account}:rule/{name}"},
    ),
    put(
        "aws:cloudwatch/eventTarget:EventTarget",
        "rule! targetId! arn",
        noun="Targets",
        service="events",
        read="ListTargetsByRule",
        delete="RemoveTargets",
        id="{rule}-{targetId}",
        inert={
            "deadLetterConfig.arn": "the emulator does not keep events that a target refused",
            "retryPolicy.maximumEventAgeInSeconds retryPolicy.maximumRetryAttempts": "the emulator sends an event once",
        },
        names={"Targets.Id": "targetId", "Ids": "targetId", **members("Targets", "arn deadLetterConfig retryPolicy")},
        named_by="targetId",
        described_by="Targets[?Id=='{targetId}'] | [0]",
    ),
)
