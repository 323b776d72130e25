"""Lambda and Step Functions: functions, their permissions and retries, and state machines."""

from local_provider.aws import Aws
from local_provider.executions import stop_running_executions
from local_provider.resource_type import Operation, Properties, ResourceType, Words, crud, put

_INVOCATIONS = "arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{FunctionArn}"
_POLICY = "the emulator keeps a function's policy and does not enforce it"

FUNCTION = ResourceType(
    type="aws:lambda/function:Function",
    service="lambda",
    operations=crud(
        "Function",
        update=(
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
            Operation("PutFunctionConcurrency", unset="DeleteFunctionConcurrency"),
        ),
        read="GetFunction",
    ),
    id="{name}",
    inputs=Words(
        "name code deadLetterConfig.targetArn description environment.variables handler loggingConfig.logGroup "
        "packageType publish reservedConcurrentExecutions role tags timeout"
    ),
    inert={
        "architectures": "functions run on this machine",
        "ephemeralStorage.size": "functions have this machine's disk",
        "loggingConfig.applicationLogLevel": "the emulator keeps every line",
        "loggingConfig.logFormat": "the emulator keeps lines as they are",
        "loggingConfig.systemLogLevel": "the emulator keeps every line",
        "memorySize": "the emulator does not limit memory",
        "runtime": "functions run in the interpreter of the emulator",
        "tracingConfig.mode": "the emulator has no X-Ray",
        "vpcConfig.securityGroupIds": "functions are on this machine's network",
        "vpcConfig.subnetIds": "functions are on this machine's network",
    },
    names={"FunctionName": "name", "Code.ZipFile": "code", "ZipFile": "code", "Resource": "arn"},
    outputs={
        "arn": "{FunctionArn}",
        "qualifiedArn": "{FunctionArn}:{Version}",
        "invokeArn": f"{_INVOCATIONS}/invocations",
        "qualifiedInvokeArn": f"{_INVOCATIONS}:{{Version}}/invocations",
        "version": "{Version}",
        "codeSha256": "{CodeSha256}",
        "sourceCodeSize": "{CodeSize}",
        "lastModified": "{LastModified}",
    },
    replaces=Words("name packageType"),
    computed=Words("codeSha256"),
    named_by="name",
    defaults={"packageType": "Zip", "publish": False},
    cleared={"environment": {"variables": {}}},
    unread=Words("code publish reservedConcurrentExecutions"),
    described_by="Configuration",
    tags=("TagResource", "UntagResource", ""),
)
PERMISSION = ResourceType(
    type="aws:lambda/permission:Permission",
    service="lambda",
    operations=crud("Permission", create="AddPermission", read="GetPolicy", update=(), delete="RemovePermission"),
    id="{statementId}",
    inputs=Words("statementId action function principal qualifier"),
    inert={"sourceArn": _POLICY, "sourceAccount": _POLICY},
    names={"FunctionName": "function"},
    replaces=Words("statementId action function principal qualifier sourceArn sourceAccount"),
    named_by="statementId",
    name_limit=100,
    described_by="Policy && contains(Policy, '\"{statementId}\"')",
)
EVENT_INVOKE_CONFIG = ResourceType(
    type="aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    service="lambda",
    operations=put("FunctionEventInvokeConfig"),
    id="{functionName}",
    inputs=Words(
        "functionName maximumRetryAttempts maximumEventAgeInSeconds "
        "destinationConfig.onFailure.destination destinationConfig.onSuccess.destination"
    ),
    replaces=Words("functionName"),
)


def _stop_executions(aws: Aws, state: Properties) -> None:
    """Stop what still runs, so that the state machine is deleted at once."""
    stop_running_executions(aws.client("stepfunctions"), state["id"])


_LOG_GROUP = "loggingConfiguration.destinations.cloudWatchLogsLogGroup.logGroupArn"
STATE_MACHINE = ResourceType(
    type="aws:sfn/stateMachine:StateMachine",
    service="stepfunctions",
    operations=crud("StateMachine", read="DescribeStateMachine"),
    id="{stateMachineArn}",
    inputs=Words("name type definition roleArn tags"),
    inert={
        "loggingConfiguration": "the emulator writes no execution logs",
        "tracingConfiguration": "the emulator has no X-Ray",
    },
    names={"stateMachineArn": "id", _LOG_GROUP: "loggingConfiguration.logDestination"},
    outputs={"arn": "{stateMachineArn}", "status": "{status}", "creationDate": "{creationDate}"},
    replaces=Words("name type"),
    named_by="name",
    name_limit=80,
    defaults={"type": "STANDARD"},
    unread=Words("loggingConfiguration tracingConfiguration"),
    tags=("TagResource", "UntagResource", "ListTagsForResource"),
    before_delete=_stop_executions,
)

RESOURCE_TYPES = (FUNCTION, PERMISSION, EVENT_INVOKE_CONFIG, STATE_MACHINE)
