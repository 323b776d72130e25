"""Rules of AWS for these resources that the emulator does not enforce: a test for each rule."""

from __future__ import annotations

import json
import math
import secrets
from typing import Any

import pytest

from tests.components.functions.test_functions import depends_on
from tests.components.support.declarations import NUMBERS
from tests.components.support.harness import Cloud, Deployment, deploy
from tests.components.support.service_permissions import allowed_permissions, callers, definition_permissions, states


def test_access_logs_need_the_accounts_role_which_is_set_only_on_request(deployment: Deployment) -> None:
    """An account has one such role in a region: it stays when the stack is destroyed, and stages wait for it."""
    assert not deployment.resources_of("apigateway/account:Account")
    assert not deploy({"observability.access_logs": True}).resources_of("apigateway/account:Account")
    managed = deploy({"observability.access_logs": True, "observability.manage_api_gateway_account": True})
    kept = [item for item in managed.custom if "api-gateway" in item.name]
    assert len(kept) == 3
    assert all(item.retain_on_delete for item in kept)
    assert sum(item.retain_on_delete for item in managed.custom) == 3
    for kind in ("apigateway", "apigatewayv2"):
        assert {item.name for item in kept} <= depends_on(managed, managed.resource(f"{kind}/stage:Stage"))


def test_a_machine_with_logging_may_deliver_its_logs_before_it_is_made(deployment: Deployment) -> None:
    verbs = "CreateLogDelivery GetLogDelivery UpdateLogDelivery DeleteLogDelivery ListLogDeliveries"
    verbs += " PutResourcePolicy DescribeResourcePolicies DescribeLogGroups"
    assert allowed_permissions(deployment.statements("transfer"), "logs") == {
        (f"logs:{verb}", "*") for verb in verbs.split()
    }
    machine = deployment.resource("sfn/stateMachine:StateMachine", "transfer")
    group = "/aws/vendedlogs/states/async-download-test-files-transfer"
    assert machine.inputs["loggingConfiguration"]["logDestination"].endswith(f":log-group:{group}:*")
    assert {"files-transfer-policy", "files-transfer-logs"} <= depends_on(deployment, machine)


def test_a_given_bucket_keeps_its_owners_configuration() -> None:
    deployment = deploy({"storage.bucket": "reports"})
    assert not [item for item in deployment.custom if item.type.startswith("aws:s3/")]
    assert ("s3:GetObject", "arn:aws:s3:::reports/downloads/*") in allowed_permissions(deployment.statements("signer"))
    (outputs,) = deployment.component_outputs.values()
    assert outputs["bucketName"] == "reports"
    assert outputs["bucketRules"]["lifecycleRule"]["AbortIncompleteMultipartUpload"]


def test_a_machine_that_runs_a_distributed_map_may_start_and_stop_its_children(deployment: Deployment) -> None:
    """The role has exactly the permissions that the definition needs."""
    machine = deployment.resource("sfn/stateMachine:StateMachine", "transfer")
    arn = Cloud().arn(machine.type, machine.inputs["name"])
    required = definition_permissions(machine.json("definition"), arn)
    assert required
    assert allowed_permissions(deployment.statements("transfer"), "lambda", "states") == required


def test_no_log_group_comes_back_after_destroy(deployment: Deployment) -> None:
    """Functions wait for their group and their policy, and no role may create a group."""
    for policy in deployment.resources_of("iam/rolePolicy:RolePolicy"):
        assert "logs:CreateLogGroup" not in {
            action for action, _ in allowed_permissions(policy.json("policy")["Statement"])
        }
    for function in deployment.resources_of("lambda/function:Function"):
        assert {f"{function.name}-logs", f"{function.name}-policy"} <= depends_on(deployment, function)


def test_a_test_stage_can_be_destroyed_with_its_copies_and_a_real_one_cannot(deployment: Deployment) -> None:
    assert deployment.resource("s3/bucket:Bucket").inputs["forceDestroy"] is False
    assert deploy({"protection.force_destroy": True}).resource("s3/bucket:Bucket").inputs["forceDestroy"] is True
    for machine in deployment.resources_of("sfn/stateMachine:StateMachine"):
        assert 0 < machine.json("definition")["TimeoutSeconds"] <= 24 * 3600


