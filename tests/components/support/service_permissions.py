"""Permissions that services of AWS need, read from definitions, rules and APIs, and those that policies allow.

The emulator checks none of these. An unknown kind of call raises, so that no permission goes without a proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.components.support.harness import Cloud, Deployment, RegisteredResource

Permission = tuple[str, str]  # action, resource
Callers = dict[tuple[str, str], set[str]]  # name of a function, service -> ARNs of what calls it
LOG_DELIVERY = [f"logs:{verb}LogDelivery" for verb in ("Create", "Delete", "Get", "Update")]
LOG_DELIVERY += ["logs:ListLogDeliveries", "logs:PutResourcePolicy"]
LOG_DELIVERY += ["logs:DescribeLogGroups", "logs:DescribeResourcePolicies"]
TRACES = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]


def states(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all states, including those of maps and branches."""
    for name, state in definition["States"].items():
        yield name, state
        inner = [state[key] for key in ("ItemProcessor", "Iterator") if key in state]
        for nested in [*inner, *state.get("Branches", [])]:
            yield from states(nested)


def definition_permissions(definition: dict[str, Any], machine: str) -> set[Permission]:
    """Return the permissions that the states of a machine need."""
    required: set[Permission] = set()
    for _, state in states(definition):
        if ":aws-sdk:dynamodb:updateItem" in state.get("Resource", ""):
            table = machine.replace(":states:", ":dynamodb:").split(":stateMachine:")[0]
            required.add(("dynamodb:UpdateItem", f"{table}:table/{state['Parameters']['TableName']}"))
        elif state["Type"] == "Task":
            assert state["Resource"].endswith(":states:::lambda:invoke"), "a task whose permissions are not known here"
            function, _, version = state["Parameters"]["FunctionName"].rpartition(":")
            assert version.isdecimal(), "a task that names no version runs what is deployed while it waits"
            # Executions that an earlier release started run other versions, or name none.
            required |= {("lambda:InvokeFunction", function), ("lambda:InvokeFunction", f"{function}:*")}
        assert not {"ItemReader", "ResultWriter"} & set(state), "a map whose permissions are not known here"
        if state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
            execution = machine.replace(":stateMachine:", ":execution:")
            required.add(("states:StartExecution", machine))
            for verb in ("Describe", "Redrive", "Stop"):
                required |= {(f"states:{verb}Execution", f"{execution}{end}") for end in (":*", "/*")}
    return required


def machine_permissions(machine: RegisteredResource) -> set[Permission]:
    """Return all permissions that a state machine needs: for its states, its logs and its traces."""
    required = definition_permissions(machine.json("definition"), Cloud().arn(machine.type, machine.inputs["name"]))
    if machine.inputs.get("loggingConfiguration", {"level": "OFF"})["level"] != "OFF":
        required |= {(action, "*") for action in LOG_DELIVERY}
    if machine.inputs["tracingConfiguration"]["enabled"]:
        required |= {(action, "*") for action in TRACES}
    return required


def allowed_permissions(statements: list[dict[str, Any]], *services: str) -> set[Permission]:
    """Return each action and resource that statements allow, for some services or for all."""
    allowed: set[Permission] = set()
    for statement in statements:
        actions, resources = statement["Action"], statement["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            if not services or action.split(":")[0] in services:
                allowed |= {
                    (action, resource) for resource in ([resources] if isinstance(resources, str) else resources)
                }
    return allowed


def callers(deployment: Deployment) -> Callers:
    """Return the callers of each function: routes of both APIs, and targets of rules."""
    calls: Callers = {}
    for arn, service, source in (*_routes(deployment), *_methods(deployment), *_targets(deployment)):
        calls.setdefault((arn.rpartition(":")[2], service), set()).add(source)
    return calls


def permitted(deployment: Deployment) -> Callers:
    """Return the permitted callers of each function."""
    permissions: Callers = {}
    for permission in deployment.resources_of("lambda/permission:Permission"):
        inputs = permission.inputs
        assert inputs["action"] == "lambda:InvokeFunction"
        permissions.setdefault((inputs["function"], inputs["principal"]), set()).add(inputs["sourceArn"])
    return permissions


def rest_paths(deployment: Deployment) -> dict[str, str]:
    """Return the path of each resource, by its id."""
    paths = {"root": "", "comp4y": "/company"}
    todo = deployment.resources_of("apigateway/resource:Resource")
    while todo:
        item = todo.pop(0)
        if item.inputs["parentId"] in paths:
            paths[f"{item.name}-id"] = f"{paths[item.inputs['parentId']]}/{item.inputs['pathPart']}"
        else:
            todo.append(item)
    return paths


def _routes(deployment: Deployment) -> Iterator[tuple[str, str, str]]:
    integrations = {
        f"integrations/{item.name}-id": item for item in deployment.resources_of("apigatewayv2/integration:Integration")
    }
    stage = deployment.resource("apigatewayv2/stage:Stage").inputs["name"]
    for route in deployment.resources_of("apigatewayv2/route:Route"):
        function = _function(integrations[route.inputs["target"]].inputs["integrationUri"])
        yield function, "apigateway.amazonaws.com", f"{_api('sock456')}/{stage}/{route.inputs['routeKey']}"


def _methods(deployment: Deployment) -> Iterator[tuple[str, str, str]]:
    paths = rest_paths(deployment)
    stages = deployment.resources_of("apigateway/stage:Stage")
    stage = stages[0].inputs["stageName"] if stages else "v1"  # of the owner of an existing API
    for integration in deployment.resources_of("apigateway/integration:Integration"):
        inputs = integration.inputs
        if inputs["type"] == "MOCK":  # calls no function
            continue
        assert inputs["type"] == "AWS_PROXY", f"{integration.name}: an integration whose permissions are not known here"
        path = re.sub(r"\{\w+\}", "*", paths[inputs["resourceId"]])
        source = f"{_api(inputs['restApi'])}/{stage}/{inputs['httpMethod']}{path}"
        yield _function(inputs["uri"]), "apigateway.amazonaws.com", source


def queue_senders(deployment: Deployment) -> set[tuple[str, str]]:
    """Return (queue, rule) of all rules that send events to a queue, as their target or as its dead-letter queue."""
    senders = set()
    for target in deployment.resources_of("cloudwatch/eventTarget:EventTarget"):
        rule = Cloud().arn("aws:cloudwatch/eventRule:EventRule", target.inputs["rule"])
        queues = [target.inputs["arn"], target.inputs.get("deadLetterConfig", {}).get("arn", "")]
        senders |= {(queue, rule) for queue in queues if ":sqs:" in queue}
    return senders


def _targets(deployment: Deployment) -> Iterator[tuple[str, str, str]]:
    for target in deployment.resources_of("cloudwatch/eventTarget:EventTarget"):
        rule = Cloud().arn("aws:cloudwatch/eventRule:EventRule", target.inputs["rule"])
        if ":sqs:" in target.inputs["arn"]:  # see `queue_senders`
            continue
        assert ":function:" in target.inputs["arn"], f"{target.name}: a target whose permissions are not known here"
        yield target.inputs["arn"], "events.amazonaws.com", rule


def _function(uri: str) -> str:
    """Return the ARN of the function in the URI of an integration."""
    return uri.split("path/")[1].removesuffix("/invocations")


def _api(id_: str) -> str:
    return f"arn:aws:execute-api:{Cloud().region}:{Cloud().account}:{id_}"
