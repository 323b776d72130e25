"""State machines call versions of functions, so that a deployment does not change the code of running executions."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from async_download.functions import FUNCTIONS
from async_download.names import hyphenated

from tests.components.support.harness import FIRST_VERSION, Cloud, Deployment, deploy
from tests.components.support.service_permissions import callers, states
from tests.components.support.snapshot import VARIANTS

FUNCTION, MACHINE = "lambda/function:Function", "sfn/stateMachine:StateMachine"


@pytest.fixture(scope="module", params=sorted(VARIANTS))
def deployment(request: pytest.FixtureRequest) -> Deployment:
    return deploy(VARIANTS[request.param])


def arn_of(deployment: Deployment, part: str) -> str:
    function = deployment.resource(FUNCTION, part)
    return Cloud().arn(function.type, function.inputs["name"])


def called_arns(deployment: Deployment) -> set[str]:
    """Return the ARNs of the functions that the definitions of both machines name."""
    definitions = [machine.json("definition") for machine in deployment.resources_of(MACHINE)]
    tasks: list[dict[str, Any]] = [state for definition in definitions for _, state in states(definition)]
    return {task["Parameters"]["FunctionName"] for task in tasks if "FunctionName" in task.get("Parameters", {})}


def test_machines_call_the_published_version_of_every_function_that_publishes(deployment: Deployment) -> None:
    published = [name for name, definition in FUNCTIONS.items() if definition.publish]
    assert called_arns(deployment) == {f"{arn_of(deployment, hyphenated(name))}:{FIRST_VERSION}" for name in published}


def test_a_function_publishes_versions_exactly_if_its_definition_says_so(deployment: Deployment) -> None:
    publishing = {
        function.name.partition("-")[2]
        for function in deployment.resources_of(FUNCTION)
        if function.inputs.get("publish") is True
    }
    assert publishing == {hyphenated(name) for name, definition in FUNCTIONS.items() if definition.publish}


def test_apis_rules_and_functions_call_functions_without_a_version(deployment: Deployment) -> None:
    """A version that one of them named would need a permission and a change of the API for each deployment."""
    names = {function.inputs["name"] for function in deployment.resources_of(FUNCTION)}
    assert {name for name, _ in callers(deployment)} <= names
    for function in deployment.resources_of(FUNCTION):
        assert not re.search(r":function:[^:\"]+:", json.dumps(function.inputs["environment"]))
