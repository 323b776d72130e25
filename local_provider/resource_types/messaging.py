"""SQS and EventBridge: queues, rules and their targets."""

from local_provider.resource_type import Operation, ResourceType, Words, crud, put

QUEUE = ResourceType(
    type="aws:sqs/queue:Queue",
    service="sqs",
    operations=crud(
        "Queue", update="SetQueueAttributes", read=Operation("GetQueueAttributes", {"AttributeNames": ["All"]})
    ),
    id="{QueueUrl}",
    inputs=Words("name delaySeconds kmsMasterKeyId messageRetentionSeconds visibilityTimeoutSeconds tags"),
    inert={"sqsManagedSseEnabled": "the emulator keeps messages in memory, unencrypted"},
    names={
        "QueueName": "name",
        "QueueUrl": "id",
        "Attributes.DelaySeconds": "delaySeconds",
        "Attributes.KmsMasterKeyId": "kmsMasterKeyId",
        "Attributes.MessageRetentionPeriod": "messageRetentionSeconds",
        "Attributes.SqsManagedSseEnabled": "sqsManagedSseEnabled",
        "Attributes.VisibilityTimeout": "visibilityTimeoutSeconds",
    },
    outputs={"arn": "{Attributes[QueueArn]}", "url": "{id}"},
    replaces=Words("name"),
    named_by="name",
    name_limit=80,
    tags=("TagQueue", "UntagQueue", "ListQueueTags"),
)
QUEUE_POLICY = ResourceType(
    type="aws:sqs/queuePolicy:QueuePolicy",
    service="sqs",
    operations=crud(
        "QueueAttributes",
        create="SetQueueAttributes",
        read=Operation("GetQueueAttributes", {"AttributeNames": ["Policy"]}),
        update="SetQueueAttributes",
        delete=Operation("SetQueueAttributes", {"Attributes": {"Policy": ""}}),
    ),
    id="{queueUrl}",
    inputs=Words("queueUrl policy"),
    names={"QueueUrl": "queueUrl", "Attributes.Policy": "policy"},
    replaces=Words("queueUrl"),
    described_by="Attributes.Policy && @",
)
EVENT_RULE = ResourceType(
    type="aws:cloudwatch/eventRule:EventRule",
    service="events",
    operations=put("Rule", read="DescribeRule"),
    id="{name}",
    inputs=Words("name description eventPattern scheduleExpression state tags"),
    outputs={"arn": "arn:aws:events:{region}:{account}:rule/{name}"},
    replaces=Words("name"),
    named_by="name",
    tags=("TagResource", "UntagResource", "ListTagsForResource"),
)
EVENT_TARGET = ResourceType(
    type="aws:cloudwatch/eventTarget:EventTarget",
    service="events",
    operations=put("Targets", read="ListTargetsByRule", delete="RemoveTargets"),
    id="{rule}-{targetId}",
    inputs=Words("rule targetId arn"),
    inert={
        "deadLetterConfig.arn": "the emulator does not keep events that a target refused",
        "retryPolicy.maximumEventAgeInSeconds": "the emulator sends an event once",
        "retryPolicy.maximumRetryAttempts": "the emulator sends an event once",
    },
    names={
        "Targets.Id": "targetId",
        "Targets.Arn": "arn",
        "Targets.DeadLetterConfig": "deadLetterConfig",
        "Targets.RetryPolicy": "retryPolicy",
        "Ids": "targetId",
    },
    replaces=Words("rule targetId"),
    named_by="targetId",
    described_by="Targets[?Id=='{targetId}'] | [0]",
)

RESOURCE_TYPES = (QUEUE, QUEUE_POLICY, EVENT_RULE, EVENT_TARGET)
