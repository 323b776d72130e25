"""The REST API and the WebSocket API as API Gateway sees them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

import botocore.session
import pytest
from async_download import RestAuth
from async_download.api import gateway_errors, rest_requests, rest_routes
from async_download.observability import REST_FIELDS, SOCKET_FIELDS
from async_download.scope import Scope
from async_download.settings import resolve

from localcloud.config import nested
from runtime.handlers.request_download import FIELDS
from tests.components.functions.test_functions import depends_on
from tests.components.support.harness import ORIGINS, Deployment, RegisteredResource, deploy

KINDS = "each is a string, but size a whole number"
NO_DEFAULTS = {"DEFAULT_4XX"}


def methods(deployment: Deployment) -> list[RegisteredResource]:
    return deployment.resources_of("apigateway/method:Method")


def trigger(args: Mapping[str, Any] | None = None) -> str:
    """Return the value that triggers a new deployment of the REST API when it changes."""
    all_args = nested({"origins": ORIGINS, "name_prefix": "async-download-test-files", **(args or {})})
    return rest_routes.fingerprint(Scope(cast(Any, None), "files", resolve("files", all_args)))


@pytest.mark.parametrize(
    ("auth", "authorization", "key"), [("iam", "AWS_IAM", False), ("api_key", "NONE", True), ("none", "NONE", False)]
)
def test_every_call_carries_the_chosen_auth(auth: str, authorization: str, key: bool) -> None:
    auth_of_methods = {
        (m.inputs["authorization"], m.inputs["apiKeyRequired"]) for m in methods(deploy({"auth.type": auth}))
    }
    assert auth_of_methods == {(authorization, key)}


@pytest.mark.security
def test_each_caller_can_have_a_key_with_a_plan_of_its_own() -> None:
    keys = {"reporting": {"rate": 2, "requests_per_day": 1000}, "batch": {"burst": 3}}
    deployment = deploy(
        {"auth.type": "api_key", "api.throttle_rate": 7, "api.throttle_burst": 9, "auth.api_keys": keys}
    )
    plans = {plan.name: plan.inputs for plan in deployment.resources_of("apigateway/usagePlan:UsagePlan")}
    assert {name: (plan["throttleSettings"], plan.get("quotaSettings")) for name, plan in plans.items()} == {
        "files-rest-plan": ({"rateLimit": 7, "burstLimit": 9}, None),
        "files-rest-plan-reporting": ({"rateLimit": 2, "burstLimit": 9}, {"limit": 1000, "period": "DAY"}),
        "files-rest-plan-batch": ({"rateLimit": 7, "burstLimit": 3}, None),
    }
    assert all(plan["apiStages"] == [{"apiId": "rest123", "stage": "v1"}] for plan in plans.values())
    plan_keys = [item.inputs for item in deployment.resources_of("apigateway/usagePlanKey:UsagePlanKey")]
    plan_of_key = {inputs["keyId"]: inputs["usagePlanId"] for inputs in plan_keys}
    assert plan_of_key == {
        "files-rest-key-id": "files-rest-plan-id",
        "files-rest-key-reporting-id": "files-rest-plan-reporting-id",
        "files-rest-key-batch-id": "files-rest-plan-batch-id",
    }
    assert all(key.secret_outputs == ("value",) for key in deployment.resources_of("apigateway/apiKey:ApiKey"))


@pytest.mark.parametrize("auth", ["iam", "none"])
def test_no_api_key_is_made_for_another_auth(auth: str) -> None:
    deployment = deploy({"auth.type": auth})
    assert not deployment.resources_of("apigateway/apiKey:ApiKey")
    assert not deployment.resources_of("apigateway/usagePlan:UsagePlan")


def test_an_open_api_is_warned_about_at_deploy_time() -> None:
    (warning,) = deploy({"auth.type": "none"}).warnings
    assert "anybody" in warning
    assert "One request may cost up to $15" in warning
    assert "max_downloads_per_caller, up to $20,112 a day" in warning
    (warning,) = deploy({"auth.type": "none", "limits.max_downloads_per_caller": 0}).warnings
    assert "concurrency alone, up to $24,985 a day" in warning
    assert not deploy({"auth.type": "api_key"}).warnings


def test_the_gateway_checks_the_fields_that_the_function_reads(deployment: Deployment) -> None:
    schema = deployment.resource("apigateway/model:Model").json("schema")
    assert tuple(schema["properties"]) == FIELDS
    assert schema["additionalProperties"] is False
    get = deployment.resource("apigateway/method:Method", "rest-get-download").inputs
    assert set(get["requestParameters"]) == {f"method.request.querystring.{field}" for field in FIELDS}
    unchecked = {method.name for method in methods(deployment) if "requestValidatorId" not in method.inputs}
    assert unchecked == {"files-rest-get-downloads-id", "files-rest-delete-downloads-id"}


FIRST_URL, SECOND_URL = "https://one.example.com/", "https://two.example.com/"


@pytest.mark.parametrize(
    ("origins", "required"),
    [
        ({"a": {"base_url": FIRST_URL}}, ["path"]),
        ({"a": {"base_url": FIRST_URL, "default_path": "x"}}, []),
        ({"a": {"base_url": FIRST_URL}, "b": {"base_url": SECOND_URL}}, ["origin", "path"]),
        ({"a": {"base_url": FIRST_URL, "default_path": "x"}, "b": {"base_url": SECOND_URL}}, ["origin"]),
    ],
)
def test_the_gateway_requires_fields_without_a_default(origins: dict[str, Any], required: list[str]) -> None:
    """The function requires the same (test_what_is_missing_is_named); the gateway's answer names the fields."""
    deployment = deploy({"origins": origins})
    assert deployment.resource("apigateway/model:Model").json("schema").get("required", []) == required
    parameters = deployment.resource("apigateway/method:Method", "rest-get-download").inputs["requestParameters"]
    assert sorted(name.rpartition(".")[2] for name, needed in parameters.items() if needed) == required
    for kind in ("body", "parameters"):
        answer = deployment.resource("apigateway/response:Response", f"bad-request-{kind}").inputs["responseTemplates"]
        message = json.loads(answer["application/json"])["error"]["message"]
        assert all(field in message for field in FIELDS)
        assert ("a, b" in message) == ("origin" in required)


