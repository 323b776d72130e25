"""Functions, who may call them, and what becomes of asynchronous calls."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from local_provider.aws import Aws
from local_provider.resources.archives import sha256_of, zip_of
from local_provider.resources.base import Gone, Inputs, Made, Resource, Setting, State, as_inputs, given, renamed
from local_provider.resources.tags import retag
from local_provider.values import Plain

__all__ = ["RESOURCES"]

_PLAIN = {  # input -> member of the API
    "description": "Description",
    "handler": "Handler",
    "memorySize": "MemorySize",
    "role": "Role",
    "runtime": "Runtime",
    "timeout": "Timeout",
}
_NESTED = {
    "deadLetterConfig": "DeadLetterConfig",
    "environment": "Environment",
    "ephemeralStorage": "EphemeralStorage",
    "loggingConfig": "LoggingConfig",
    "tracingConfig": "TracingConfig",
    "vpcConfig": "VpcConfig",
}


class Function(Resource):
    """A function made of an archive."""

    type = "aws:lambda/function:Function"
    implements = frozenset(
        {
            "name",
            "code",
            "deadLetterConfig.targetArn",
            "description",
            "environment.variables",
            "handler",
            "loggingConfig.logGroup",
            "packageType",
            "publish",
            "reservedConcurrentExecutions",
            "role",
            "tags",
            "timeout",
        }
    )
    inert: ClassVar[Mapping[str, str]] = {
        "architectures": "functions run on this machine",
        "ephemeralStorage.size": "functions have this machine's disk",
        "loggingConfig.applicationLogLevel": "the emulator keeps every line",
        "loggingConfig.logFormat": "the emulator keeps lines as they are",
        "loggingConfig.systemLogLevel": "the emulator keeps every line",
        "memorySize": "the emulator does not enforce it",
        "runtime": "functions run in the interpreter that runs the emulator",
        "tracingConfig.mode": "the emulator has no X-Ray",
        "vpcConfig.securityGroupIds": "functions are on this machine's network",
        "vpcConfig.subnetIds": "functions are on this machine's network",
    }
    replaces = frozenset({"name", "packageType"})
    computed = frozenset({"codeSha256", "region"})
    named_by = "name"

    def changed(self, name: str, old: State, new: Inputs) -> bool:
        """Code is compared by its hash: the engine sends old archives back without their content."""
        if name == "code" and isinstance(new.get("code"), str):
            return bool(new["code"] != old.get("code"))
        if name == "code" and name in new:
            return sha256_of(zip_of(new["code"])) != old.get("codeSha256")
        return super().changed(name, old, new)

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        name, client = inputs["name"], aws.client("lambda")
        made = client.create_function(
            FunctionName=name,
            Code={"ZipFile": zip_of(inputs["code"])},
            Publish=bool(inputs.get("publish")),
            PackageType=inputs.get("packageType", "Zip"),
            **_configuration(inputs),
            **given(Architectures=inputs.get("architectures"), Tags=inputs.get("tags")),
        )
        self._reserve(aws, name, {}, inputs)
        return Made(name, _outputs(aws, made))

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Change its code, its configuration, or both."""
        client = aws.client("lambda")
        packed = zip_of(new["code"])
        if sha256_of(packed) != old.get("codeSha256") or old.get("architectures") != new.get("architectures"):
            client.update_function_code(
                FunctionName=resource_id,
                ZipFile=packed,
                Publish=bool(new.get("publish")),
                **given(Architectures=new.get("architectures")),
            )
        made = client.update_function_configuration(
            FunctionName=resource_id, **{"Environment": {"Variables": {}}, **_configuration(new)}
        )
        self._reserve(aws, resource_id, old, new)
        retag(
            old,
            new,
            lambda tags: client.tag_resource(Resource=made["FunctionArn"], Tags=tags),
            lambda names: client.untag_resource(Resource=made["FunctionArn"], TagKeys=names),
        )
        return _outputs(aws, made)

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """Its configuration; what the program did not set is not looked at."""
        found = aws.client("lambda").get_function(FunctionName=resource_id)
        configuration = found["Configuration"]
        seen = {key: configuration.get(member) for key, member in _PLAIN.items() if key in state}
        if "environment" in state:
            seen["environment"] = {"variables": configuration.get("Environment", {}).get("Variables", {})}
        if "tags" in state:
            seen["tags"] = found.get("Tags", {})
        return {**seen, **_outputs(aws, configuration)}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it."""
        aws.client("lambda").delete_function(FunctionName=resource_id)

    def _reserve(self, aws: Aws, name: str, old: State, new: Inputs) -> None:
        before, after = (state.get("reservedConcurrentExecutions", -1) for state in (old, new))
        if before == after:
            return
        if after < 0:
            aws.client("lambda").delete_function_concurrency(FunctionName=name)
        else:
            aws.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=after)


class Permission(Resource):
    """Who may call a function."""

    type = "aws:lambda/permission:Permission"
    implements = frozenset({"statementId", "action", "function", "principal", "qualifier"})
    inert: ClassVar[Mapping[str, str]] = {
        "sourceArn": "the emulator keeps a function's policy and does not enforce it",
        "sourceAccount": "the emulator keeps a function's policy and does not enforce it",
    }
    replaces = implements | frozenset(inert)
    named_by = "statementId"
    name_limit = 100

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Add the statement."""
        aws.client("lambda").add_permission(
            FunctionName=inputs["function"],
            StatementId=inputs["statementId"],
            Action=inputs["action"],
            Principal=inputs["principal"],
            **given(
                Qualifier=inputs.get("qualifier"),
                SourceArn=inputs.get("sourceArn"),
                SourceAccount=inputs.get("sourceAccount"),
            ),
        )
        return Made(inputs["statementId"], {})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:  # noqa: ARG002
        """Nothing: every change replaces it."""
        return {}

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """See whether the function's policy has the statement."""
        found = aws.client("lambda").get_policy(
            FunctionName=state["function"], **given(Qualifier=state.get("qualifier"))
        )
        policy = json.loads(found["Policy"])
        if resource_id not in [statement["Sid"] for statement in policy["Statement"]]:
            raise Gone(resource_id)
        return {}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:
        """Remove the statement."""
        aws.client("lambda").remove_permission(
            FunctionName=state["function"], StatementId=resource_id, **given(Qualifier=state.get("qualifier"))
        )


