"""Authorizers of the REST API: a Lambda function or Cognito user pools."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from async_download import AuthorizerKind, InvalidSetting
from async_download.plugin import Plugin
from async_download.settings import resolve

from localcloud.config import nested
from tests.components.api.test_apis import methods, trigger
from tests.components.api.test_cors import answers
from tests.components.functions.test_functions import depends_on
from tests.components.support.harness import COMPONENT, ORIGINS, Deployment, RegisteredResource, deploy, run
from tests.components.test_program import ORIGINS as CONFIGURED_ORIGINS
from tests.components.test_program import configured
from tests.components.test_schema import registered

FUNCTION = "arn:aws-cn:lambda:cn-north-1:123456789012:function:who-calls"
POOL = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbCdEf123"
KIND = "apigateway/authorizer:Authorizer"


def args(**authorizer: Any) -> dict[str, Any]:
    return {"auth.type": "authorizer", "auth.authorizer": authorizer}


def authorizer_inputs(deployment: Deployment) -> dict[str, Any]:
    return deployment.resource(KIND).inputs


def permission(deployment: Deployment) -> RegisteredResource:
    return deployment.resource("lambda/permission:Permission", "rest-authorizer-permission")


def triggers(deployment: Deployment) -> dict[str, str]:
    deployment_triggers: dict[str, str] = deployment.resource("apigateway/deployment:Deployment").inputs["triggers"]
    return deployment_triggers


INVALID: list[tuple[str, dict[str, Any]]] = [
    ("auth.authorizer", {"auth.type": "authorizer"}),
    ("auth.authorizer", args()),
    ("auth.authorizer", args(function_arn=FUNCTION, user_pool_arns=[POOL])),
    ("auth.authorizer", args(user_pool_arns=[])),
    ("auth.authorizer", {"auth.type": "authorizer", "auth.authorizer": FUNCTION}),
    ("auth.authorizer", {"auth.authorizer": {"function_arn": FUNCTION}}),
    ("auth.authorizer", {"auth.type": "api_key", "auth.authorizer": {"function_arn": FUNCTION}}),
    ("auth.authorizer.function_arn", args(function_arn="", user_pool_arns=[POOL])),
    ("auth.authorizer.functionArn", args(functionArn=FUNCTION)),
    ("auth.authorizer.function_arn", args(function_arn="who-calls")),
    ("auth.authorizer.function_arn", args(function_arn=FUNCTION + ":live:2")),
    ("auth.authorizer.function_arn", args(function_arn=POOL)),
    ("auth.authorizer.kind", args(function_arn=FUNCTION, kind="jwt")),
    ("auth.authorizer.kind", args(user_pool_arns=[POOL], kind="token")),
    ("auth.authorizer.user_pool_arns", args(user_pool_arns=POOL)),
    ("auth.authorizer.user_pool_arns", args(user_pool_arns=["eu-west-1_AbCdEf123"])),
    ("auth.authorizer.user_pool_arns", args(user_pool_arns=[POOL, 7])),
    ("auth.authorizer.scopes", args(function_arn=FUNCTION, scopes=["files/read"])),
    ("auth.authorizer.scopes", args(user_pool_arns=[POOL], scopes="files/read")),
    ("auth.authorizer.scopes", args(user_pool_arns=[POOL], scopes=["files read"])),
    ("auth.authorizer.header", args(function_arn=FUNCTION, header="X Token")),
    ("auth.authorizer.header", args(function_arn=FUNCTION, header="X-Token'")),
    ("auth.authorizer.cache_seconds", args(function_arn=FUNCTION, cache_seconds=3601)),
    ("auth.authorizer.cache_seconds", args(function_arn=FUNCTION, cache_seconds=-1)),
]


@pytest.mark.parametrize(("setting", "invalid"), INVALID, ids=[name for name, _ in INVALID])
def test_invalid_authorizers_are_refused_with_the_setting_and_the_reason(setting: str, invalid: dict[str, Any]) -> None:
    with pytest.raises(InvalidSetting) as refused:
        resolve("files", nested({"origins": ORIGINS} | invalid))
    assert refused.value.setting == setting
    assert f"not allowed: {refused.value.allowed}." in str(refused.value)


@pytest.mark.parametrize("field", ["function_arn", "user_pool_arns"])
def test_a_computed_arn_is_checked_when_it_is_known(field: str) -> None:
    def computed_args() -> dict[str, Any]:
        wrong = pulumi.Output.from_input("other")
        return args(**{field: wrong if field == "function_arn" else [wrong]})

    with pytest.raises(ValueError, match=rf"authorizer\.{field} .*not allowed"):
        deploy(computed_args)


@pytest.mark.parametrize(("kind", "type_"), [(None, "TOKEN"), (AuthorizerKind.TOKEN, "TOKEN"), ("request", "REQUEST")])
def test_a_function_decides_about_every_call(kind: str | None, type_: str) -> None:
    deployment = deploy(args(function_arn=FUNCTION, kind=kind))
    inputs = authorizer_inputs(deployment)
    assert inputs["type"] == type_
    place = "arn:aws-cn:apigateway:cn-north-1:lambda:path/2015-03-31/functions"
    assert inputs["authorizerUri"] == f"{place}/{FUNCTION}/invocations", "the partition is the function's"
    assert inputs["authorizerResultTtlInSeconds"] == 0, "a decision about one path must not stand for another"
    assert len(methods(deployment)) == 4
    for method in methods(deployment):
        assert (method.inputs["authorization"], method.inputs["authorizerId"]) == ("CUSTOM", "files-rest-authorizer-id")
        assert method.inputs["apiKeyRequired"] is False


def test_the_function_may_be_called_by_this_authorizer_alone() -> None:
    inputs = permission(deploy(args(function_arn=FUNCTION))).inputs
    assert (inputs["function"], inputs["principal"]) == (FUNCTION, "apigateway.amazonaws.com")
    assert inputs["action"] == "lambda:InvokeFunction"
    api = "arn:aws:execute-api:eu-west-1:123456789012:rest123"
    assert inputs["sourceArn"] == f"{api}/authorizers/files-rest-authorizer-id"
    assert "qualifier" not in inputs
    assert inputs["statementId"] == "async-download-test-files-rest-authorizer", "others may permit theirs too"


def test_a_version_or_alias_is_what_is_called_and_permitted() -> None:
    deployment = deploy(args(function_arn=f"{FUNCTION}:live"))
    inputs = permission(deployment).inputs
    assert (inputs["function"], inputs["qualifier"]) == (FUNCTION, "live")
    assert authorizer_inputs(deployment)["authorizerUri"].endswith(f"{FUNCTION}:live/invocations")


def test_cognito_decides_by_identity_token_or_by_scope() -> None:
    plain = deploy(args(user_pool_arns=[POOL]))
    inputs = authorizer_inputs(plain)
    assert (inputs["type"], inputs["providerArns"]) == ("COGNITO_USER_POOLS", [POOL])
    assert not [item for item in plain.resources_of("lambda/permission:Permission") if "authorizer" in item.name]
    assert {method.inputs["authorization"] for method in methods(plain)} == {"COGNITO_USER_POOLS"}
    assert all("authorizationScopes" not in method.inputs for method in methods(plain))
    scoped = deploy(args(user_pool_arns=[POOL], scopes=["files/read"]))
    assert all(method.inputs["authorizationScopes"] == ["files/read"] for method in methods(scoped))


def test_header_and_cache_are_choices() -> None:
    inputs = authorizer_inputs(deploy(args(function_arn=FUNCTION, header="X-Token", cache_seconds=60)))
    assert inputs["identitySource"] == "method.request.header.X-Token"
    assert inputs["authorizerResultTtlInSeconds"] == 60


def test_a_browser_may_send_the_header() -> None:
    with_header = args(function_arn=FUNCTION, header="X-Token") | {"api.cors_origins": ["https://app.example.com"]}
    for headers in answers(deploy(with_header)).values():
        assert "X-Token" in headers["Access-Control-Allow-Headers"].split(",")
    usual = args(function_arn=FUNCTION) | {"api.cors_origins": ["https://app.example.com"]}
    for headers in answers(deploy(usual)).values():
        assert headers["Access-Control-Allow-Headers"].lower().split(",").count("authorization") == 1


def test_a_changed_authorizer_is_deployed_again() -> None:
    """Plain and computed parts are both in the snapshot of a deployment."""
    other_function = FUNCTION.replace("who-calls", "other")
    variants = [args(function_arn=FUNCTION, **more) for more in ({}, {"header": "X-Token"}, {"cache_seconds": 9})]
    variants += [args(function_arn=FUNCTION, kind="request"), args(user_pool_arns=[POOL])]
    variants += [args(user_pool_arns=[POOL], scopes=["a"])]
    assert len({trigger(variant) for variant in variants}) == len(variants)
    assert trigger(variants[0]) not in (trigger(), trigger({"auth.type": "none"}))
    computed = [deploy(variant) for variant in (variants[0], args(function_arn=other_function), variants[4])]
    assert len({triggers(deployment)["authorizer"] for deployment in computed}) == 3
    assert triggers(deploy(variants[0])) == triggers(deploy(variants[0], fresh=True))


def test_a_deployment_waits_for_the_authorizer_and_its_permission() -> None:
    deployment = deploy(args(function_arn=FUNCTION))
    awaited = depends_on(deployment, deployment.resource("apigateway/deployment:Deployment"))
    assert {deployment.resource(KIND).name, permission(deployment).name} <= awaited


def test_configuration_reaches_the_authorizer() -> None:
    functional = configured(
        {
            "origins": CONFIGURED_ORIGINS,
            "auth.type": "authorizer",
            "auth.authorizer": {"functionArn": FUNCTION, "kind": "request", "cacheSeconds": 30, "header": "X-Token"},
        }
    )
    expected = args(function_arn=FUNCTION, kind="request", cache_seconds=30, header="X-Token")
    assert authorizer_inputs(functional) == authorizer_inputs(deploy(expected))


def test_another_language_creates_the_same_authorizer() -> None:
    """Other languages send an enum as a string, a whole number as a float, and an ARN as an output in a list."""

    def remote(authorizer: dict[str, Any]) -> Deployment:
        inputs: dict[str, Any] = {"origins": {"reports": {"baseUrl": "https://reports.example.com/exports/"}}}

        def program() -> None:
            pools = [pulumi.Output.from_input(arn) for arn in authorizer.get("userPoolArns", ())]
            auth = {"type": "authorizer", "authorizer": authorizer | ({"userPoolArns": pools} if pools else {})}
            Plugin("0.0.0").construct("files", COMPONENT, inputs | {"auth": auth})

        return run(program)

    pools = {"userPoolArns": [POOL], "scopes": ["a"], "cacheSeconds": 30.0}
    python = deploy(args(user_pool_arns=[POOL], scopes=["a"], cache_seconds=30))
    assert registered(remote(pools)) == registered(python)
    function = {"functionArn": FUNCTION, "kind": "request"}
    assert registered(remote(function)) == registered(deploy(args(function_arn=FUNCTION, kind="request")))