def test_sockets_are_throttled_by_number_and_functions_answer_before_the_gateway_hangs_up(
    deployment: Deployment,
) -> None:
    settings = deployment.resource("apigatewayv2/stage:Stage").inputs["defaultRouteSettings"]
    assert settings["throttlingRateLimit"] == NUMBERS["api.throttle_rate"][0] > 0
    assert settings["throttlingBurstLimit"] == NUMBERS["api.throttle_burst"][0] > 0
    chosen = deploy({"api.throttle_rate": 7, "api.throttle_burst": 9})
    for kind, key in (("apigatewayv2/stage:Stage", "defaultRouteSettings"), METHOD_SETTINGS):
        throttled = chosen.resource(kind).inputs[key]
        assert (throttled["throttlingRateLimit"], throttled["throttlingBurstLimit"]) == (7, 9)
    behind_an_api = {name for name, service in callers(deployment) if service == "apigateway.amazonaws.com"}
    timeouts = {
        item.inputs["name"]: item.inputs["timeout"] for item in deployment.resources_of("lambda/function:Function")
    }
    assert len(behind_an_api) >= 6
    assert all(timeouts[name] <= 25 for name in behind_an_api)
    for kind in ("apigateway", "apigatewayv2"):
        for integration in deployment.resources_of(f"{kind}/integration:Integration"):
            assert integration.inputs["timeoutMilliseconds"] <= 29_000
    assert "xrayTracingEnabled" not in deployment.resource("apigatewayv2/stage:Stage").inputs


METHOD_SETTINGS = ("apigateway/methodSettings:MethodSettings", "settings")


def test_names_are_shortened_to_what_each_service_allows() -> None:
    deployment = deploy(name="f" * 90, stack="s" * 40)
    kinds = ("iam/role:Role", "lambda/function:Function", "cloudwatch/eventRule:EventRule")
    for kind in (*kinds, "sfn/stateMachine:StateMachine"):
        names = [item.inputs["name"] for item in deployment.resources_of(kind)]
        assert max(map(len, names)) <= 64
        assert len(names) == len(set(names))
    for item in deployment.custom:
        most = 512 if item.type.endswith(":LogGroup") else 64  # 80 for queues and machines, 255 for tables
        assert len(item.inputs.get("name", "")) <= most, item.name
    bucket = deployment.resource("s3/bucket:Bucket").name
    assert len(f"{bucket}-1234567") <= 63
    assert bucket == bucket.lower()


def test_nothing_that_could_carry_a_query_string_is_logged(deployment: Deployment) -> None:
    rest = deployment.resource(METHOD_SETTINGS[0]).inputs
    assert rest["methodPath"] == "*/*"
    sockets = deployment.resource("apigatewayv2/stage:Stage").inputs["defaultRouteSettings"]
    for settings in (rest["settings"], sockets):
        assert settings["dataTraceEnabled"] is False
        assert settings["loggingLevel"] == "OFF"
    machine = deployment.resource("sfn/stateMachine:StateMachine", "transfer").inputs["loggingConfiguration"]
    assert machine["includeExecutionData"] is False


def test_no_concurrency_is_reserved_and_a_throttled_function_is_called_again(deployment: Deployment) -> None:
    for function in deployment.resources_of("lambda/function:Function"):
        assert "reservedConcurrentExecutions" not in function.inputs
    for machine in deployment.resources_of("sfn/stateMachine:StateMachine"):
        for _, state in states(machine.json("definition")):
            if "FunctionName" in state.get("Parameters", ()):
                assert "Lambda.TooManyRequestsException" in state["Retry"][0]["ErrorEquals"]
            if state["Type"] == "Map":
                assert 8 <= state["MaxConcurrency"] <= 16, "what a new account's concurrency bears"


def test_concurrency_of_functions_behind_the_apis_is_reserved_on_request_only() -> None:
    deployment = deploy({"api.reserved_concurrency": 20, "websocket.reserved_concurrency": 30})
    kept = {
        item.name: item.inputs["reservedConcurrentExecutions"]
        for item in deployment.resources_of("lambda/function:Function")
        if "reservedConcurrentExecutions" in item.inputs
    }
    assert kept == {"files-request-download": 20, "files-connect": 30}
    assert NUMBERS["api.reserved_concurrency"][0] == NUMBERS["websocket.reserved_concurrency"][0] == 0, (
        "none by default"
    )


def test_concurrency_of_functions_that_copy_is_reserved_on_request_only() -> None:
    deployment = deploy({"copying.reserved_concurrency": 40, "copying.slice_reserved_concurrency": 60})
    caps = {
        item.name: item.inputs["reservedConcurrentExecutions"]
        for item in deployment.resources_of("lambda/function:Function")
        if "reservedConcurrentExecutions" in item.inputs
    }
    assert caps == {"files-copy": 40, "files-copy-slice": 60}


