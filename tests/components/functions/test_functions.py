"""Lambda functions: environment, limits, asynchronous calls and dependencies; routes and rules that call them."""

from __future__ import annotations

import dataclasses
import importlib
import json
from pathlib import Path

import pytest
from async_download.api.rest_routes import ROUTES as REST_ROUTES
from async_download.api.websocket_api import ROUTES as SOCKET_ROUTES
from async_download.functions import FUNCTIONS
from async_download.functions.environment import ALLOCATOR
from async_download.names import FunctionName

from runtime import config, metrics
from tests.components.support.harness import Cloud, Deployment, RegisteredResource, deploy
from tests.components.support.service_permissions import rest_paths


def function(deployment: Deployment, key: str) -> RegisteredResource:
    (match,) = [
        item
        for item in deployment.resources_of("lambda/function:Function")
        if item.inputs["handler"] == f"runtime.handlers.{key}.handler"
    ]
    return match


@pytest.fixture(autouse=True)
def archive(deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create the root of a function's archive, with the file of the origins."""
    (tmp_path / "origins.json").write_text(json.dumps(function(deployment, "copy").origins), encoding="utf-8")
    monkeypatch.setattr(config, "ROOT", tmp_path)


def environment(deployment: Deployment, key: str) -> dict[str, str]:
    """Return the variables that the handler reads."""
    variables: dict[str, str] = function(deployment, key).inputs["environment"]["variables"]
    return {name: value for name, value in variables.items() if name not in (*ALLOCATOR, metrics.STACK_VARIABLE)}


@pytest.mark.parametrize("key", FUNCTIONS)
def test_functions_that_copy_return_large_buffers_to_the_system(deployment: Deployment, key: str) -> None:
    """Without a threshold glibc keeps large buffers after the first one is freed, and memory grows with the slices."""
    variables = function(deployment, key).inputs["environment"]["variables"]
    assert (variables.get("MALLOC_MMAP_THRESHOLD_") == "1048576") == (key in ("copy", "copy_slice"))


@pytest.mark.parametrize("key", FUNCTIONS)
def test_metrics_of_a_function_have_the_name_prefix_as_their_stack(deployment: Deployment, key: str) -> None:
    """Alarms of the stack use the same dimension."""
    variable = metrics.STACK_VARIABLE
    assert function(deployment, key).inputs["environment"]["variables"][variable] == "async-download-test-files"
    prefixed = deploy({"name_prefix": "reports"})
    assert function(prefixed, key).inputs["environment"]["variables"][variable] == "reports"
    assert variable not in function(deploy({"observability.metrics": False}), key).inputs["environment"]["variables"]


@pytest.mark.parametrize("key", FUNCTIONS)
def test_the_environment_of_a_function_holds_exactly_what_its_handler_reads(deployment: Deployment, key: str) -> None:
    """The handler can parse it, too."""
    settings = importlib.import_module(f"runtime.handlers.{key}").Settings
    variables = environment(deployment, key)
    fields = dataclasses.fields(settings)
    assert set(variables) == {config.variable_of(item) for item in fields if item.default is dataclasses.MISSING}
    assert config.load(settings, variables)


@pytest.mark.parametrize("key", FUNCTIONS)
def test_only_functions_that_end_claims_have_the_table_of_copies(key: str) -> None:
    variables = environment(deploy({"copying.reuse_seconds": 600}), key)
    expected = {"copy": {"COPIES_TABLE", "REUSE_SECONDS"}, "deliver": {"COPIES_TABLE"}, "fail": {"COPIES_TABLE"}}
    assert set(variables) & {"COPIES_TABLE", "REUSE_SECONDS"} == expected.get(key, set())
    assert config.load(importlib.import_module(f"runtime.handlers.{key}").Settings, variables)


@pytest.mark.security
@pytest.mark.parametrize(
    ("reserved", "limit", "share"), [(0, 100, 100), (20, 100, 10), (20, 4, 4), (3, 100, 1), (1, 100, 1), (20, 0, 0)]
)
def test_one_caller_gets_at_most_half_of_the_reserved_concurrency(reserved: int, limit: int, share: int) -> None:
    deployment = deploy({"copying.reserved_concurrency": reserved, "limits.max_downloads_per_caller": limit})
    assert environment(deployment, "request_download")["MAX_DOWNLOADS_PER_CALLER"] == str(share)


def test_every_route_of_the_tables_is_registered(deployment: Deployment) -> None:
    paths = rest_paths(deployment)
    inputs_of_methods = [method.inputs for method in deployment.resources_of("apigateway/method:Method")]
    methods = {(inputs["httpMethod"], paths[inputs["resourceId"]]) for inputs in inputs_of_methods}
    assert methods == {(route.method, "/" + "/".join(route.path)) for route in REST_ROUTES}
    keys = {route.inputs["routeKey"] for route in deployment.resources_of("apigatewayv2/route:Route")}
    assert keys == set(SOCKET_ROUTES)


def test_a_named_action_reaches_the_same_function_as_an_unknown_one() -> None:
    """The function answers an unknown action with a typed error."""
    assert {SOCKET_ROUTES[key] for key in SOCKET_ROUTES if not key.endswith("connect")} == {"message"}


RETRY_SECONDS = (60, 120)  # Lambda's waits before the first and the second retry of a function that failed


@pytest.mark.parametrize(("key", "age", "retries"), [("deliver", 180, 1), ("fail", 21_600, 2)])
def test_the_maximum_age_of_an_asynchronous_call_allows_all_retries(
    deployment: Deployment, key: FunctionName, age: int, retries: int
) -> None:
    """Lambda does not retry a call that has reached its maximum age, but sends it to the dead-letter queue."""
    settings = deployment.resource("lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", f"{key}-async").inputs
    queue = Cloud().arn("aws:sqs/queue:Queue", "async-download-test-files-undelivered")
    assert settings["functionName"] == f"async-download-test-files-{key}"
    assert (settings["maximumEventAgeInSeconds"], settings["maximumRetryAttempts"]) == (age, retries)
    assert settings["destinationConfig"] == {"onFailure": {"destination": queue}}
    assert age >= sum(RETRY_SECONDS[:retries]) + retries * FUNCTIONS[key].timeout_seconds


def test_fail_is_called_even_after_an_hour_of_throttling(deployment: Deployment) -> None:
    """An event of a stopped execution calls `fail` asynchronously, and Lambda keeps throttled calls that long."""
    settings = deployment.resource("lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "fail-async").inputs
    assert settings["maximumEventAgeInSeconds"] >= 3600


def test_only_functions_that_are_called_asynchronously_have_settings_for_it(deployment: Deployment) -> None:
    configured = deployment.resources_of("lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
    expected = {
        variables[name]
        for key in FUNCTIONS
        for name in ("FAIL_FUNCTION", "DELIVER_FUNCTION")
        if name in (variables := environment(deployment, key))
    }
    assert {item.inputs["functionName"] for item in configured} == expected


def depends_on(deployment: Deployment, resource: RegisteredResource) -> set[str]:
    """Return the names of all resources that a resource depends on, directly or not."""
    fields = {item.urn: item for item in deployment.resources}
    names: set[str] = set()
    todo = list(resource.dependencies)
    while todo:
        urn = todo.pop()
        if urn not in names:
            names.add(urn)
            todo += fields[urn].dependencies
    return {fields[urn].name for urn in names}


def test_no_function_waits_for_a_stage(deployment: Deployment) -> None:
    for key in FUNCTIONS:
        assert not any(name.endswith("-stage") for name in depends_on(deployment, function(deployment, key)))


def test_the_rule_matches_executions_that_end_without_a_catch(deployment: Deployment) -> None:
    pattern = deployment.resource("cloudwatch/eventRule:EventRule", "uncaught").json("eventPattern")
    machine = Cloud().arn("aws:sfn/stateMachine:StateMachine", "async-download-test-files-transfer")
    assert pattern["source"] == ["aws.states"]
    assert pattern["detail-type"] == ["Step Functions Execution Status Change"]
    assert pattern["detail"] == {"status": ["FAILED", "TIMED_OUT", "ABORTED"], "stateMachineArn": [machine]}


def test_events_of_executions_that_fail_to_close_sockets_go_to_the_dead_letter_queue(deployment: Deployment) -> None:
    """An execution that an operator stopped does not alarm."""
    rule = deployment.resource("cloudwatch/eventRule:EventRule", "close-failed")
    target = deployment.resource("cloudwatch/eventTarget:EventTarget", "close-failed-target")
    machine = Cloud().arn("aws:sfn/stateMachine:StateMachine", "async-download-test-files-closing")
    detail = rule.json("eventPattern")["detail"]
    assert detail == {"status": ["FAILED", "TIMED_OUT"], "stateMachineArn": [machine]}
    queue = deployment.resource("sqs/queue:Queue")
    assert target.inputs["arn"] == Cloud().arn(queue.type, queue.inputs["name"])
    assert target.inputs["rule"] == rule.inputs["name"]
    assert "files-undelivered-policy" in depends_on(deployment, target)


def test_an_event_that_cannot_be_handled_goes_to_the_dead_letter_queue(deployment: Deployment) -> None:
    queue = deployment.resource("sqs/queue:Queue")
    arn = Cloud().arn(queue.type, queue.inputs["name"])
    target = deployment.resource("cloudwatch/eventTarget:EventTarget", "uncaught-target")
    assert "inputPath" not in target.inputs, "fail takes the execution from the event, which may lack input and output"
    assert target.inputs["deadLetterConfig"] == {"arn": arn}
    assert target.inputs["retryPolicy"] == {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 8}
    assert queue.inputs["sqsManagedSseEnabled"] is True
    assert {"files-uncaught-permission", "files-undelivered-policy"} <= depends_on(deployment, target)


def test_no_environment_holds_a_secret(deployment: Deployment) -> None:
    expected = json.dumps([environment(deployment, key) for key in FUNCTIONS]).lower()
    for word in ("password", "token", "accesskey", "aws_access"):
        assert word not in expected