@pytest.mark.parametrize("auth", RestAuth)
def test_errors_of_the_gateway_have_the_shape_of_every_other_error(auth: RestAuth) -> None:
    for kind, error in gateway_errors.gateway_errors(auth).items():
        body = json.loads(error.body)
        assert set(body) == {"error"}
        assert set(body["error"]) == {"code", "message"}
        assert re.fullmatch(r"[A-Z_]+", body["error"]["code"])
        assert body["error"]["message"].endswith(".")
        assert "$" not in error.body, "the answer repeats nothing of the request"
        assert (error.status is None) == (kind in NO_DEFAULTS)


def test_each_answer_of_the_gateway_is_registered(deployment: Deployment) -> None:
    registered = {
        item.inputs["responseType"]: item.inputs for item in deployment.resources_of("apigateway/response:Response")
    }
    assert set(registered) == set(gateway_errors.gateway_errors(RestAuth.IAM))
    for kind in ("THROTTLED", "INTEGRATION_TIMEOUT"):
        assert registered[kind]["responseParameters"] == {"gatewayresponse.header.Retry-After": "'1'"}
    assert "DAILY_LIMIT_REACHED" in str(registered["QUOTA_EXCEEDED"]["responseTemplates"])
    assert not registered["QUOTA_EXCEEDED"].get("responseParameters"), "a retry after a second would fail too"


@pytest.mark.parametrize("auth", RestAuth)
def test_a_throttled_or_broken_function_is_unavailable_and_a_slow_one_a_time_out(auth: RestAuth) -> None:
    """AWS does not document which of these answers the gateway chooses."""
    errors = gateway_errors.gateway_errors(auth)
    kinds = {
        "DEFAULT_5XX",
        "INTEGRATION_FAILURE",
        "API_CONFIGURATION_ERROR",
        "AUTHORIZER_FAILURE",
        "AUTHORIZER_CONFIGURATION_ERROR",
    }
    assert {kind for kind, error in errors.items() if error.status == 503} == kinds
    for kind in kinds:
        assert errors[kind].code == "UNAVAILABLE"
        assert errors[kind].headers == {"gatewayresponse.header.Retry-After": "'5'"}
    assert (errors["INTEGRATION_TIMEOUT"].status, errors["INTEGRATION_TIMEOUT"].code) == (504, "TIMEOUT")


