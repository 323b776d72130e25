"""What AWS's own services really call, read from the definition, the rule and the APIs themselves, and what is allowed.

An emulator checks none of this. Whatever calls in a way that is not known here raises, so that nothing goes unproved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.components.support.harness import Cloud, Deployed, Registered

Right = tuple[str, str]  # action, resource
Callers = dict[tuple[str, str], set[str]]  # name of a function, service -> ARNs of what calls it
LOG_DELIVERY = [f"logs:{verb}LogDelivery" for verb in ("Create", "Delete", "Get", "Update")]
LOG_DELIVERY += ["logs:ListLogDeliveries", "logs:PutResourcePolicy"]
LOG_DELIVERY += ["logs:DescribeLogGroups", "logs:DescribeResourcePolicies"]
TRACES = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]


def states(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All states, also those inside maps and branches."""
    for name, state in definition["States"].items():
        yield name, state
        inner = [state[key] for key in ("ItemProcessor", "Iterator") if key in state]
        for nested in [*inner, *state.get("Branches", [])]:
            yield from states(nested)


def rights_wanted(definition: dict[str, Any], machine: str) -> set[Right]:
    """What the role of a state machine needs so that every state can run."""
    wanted: set[Right] = set()
    for _, state in states(definition):
        if ":aws-sdk:dynamodb:updateItem" in state.get("Resource", ""):
            table = machine.replace(":states:", ":dynamodb:").split(":stateMachine:")[0]
            wanted.add(("dynamodb:UpdateItem", f"{table}:table/{state['Parameters']['TableName']}"))
        elif state["Type"] == "Task":
            assert state["Resource"].endswith(":states:::lambda:invoke"), "a task whose rights are not known here"
            wanted.add(("lambda:InvokeFunction", state["Parameters"]["FunctionName"]))
        assert not {"ItemReader", "ResultWriter"} & set(state), "a map whose rights are not known here"
        if state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
            execution = machine.replace(":stateMachine:", ":execution:")
            wanted.add(("states:StartExecution", machine))
            for verb in ("Describe", "Redrive", "Stop"):
                wanted |= {(f"states:{verb}Execution", f"{execution}{end}") for end in (":*", "/*")}
    return wanted


def rights_of_machine(machine: Registered) -> set[Right]:
    """What a state machine needs in all: for its states, its logs and its traces."""
    wanted = rights_wanted(machine.json("definition"), Cloud().arn(machine.type, machine.inputs["name"]))
    if machine.inputs.get("loggingConfiguration", {"level": "OFF"})["level"] != "OFF":
        wanted |= {(action, "*") for action in LOG_DELIVERY}
    if machine.inputs["tracingConfiguration"]["enabled"]:
        wanted |= {(action, "*") for action in TRACES}
    return wanted


def rights_given(statements: list[dict[str, Any]], *services: str) -> set[Right]:
    """What statements allow, for some services; each action and resource on its own."""
    given: set[Right] = set()
    for statement in statements:
        actions, resources = statement["Action"], statement["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            if not services or action.split(":")[0] in services:
                given |= {(action, each) for each in ([resources] if isinstance(resources, str) else resources)}
    return given


def callers(deployed: Deployed) -> Callers:
    """Who calls each function: the routes of both APIs, and the targets of rules."""
    calls: Callers = {}
    for arn, service, source in (*_routes(deployed), *_methods(deployed), *_targets(deployed)):
        calls.setdefault((arn.rpartition(":")[2], service), set()).add(source)
    return calls


def permitted(deployed: Deployed) -> Callers:
    """Who may call each function."""
    permissions: Callers = {}
    for permission in deployed.all("lambda/permission:Permission"):
        inputs = permission.inputs
        assert inputs["action"] == "lambda:InvokeFunction"
        permissions.setdefault((inputs["function"], inputs["principal"]), set()).add(inputs["sourceArn"])
    return permissions


def rest_paths(deployed: Deployed) -> dict[str, str]:
    """Id of a resource -> its path."""
    paths = {"root": ""}
    todo = deployed.all("apigateway/resource:Resource")
    while todo:
        item = todo.pop(0)
        if item.inputs["parentId"] in paths:
            paths[f"{item.name}-id"] = f"{paths[item.inputs['parentId']]}/{item.inputs['pathPart']}"
        else:
            todo.append(item)
    return paths


def _routes(deployed: Deployed) -> Iterator[tuple[str, str, str]]:
    integrations = {
        f"integrations/{item.name}-id": item for item in deployed.all("apigatewayv2/integration:Integration")
    }
    stage = deployed.one("apigatewayv2/stage:Stage").inputs["name"]
    for route in deployed.all("apigatewayv2/route:Route"):
        function = _function(integrations[route.inputs["target"]].inputs["integrationUri"])
        yield function, "apigateway.amazonaws.com", f"{_api('sock456')}/{stage}/{route.inputs['routeKey']}"


def _methods(deployed: Deployed) -> Iterator[tuple[str, str, str]]:
    paths = rest_paths(deployed)
    stage = deployed.one("apigateway/stage:Stage").inputs["stageName"]
    for integration in deployed.all("apigateway/integration:Integration"):
        inputs = integration.inputs
        if inputs["type"] == "MOCK":  # answers by itself
            continue
        assert inputs["type"] == "AWS_PROXY", f"{integration.name}: an integration whose rights are not known here"
        path = re.sub(r"\{\w+\}", "*", paths[inputs["resourceId"]])
        source = f"{_api('rest123')}/{stage}/{inputs['httpMethod']}{path}"
        yield _function(inputs["uri"]), "apigateway.amazonaws.com", source


def queue_senders(deployed: Deployed) -> set[tuple[str, str]]:
    """Return (queue, rule) of all rules that send events to a queue, as their target or as its dead-letter queue."""
    senders = set()
    for target in deployed.all("cloudwatch/eventTarget:EventTarget"):
        rule = Cloud().arn("aws:cloudwatch/eventRule:EventRule", target.inputs["rule"])
        queues = [target.inputs["arn"], target.inputs.get("deadLetterConfig", {}).get("arn", "")]
        senders |= {(queue, rule) for queue in queues if ":sqs:" in queue}
    return senders


def _targets(deployed: Deployed) -> Iterator[tuple[str, str, str]]:
    for target in deployed.all("cloudwatch/eventTarget:EventTarget"):
        rule = Cloud().arn("aws:cloudwatch/eventRule:EventRule", target.inputs["rule"])
        if ":sqs:" in target.inputs["arn"]:  # `queue_senders` has it
            continue
        assert ":function:" in target.inputs["arn"], f"{target.name}: a target whose rights are not known here"
        yield target.inputs["arn"], "events.amazonaws.com", rule


def _function(uri: str) -> str:
    """ARN of a function in the URI of an integration, which needs no role for it."""
    return uri.split("path/")[1].removesuffix("/invocations")


def _api(id_: str) -> str:
    return f"arn:aws:execute-api:{Cloud().region}:{Cloud().account}:{id_}"
