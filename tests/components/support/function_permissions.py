"""What a function's role has to allow: what its handler calls, on what it is told, and what Lambda does itself.

A call or an attachment that is not known here raises: whoever adds one says what right goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from async_download.names import hyphenated

from tests.components.support.adapter_calls import Call
from tests.components.support.harness import Cloud, Deployed, Registered
from tests.components.support.runtime_calls import calls_of
from tests.components.support.service_permissions import Right

METHODS = {"DeleteConnection": "DELETE", "GetConnection": "GET", "PostToConnection": "POST"}  # of @connections
ACTIONS = {  # where the right is not called like the operation
    **{f"apigatewaymanagementapi:{operation}": ("execute-api:ManageConnections",) for operation in METHODS},
    "lambda:Invoke": ("lambda:InvokeFunction",),
    "s3:CompleteMultipartUpload": ("s3:PutObject",),
    "s3:CreateMultipartUpload": ("s3:PutObject",),
    "s3:HeadObject": ("s3:GetObject", "s3:ListBucket"),  # the second: without it a missing object is a forbidden one
    "s3:ListParts": ("s3:ListMultipartUploadParts",),
    "s3:UploadPart": ("s3:PutObject",),
}
INTERFACES = ["AssignPrivateIpAddresses", "CreateNetworkInterface", "DeleteNetworkInterface"]
INTERFACES += ["DescribeNetworkInterfaces", "DescribeSubnets", "UnassignPrivateIpAddresses"]
PREFIXES = {"stepfunctions": "states"}


def handlers(deployed: Deployed) -> list[str]:
    """The handlers that a stack has functions for."""
    return sorted(item.inputs["handler"].split(".")[2] for item in deployed.all("lambda/function:Function"))


def wanted(deployed: Deployed, key: str) -> set[Right]:
    """Everything that the role of a function should allow, and no more."""
    function = deployed.one("lambda/function:Function", hyphenated(key))
    calls = (call for call in calls_of(key) if not call.signed and _is_made(function, call))
    return {right for call in calls for right in rights(deployed, function, call)} | set(_own(deployed, function))


def wanted_of_signer(deployed: Deployed) -> set[Right]:
    """What the URLs do that the functions sign."""
    copy = deployed.one("lambda/function:Function", "copy")
    return {
        right
        for key in handlers(deployed)
        for call in calls_of(key)
        if call.signed
        for right in rights(deployed, copy, call)
    }


def _is_made(function: Registered, call: Call) -> bool:
    """Whether the function is told what a call needs: some tables are there with a setting only."""
    told = function.inputs["environment"]["variables"]
    return all(setting.upper() in told for setting in (call.told, call.only_with) if setting)


def rights(deployed: Deployed, function: Registered, call: Call) -> Iterator[Right]:
    operation = f"{call.service}:{call.operation}"
    usual = f"{PREFIXES.get(call.service, call.service)}:{call.operation}"
    for action in ACTIONS.get(operation, (usual,)):
        for resource in _resources(deployed, function, call, action):
            yield action, resource


def _resources(deployed: Deployed, function: Registered, call: Call, action: str) -> list[str]:
    """ARNs of what a call is made on, from what the function is told."""
    told: dict[str, str] = function.inputs["environment"]["variables"]
    cloud, service = Cloud(), call.service
    named = told[call.told.upper()] if call.told else ""
    if service == "dynamodb":
        return [cloud.arn("aws:dynamodb/table:Table", named)]
    if service == "lambda":
        return [cloud.arn("aws:lambda/function:Function", named)]
    if service == "stepfunctions":
        if call.operation == "SendTaskSuccess":  # names a token, and no resource
            return ["*"]
        return [named if call.operation == "StartExecution" else f"{_executions(named)}:*"]
    if service == "sts":
        return [named]
    if service in ("secretsmanager", "ssm"):
        origins = function.origins.values()
        arns = {arn for origin in origins for arn in origin.get("secret_headers", {}).values()}
        arns |= {origin["ca_bundle"] for origin in origins if "ca_bundle" in origin}
        return sorted(arn for arn in arns if arn.split(":")[2] == service)
    if service == "s3":
        bucket = f"arn:aws:s3:::{named}"
        return [bucket if action == "s3:ListBucket" else f"{bucket}/{told['OBJECT_PREFIX']}*"]
    if service == "apigatewaymanagementapi":
        stage = deployed.one("apigatewayv2/stage:Stage").inputs["name"]
        api = f"arn:aws:execute-api:{cloud.region}:{cloud.account}:sock456"
        return [f"{api}/{stage}/{METHODS[call.operation]}/@connections/*"]
    raise AssertionError(f"{call} needs a right on something that is not known here")


def _executions(machine: str) -> str:
    return machine.replace(":stateMachine:", ":execution:")


def _own(deployed: Deployed, function: Registered) -> Iterator[Right]:
    """What Lambda does for a function in its role's name: logs, traces, what came of asynchronous calls."""
    group = Cloud().arn("aws:cloudwatch/logGroup:LogGroup", function.inputs["loggingConfig"]["logGroup"])
    yield "logs:CreateLogStream", f"{group}:*"
    yield "logs:PutLogEvents", f"{group}:*"
    if function.inputs["tracingConfig"]["mode"] == "Active":
        yield "xray:PutTelemetryRecords", "*"
        yield "xray:PutTraceSegments", "*"
    for settings in deployed.all("lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"):
        if settings.inputs["functionName"] == function.inputs["name"]:
            (destination,) = settings.inputs["destinationConfig"].values()
            assert ":sqs:" in destination["destination"], "a destination whose right is not known here"
            yield "sqs:SendMessage", destination["destination"]
    if "vpcConfig" in function.inputs:
        yield from ((f"ec2:{action}", "*") for action in INTERFACES)
    attached = {"deadLetterConfig", "fileSystemConfig", "kmsKeyArn"} & set(function.inputs)
    assert not attached, f"{function.name} has {attached}: which rights go with that?"