def test_every_answer_is_of_a_kind_that_api_gateway_has() -> None:
    model = botocore.session.Session().get_service_model("apigateway")
    assert set(gateway_errors.gateway_errors(RestAuth.IAM)) < set(model.shape_for("GatewayResponseType").enum)


def test_the_answer_to_an_unknown_path_says_so() -> None:
    """With IAM authorization the gateway cannot distinguish it from an unsigned call: the message names both."""
    kind = "MISSING_AUTHENTICATION_TOKEN"
    open_, signed = (gateway_errors.gateway_errors(auth)[kind] for auth in (RestAuth.NONE, RestAuth.IAM))
    assert (open_.status, open_.code) == (404, "NOT_FOUND")
    assert signed.status == 403
    assert "no such path" in signed.message


@pytest.mark.parametrize(
    ("origin", "explanation"),
    [
        ({}, "path (at most 2048 characters); origin, fileName, sha256, size may be left out"),
        ({"default_path": "a"}, "any of origin, path, fileName, sha256, size"),
    ],
)
def test_the_answer_to_a_bad_body_names_the_fields_and_limits(origin: dict[str, str], explanation: str) -> None:
    """The gateway does not say which rule a body broke."""
    args = {"origins": {"a": {"base_url": "https://a.example.com/"} | origin}}
    required = rest_requests.description(resolve("files", args).origins)
    message = gateway_errors.gateway_errors(RestAuth.NONE, required=required)["BAD_REQUEST_BODY"].message
    assert message == f"Send a JSON object with {explanation}; {KINDS}, and there are no others."


def test_a_changed_api_is_deployed_again() -> None:
    args: list[dict[str, Any]] = [{}, {"auth.type": "none"}, {"name_prefix": "other"}]
    args += [{"auth.type": "none", "api.web_page": True}]
    args += [{"api.cors_origins": [f"https://{name}.example.com"]} for name in ("app", "admin")]
    assert len({trigger(variant) for variant in args}) == len(args)


class OtherRequests:
    """Stand-in for `rest_requests` with another explanation."""

    def __getattr__(self, name: str) -> Any:
        return lambda _origins: "other" if name == "description" else getattr(rest_requests, name)({})


def test_a_changed_model_error_or_route_is_deployed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    triggers = {trigger()}
    changes: dict[str, Any] = {
        "rest_requests": OtherRequests(),
        "ROUTES": rest_routes.ROUTES[:-1],
        "INTEGRATION_MS": 28_000,
        "gateway_errors": lambda *args: dict(list(gateway_errors.gateway_errors(*args).items())[:-1]),
    }
    for name, value in changes.items():
        with monkeypatch.context() as changed:
            changed.setattr(rest_routes, name, value)
            triggers.add(trigger())
    assert len(triggers) == len(changes) + 1


def test_an_unchanged_api_is_not_deployed_again(deployment: Deployment) -> None:
    assert trigger({"websocket.max_connections_per_download": 3}) == trigger()
    assert deployment.resource("apigateway/deployment:Deployment").inputs["triggers"] == {"redeployment": trigger()}


def test_a_deployment_waits_for_everything_that_it_takes_a_snapshot_of(deployment: Deployment) -> None:
    awaited = depends_on(deployment, deployment.resource("apigateway/deployment:Deployment"))
    kinds = ("method:Method", "integration:Integration", "response:Response", "model:Model")
    parts = [item.name for kind in kinds for item in deployment.resources_of(f"apigateway/{kind}")]
    assert set(parts) <= awaited


def test_the_socket_stage_waits_for_all_routes_and_deploys_itself(deployment: Deployment) -> None:
    stage = deployment.resource("apigatewayv2/stage:Stage")
    assert stage.inputs["autoDeploy"] is True
    assert {route.name for route in deployment.resources_of("apigatewayv2/route:Route")} <= depends_on(
        deployment, stage
    )


@pytest.mark.parametrize("fields", [REST_FIELDS, SOCKET_FIELDS])
def test_access_logs_hold_neither_query_string_nor_header_nor_full_path(fields: dict[str, str]) -> None:
    for value in fields.values():
        assert re.fullmatch(r"\$context(\.[A-Za-z]+)+", value)
        assert value != "$context.path"
        for word in ("query", "header", "authorizer", "authenticate", "requestOverride", "body"):
            assert word.lower() not in value.lower()
    assert fields["requestId"] == "$context.requestId"
