"""Rules of AWS for these resources that the emulator does not enforce: a test for each rule."""

from __future__ import annotations

import json
import math
import secrets

from tests.components.functions.test_functions import depends_on
from tests.components.support.declarations import NUMBERS
from tests.components.support.harness import Deployment, deploy
from tests.components.support.service_permissions import allowed_permissions, callers, states


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
    """test_least_privilege.py has the permissions."""
    machine = deployment.resource("sfn/stateMachine:StateMachine", "transfer")
    group = "/aws/vendedlogs/states/async-download-test-files-transfer"
    assert machine.inputs["loggingConfiguration"]["logDestination"].endswith(f":log-group:{group}:*")
    assert {"files-transfer-policy", "files-transfer-logs"} <= depends_on(deployment, machine)


def test_a_given_bucket_keeps_its_owners_configuration() -> None:
    deployment = deploy({"storage.bucket": "reports"})
    assert not [item for item in deployment.custom if item.type.startswith("aws:s3/")]


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


def test_nothing_that_could_carry_a_query_string_is_logged(deployment: Deployment) -> None:
    rest = deployment.resource("apigateway/methodSettings:MethodSettings").inputs
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


def test_concurrency_is_reserved_on_request_only() -> None:
    functions = {
        "api.reserved_concurrency": "files-request-download",
        "websocket.reserved_concurrency": "files-connect",
        "copying.reserved_concurrency": "files-copy",
        "copying.slice_reserved_concurrency": "files-copy-slice",
    }
    concurrency = {setting: number for number, setting in enumerate(functions, 40)}
    reserved = {
        item.name: item.inputs["reservedConcurrentExecutions"]
        for item in deploy(concurrency).resources_of("lambda/function:Function")
        if "reservedConcurrentExecutions" in item.inputs
    }
    assert reserved == {functions[setting]: number for setting, number in concurrency.items()}
    assert {NUMBERS[setting][0] for setting in functions} == {0}, "none by default"


def test_without_a_customer_managed_key_no_role_needs_permissions_for_keys(deployment: Deployment) -> None:
    """AWS manages the keys then; test_keys.py has the permissions for a customer-managed key."""
    assert "kms" not in json.dumps([item.inputs.get("policy", "") for item in deployment.custom])
    encryption = deployment.resource(
        "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    (rule,) = encryption.inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    assert rule["bucketKeyEnabled"] is True
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


def test_a_body_is_validated_whatever_its_content_type(deployment: Deployment) -> None:
    """Bodies of other content types are validated too. test_apis.py has the answers and the deployments."""
    checked = [
        item.inputs for item in deployment.resources_of("apigateway/method:Method") if "requestModels" in item.inputs
    ]
    assert [set(inputs["requestModels"]) for inputs in checked] == [{"application/json", "$default"}]


def test_the_item_of_a_caller_takes_what_the_throttle_lets_through() -> None:
    """Each download updates it twice, and its size grows with the downloads that run."""
    ids_kb = NUMBERS["limits.max_downloads_per_caller"][0] * len(secrets.token_hex(16)) / 1024
    units = math.ceil(ids_kb + 0.5)  # a key and a few attributes beside them
    assert 2 * units * NUMBERS["api.throttle_rate"][0] <= 1_000