class EventInvokeConfig(Setting):
    """How often and how long an asynchronous call is tried, and who hears of its end."""

    type = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    implements = frozenset(
        {
            "functionName",
            "maximumRetryAttempts",
            "maximumEventAgeInSeconds",
            "destinationConfig.onFailure.destination",
            "destinationConfig.onSuccess.destination",
        }
    )
    replaces = frozenset({"functionName"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set it."""
        aws.client("lambda").put_function_event_invoke_config(
            FunctionName=inputs["functionName"],
            **given(
                MaximumRetryAttempts=inputs.get("maximumRetryAttempts"),
                MaximumEventAgeInSeconds=inputs.get("maximumEventAgeInSeconds"),
                DestinationConfig=renamed(inputs.get("destinationConfig")),
            ),
        )
        return Made(inputs["functionName"], {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """What is set."""
        found = as_inputs(aws.client("lambda").get_function_event_invoke_config(FunctionName=resource_id))
        names = ("maximumRetryAttempts", "maximumEventAgeInSeconds")
        seen = {name: found.get(name) for name in names if name in state}
        if "destinationConfig" in state:
            destinations = found.get("destinationConfig") or {}
            seen["destinationConfig"] = {name: one for name, one in destinations.items() if one}
        return seen

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Back to the service's own defaults."""
        aws.client("lambda").delete_function_event_invoke_config(FunctionName=resource_id)


def _configuration(inputs: Inputs) -> dict[str, Any]:
    plain = {member: inputs[key] for key, member in _PLAIN.items() if inputs.get(key) is not None}
    nested = {member: inputs[key] for key, member in _NESTED.items() if inputs.get(key) is not None}
    if "Environment" in nested:  # the names of variables are the program's own
        nested["Environment"] = {"Variables": dict(nested["Environment"].get("variables") or {})}
    return plain | {m: value if m == "Environment" else renamed(value) for m, value in nested.items()}


def _outputs(aws: Aws, found: dict[str, Any]) -> dict[str, Plain]:
    arn, path = found["FunctionArn"], "2015-03-31/functions"
    qualified = f"{arn}:{found['Version']}"
    return {
        "arn": arn,
        "qualifiedArn": qualified,
        "invokeArn": f"arn:aws:apigateway:{aws.region}:lambda:path/{path}/{arn}/invocations",
        "qualifiedInvokeArn": f"arn:aws:apigateway:{aws.region}:lambda:path/{path}/{qualified}/invocations",
        "version": found["Version"],
        "codeSha256": found["CodeSha256"],
        "sourceCodeSize": found["CodeSize"],
        "lastModified": found["LastModified"],
    }


RESOURCES = (Function(), Permission(), EventInvokeConfig())