@pytest.mark.parametrize("kind", ["EXPRESS", "STANDARD"])
def test_slices_are_copied_by_executions_of_the_type_that_is_set(kind: str) -> None:
    """The role may start, describe, stop and redrive executions of both types."""
    deployment = deploy({"cloud.slice_execution_type": kind})
    machine = deployment.resource("sfn/stateMachine:StateMachine", "transfer")
    processor = machine.json("definition")["States"]["CopySlices"]["ItemProcessor"]
    assert processor["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": kind}
    required = definition_permissions(machine.json("definition"), Cloud().arn(machine.type, machine.inputs["name"]))
    assert allowed_permissions(deployment.statements("transfer"), "lambda", "states") == required


def test_without_a_customer_managed_key_no_role_needs_permissions_for_keys(deployment: Deployment) -> None:
    """AWS manages the keys then; test_keys.py has the permissions for a customer-managed key."""
    assert "kms" not in json.dumps([item.inputs.get("policy", "") for item in deployment.custom])
    encryption = deployment.resource(
        "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    assert encryption.inputs["rules"][0]["bucketKeyEnabled"] is True
    assert all("kmsKeyId" not in item.inputs for item in deployment.custom)


def test_the_bucket_refuses_foreign_readers_and_old_signatures_but_not_its_deployer() -> None:
    deployment = deploy({"retention.url_expires_seconds": 300})
    statements = {
        item["Sid"]: item for item in deployment.resource("s3/bucketPolicy:BucketPolicy").json("policy")["Statement"]
    }
    foreign, old = statements["ForeignReaders"], statements["OldSignatures"]
    assert foreign["Condition"] == {"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}}
    assert old["Condition"] == {"NumericGreaterThan": {"s3:signatureAge": "300000"}}
    for statement in (foreign, old):
        assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:GetObject")
        assert statement["Resource"] == "arn:aws:s3:::files-copies-1234567/downloads/*"


@pytest.mark.parametrize("days", [1, 7, 30])
def test_a_copy_outlives_its_ticket_and_an_unfinished_upload_outlives_a_long_copy(days: int) -> None:
    deployment = deploy({"retention.object_expiration_days": days, "retention.download_expires_seconds": 3600})
    (rule,) = deployment.resource("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]
    assert rule["status"] == "Enabled"
    assert rule["filter"] == {"prefix": "downloads/"}
    assert rule["expiration"] == {"days": days}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": days}
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}


def test_an_event_that_was_not_delivered_is_retried_and_then_kept(deployment: Deployment) -> None:
    target = deployment.resource("cloudwatch/eventTarget:EventTarget", "uncaught-target").inputs
    assert target["deadLetterConfig"]["arn"].endswith("-undelivered")
    assert "inputPath" not in target, "fail takes the execution from the event, which may lack input and output"
    for item in deployment.resources_of("cloudwatch/eventTarget:EventTarget"):
        assert item.inputs["retryPolicy"]["maximumRetryAttempts"] > 0


def test_a_machine_that_still_runs_is_waited_for_when_it_is_deleted(deployment: Deployment) -> None:
    """It is deleted when its executions reach their next transition; the provider's default is five minutes."""
    machines = deployment.resources_of("sfn/stateMachine:StateMachine")
    assert {machine.delete_timeout for machine in machines} == {"60m"}
    longest = [
        state["TimeoutSeconds"] if "TimeoutSeconds" in state else state["Seconds"]
        for machine in machines
        for _, state in states(machine.json("definition"))
        if {"TimeoutSeconds", "Seconds"} & set(state)
    ]
    assert max(longest) <= 910 < 60 * 60 / 2
    assert len(longest) > 5


def test_responses_and_models_of_the_gateway_are_part_of_each_deployment() -> None:
    """Bodies of other content types are validated too, and changes of any part are deployed."""
    deployment = deploy()
    checked = [
        item.inputs for item in deployment.resources_of("apigateway/method:Method") if "requestModels" in item.inputs
    ]
    assert [set(inputs["requestModels"]) for inputs in checked] == [{"application/json", "$default"}]
    types = {item.inputs["responseType"] for item in deployment.resources_of("apigateway/response:Response")}
    assert {"MISSING_AUTHENTICATION_TOKEN", "DEFAULT_4XX", "DEFAULT_5XX"} <= types
    triggers: dict[str, Any] = deployment.resource("apigateway/deployment:Deployment").inputs["triggers"]
    assert triggers != deploy({"auth.type": "none"}).resource("apigateway/deployment:Deployment").inputs["triggers"]


def test_the_item_of_a_caller_takes_what_the_throttle_lets_through() -> None:
    """Each download updates it twice, and its size grows with the downloads that run."""
    ids_kb = NUMBERS["limits.max_downloads_per_caller"][0] * len(secrets.token_hex(16)) / 1024
    units = math.ceil(ids_kb + 0.5)  # a key and a few attributes beside them
    assert 2 * units * NUMBERS["api.throttle_rate"][0] <= 1_000
