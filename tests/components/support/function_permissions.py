"""Permissions that a function's role needs: for the calls of its handler, and for Lambda itself.

An unknown call or attachment raises, so that no permission goes without a proof.
"""

from __future__ import annotations

from collections.abc import Iterator

from async_download.names import hyphenated

from tests.components.support.adapter_calls import Call
from tests.components.support.harness import Cloud, Deployment, RegisteredResource
from tests.components.support.runtime_calls import calls_of
from tests.components.support.service_permissions import Permission

METHODS = {"DeleteConnection": "DELETE", "GetConnection": "GET", "PostToConnection": "POST"}  # of @connections
ACTIONS = {  # where action and operation have different names
    **{f"apigatewaymanagementapi:{operation}": ("execute-api:ManageConnections",) for operation in METHODS},
    "lambda:Invoke": ("lambda:InvokeFunction",),
    "s3:CompleteMultipartUpload": ("s3:PutObject",),
    "s3:CreateMultipartUpload": ("s3:PutObject",),
    "s3:HeadObject": ("s3:GetObject", "s3:ListBucket"),  # without ListBucket S3 answers 403 for a missing object
    "s3:ListParts": ("s3:ListMultipartUploadParts",),
    "s3:UploadPart": ("s3:PutObject",),
}
INTERFACES = ["AssignPrivateIpAddresses", "CreateNetworkInterface", "DeleteNetworkInterface"]
INTERFACES += ["DescribeNetworkInterfaces", "DescribeSubnets", "UnassignPrivateIpAddresses"]
PREFIXES = {"stepfunctions": "states"}


def handlers(deployment: Deployment) -> list[str]:
    """Return the handlers of the functions of a stack."""
    return sorted(item.inputs["handler"].split(".")[2] for item in deployment.resources_of("lambda/function:Function"))


def required_permissions(deployment: Deployment, key: str) -> set[Permission]:
    """Return exactly the permissions that the role of a function needs."""
    function = deployment.resource("lambda/function:Function", hyphenated(key))
    calls = (call for call in calls_of(key) if not call.signed and _is_possible(function, call))
    return {right for call in calls for right in permissions_of_call(deployment, function, call)} | set(
        _lambda_permissions(deployment, function)
    )


def signer_permissions(deployment: Deployment) -> set[Permission]:
    """Return the permissions that the signed URLs need."""
    copy = deployment.resource("lambda/function:Function", "copy")
    return {
        right
        for key in handlers(deployment)
        for call in calls_of(key)
        if call.signed
        for right in permissions_of_call(deployment, copy, call)
    }


def _is_possible(function: RegisteredResource, call: Call) -> bool:
    """Return whether the environment of a function has the settings that a call needs: some tables are optional."""
    environment = function.inputs["environment"]["variables"]
    return all(setting.upper() in environment for setting in (call.setting, call.requires_setting) if setting)


def permissions_of_call(deployment: Deployment, function: RegisteredResource, call: Call) -> Iterator[Permission]:
    operation = f"{call.service}:{call.operation}"
    usual = f"{PREFIXES.get(call.service, call.service)}:{call.operation}"
    for action in ACTIONS.get(operation, (usual,)):
        for resource in _resources(deployment, function, call, action):
            yield action, resource


def _resources(deployment: Deployment, function: RegisteredResource, call: Call, action: str) -> list[str]:
    """Return the ARNs of the targets of a call, from the environment of the function."""
    environment: dict[str, str] = function.inputs["environment"]["variables"]
    cloud, service = Cloud(), call.service
    target = environment[call.setting.upper()] if call.setting else ""
    if service == "dynamodb":
        return [cloud.arn("aws:dynamodb/table:Table", target)]
    if service == "lambda":
        return [cloud.arn("aws:lambda/function:Function", target)]
    if service == "stepfunctions":
        if call.operation == "SendTaskSuccess":  # names a token, and no resource
            return ["*"]
        return [target if call.operation == "StartExecution" else f"{_executions(target)}:*"]
    if service in ("sts", "events"):
        return [target]
    if service in ("secretsmanager", "ssm"):
        origins = function.origins.values()
        arns = {arn for origin in origins for arn in origin.get("secret_headers", {}).values()}
        arns |= {origin["ca_bundle"] for origin in origins if "ca_bundle" in origin}
        return sorted(arn for arn in arns if arn.split(":")[2] == service)
    if service == "s3":
        bucket = f"arn:aws:s3:::{target}"
        return [bucket if action == "s3:ListBucket" else f"{bucket}/{environment['OBJECT_PREFIX']}*"]
    if service == "apigatewaymanagementapi":
        stage = deployment.resource("apigatewayv2/stage:Stage").inputs["name"]
        api = f"arn:aws:execute-api:{cloud.region}:{cloud.account}:sock456"
        return [f"{api}/{stage}/{METHODS[call.operation]}/@connections/*"]
    raise AssertionError(f"{call} needs a permission on an unknown target")


def _executions(machine: str) -> str:
    return machine.replace(":stateMachine:", ":execution:")


def _lambda_permissions(deployment: Deployment, function: RegisteredResource) -> Iterator[Permission]:
    """Yield the permissions that Lambda uses in the name of the role: logs, traces, failed asynchronous calls."""
    group = Cloud().arn("aws:cloudwatch/logGroup:LogGroup", function.inputs["loggingConfig"]["logGroup"])
    yield "logs:CreateLogStream", f"{group}:*"
    yield "logs:PutLogEvents", f"{group}:*"
    if function.inputs["tracingConfig"]["mode"] == "Active":
        yield "xray:PutTelemetryRecords", "*"
        yield "xray:PutTraceSegments", "*"
    for settings in deployment.resources_of("lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"):
        if settings.inputs["functionName"] == function.inputs["name"]:
            (destination,) = settings.inputs["destinationConfig"].values()
            assert ":sqs:" in destination["destination"], "a destination whose permission is unknown"
            yield "sqs:SendMessage", destination["destination"]
    if "vpcConfig" in function.inputs:
        yield from ((f"ec2:{action}", "*") for action in INTERFACES)
    attached = {"deadLetterConfig", "fileSystemConfig", "kmsKeyArn"} & set(function.inputs)
    assert not attached, f"{function.name} has {attached}: which permissions does that need?"
