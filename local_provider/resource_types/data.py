"""DynamoDB and CloudWatch Logs: tables and log groups."""

from local_provider.resource_type import Operation, Properties, ResourceType, Words, crud


def _table_keys(inputs: Properties) -> Properties:
    """Return key, attributes and encryption in DynamoDB's form."""
    roles = {"hashKey": "HASH", "rangeKey": "RANGE"}
    encryption = inputs.get("serverSideEncryption") or {}
    return {
        "keySchema": [
            {"attributeName": inputs[name], "keyType": role} for name, role in roles.items() if name in inputs
        ],
        "definitions": [
            {"attributeName": attribute["name"], "attributeType": attribute["type"]}
            for attribute in inputs.get("attributes", [])
        ],
    } | ({"sseType": "KMS"} if encryption.get("kmsKeyArn") else {})


TABLE = ResourceType(
    type="aws:dynamodb/table:Table",
    service="dynamodb",
    operations=crud(
        "Table",
        update=(
            Operation("UpdateTable", only=Words("billingMode deletionProtectionEnabled")),
            Operation("UpdateTable", only=Words("serverSideEncryption sseType")),
            "UpdateTimeToLive",
            "UpdateContinuousBackups",
        ),
        read="DescribeTable",
    ),
    id="{name}",
    inputs=Words(
        "name billingMode hashKey rangeKey attributes.name attributes.type ttl.attributeName ttl.enabled "
        "pointInTimeRecovery.enabled serverSideEncryption.kmsKeyArn deletionProtectionEnabled tags"
    ),
    inert={"serverSideEncryption.enabled": "the emulator keeps tables in memory, unencrypted"},
    names={
        "TableName": "name",
        "KeySchema": "keySchema",
        "AttributeDefinitions": "definitions",
        "SSESpecification.Enabled": "serverSideEncryption.enabled",
        "SSESpecification.KMSMasterKeyId": "serverSideEncryption.kmsKeyArn",
        "SSESpecification.SSEType": "sseType",
        "TimeToLiveSpecification.AttributeName": "ttl.attributeName",
        "TimeToLiveSpecification.Enabled": "ttl.enabled",
        "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": "pointInTimeRecovery.enabled",
    },
    outputs={"arn": "{TableArn}"},
    replaces=Words("name hashKey rangeKey attributes"),
    computed=Words("serverSideEncryption"),
    named_by="name",
    name_limit=255,
    defaults={"billingMode": "PROVISIONED"},
    cleared={"deletionProtectionEnabled": False, "pointInTimeRecovery": {"enabled": False}},
    partial=Words("serverSideEncryption"),
    details={
        "billingMode": ("", "BillingModeSummary.BillingMode"),
        "serverSideEncryption": ("", "SSEDescription.{kmsKeyArn: KMSMasterKeyArn}"),
        "ttl": (
            "DescribeTimeToLive",
            "{attributeName: AttributeName, enabled: contains(['ENABLED', 'ENABLING'], TimeToLiveStatus)}",
        ),
        "pointInTimeRecovery": (
            "DescribeContinuousBackups",
            "PointInTimeRecoveryDescription.{enabled: PointInTimeRecoveryStatus == 'ENABLED'}",
        ),
    },
    tags=("TagResource", "UntagResource", "ListTagsOfResource"),
    prepare=_table_keys,
)
LOG_GROUP = ResourceType(
    type="aws:cloudwatch/logGroup:LogGroup",
    service="logs",
    operations=crud(
        "LogGroup", update=(Operation("PutRetentionPolicy", unset="DeleteRetentionPolicy"),), read="DescribeLogGroups"
    ),
    id="{name}",
    inputs=Words("name kmsKeyId tags"),
    inert={"retentionInDays": "the emulator keeps its logs until it stops"},
    names={"logGroupName": "name", "logGroupNamePrefix": "name"},
    outputs={"arn": "arn:aws:logs:{region}:{account}:log-group:{name}"},
    replaces=Words("name kmsKeyId"),  # the emulator cannot change a group's key
    named_by="name",
    name_limit=512,
    described_by="logGroups[?logGroupName=='{name}'] | [0]",
    tags=("TagResource", "UntagResource", "ListTagsForResource"),
)

RESOURCE_TYPES = (TABLE, LOG_GROUP)
