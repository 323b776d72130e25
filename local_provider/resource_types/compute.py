"""Lambda and Step Functions: functions, their permissions and retries, and state machines."""

from typing import Any

from local_provider.aws import Aws
from local_provider.resource_type import Operation, Properties, Publication, Words, crud, put, same

_FUNCTION = "arn:aws:lambda:{region}:{account}:function:{name}"  # answers may name a version in `FunctionArn`
_INVOCATIONS = f"arn:aws:apigateway:{{region}}:lambda:path/2015-03-31/functions/{_FUNCTION}"
_LOG_GROUP = "loggingConfiguration.destinations.cloudWatchLogsLogGroup.logGroupArn"


def stop_running_executions(client: Any, machine_arn: str) -> None:
    """Stop every execution that runs; `client` is a client of Step Functions.

    Raises:
        botocore.exceptions.ClientError: an execution could not be stopped and still runs.
    """
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=machine_arn, statusFilter="RUNNING")
    for arn in [execution["executionArn"] for page in pages for execution in page["executions"]]:
        try:
            client.stop_execution(executionArn=arn)
        except client.exceptions.ValidationException:  # the emulator's answer if it has ended since it was listed
            if client.describe_execution(executionArn=arn)["status"] == "RUNNING":
                raise


def _stop_executions(aws: Aws, state: Properties) -> None:
    """Stop what still runs, so that the state machine is deleted at once."""
    stop_running_executions(aws.client("stepfunctions"), state["id"])


RESOURCE_TYPES = (
    crud(
        "aws:lambda/function:Function",
        """name! code deadLetterConfig.targetArn description environment.variables handler loggingConfig.logGroup
            packageType! publish reservedConcurrentExecutions role tags timeout""",
        update=(
            Operation("UpdateFunctionCode", only=Words("code")),  # without `publish`: the configuration belongs to it
            "UpdateFunctionConfiguration",
            Operation("PutFunctionConcurrency", unset="DeleteFunctionConcurrency"),
        ),
        inert={
            "architectures": "functions run on this machine",
            "ephemeralStorage.size": "functions have this machine's disk",
            "loggingConfig.applicationLogLevel loggingConfig.systemLogLevel": "the emulator keeps every line",
            "loggingConfig.logFormat": "the emulator keeps lines as they are",
            "memorySize": "the emulator does not limit memory",
            "runtime": "functions run in the interpreter of the emulator",
            "tracingConfig.mode": "the emulator has no X-Ray",
            "vpcConfig.securityGroupIds vpcConfig.subnetIds": "functions are on this machine's network",
        },
        names={"Code.ZipFile": "code", "ZipFile": "code", "Resource": "arn"},
        outputs={
            "arn": _FUNCTION,
            "qualifiedArn": f"{_FUNCTION}:{{Version}}",
            "invokeArn": f"{_INVOCATIONS}/invocations",
            "qualifiedInvokeArn": f"{_INVOCATIONS}:{{Version}}/invocations",
            "sourceCodeSize": "{CodeSize}",
            **same("codeSha256 lastModified version"),
        },
        computed=Words("codeSha256"),
        defaults={"packageType": "Zip", "publish": False},
        cleared={"environment": {"variables": {}}},
        unread=Words("code publish reservedConcurrentExecutions"),
        described_by="Configuration",
        publication=Publication(
            Operation("PublishVersion", only=Words("publish")),  # `description` would be another one of the version
            Operation("ListVersionsByFunction"),
            "Versions",
            outputs=Words("lastModified qualifiedArn qualifiedInvokeArn version"),
            without=Words("reservedConcurrentExecutions tags"),
        ),
    ),
    crud(
        "aws:lambda/permission:Permission",
        "statementId! action! function! principal! qualifier!",
        create="AddPermission",
        read="GetPolicy",
        update=(),
        delete="RemovePermission",
        inert={"sourceArn! sourceAccount!": "the emulator keeps a function's policy and does not enforce it"},
        named_by="statementId",
        name_limit=100,
        described_by="Policy && contains(Policy, '\"{statementId}\"')",
    ),
    put(
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        """functionName! maximumRetryAttempts maximumEventAgeInSeconds
            destinationConfig.onFailure.destination destinationConfig.onSuccess.destination""",
    ),
    crud(
        "aws:sfn/stateMachine:StateMachine",
        "name! type! definition roleArn tags",
        service="stepfunctions",
        read="DescribeStateMachine",
        id="{stateMachineArn}",
        inert={
            "loggingConfiguration": "the emulator writes no execution logs",
            "tracingConfiguration": "the emulator has no X-Ray",
        },
        names={_LOG_GROUP: "loggingConfiguration.logDestination"},
        outputs={"arn": "{stateMachineArn}", **same("creationDate status")},
        name_limit=80,
        defaults={"type": "STANDARD"},
        unread=Words("loggingConfiguration tracingConfiguration"),
        before_delete=_stop_executions,
    ),
)
