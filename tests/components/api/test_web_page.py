"""The web page, where a stack serves it: one function that may do nothing, one open path, and a bucket it can read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest
from async_download.bundle import PAGE
from async_download.names import hyphenated

from runtime import config
from runtime.handlers.web_page import Settings
from tests.components.functions.test_functions import depends_on, environment, function
from tests.components.support.harness import Deployment, RegisteredResource, deploy
from tests.components.support.service_permissions import callers, rest_paths

OTHER = "https://app.example.com"
API = "https://rest123.execute-api.eu-west-1.amazonaws.com"
CORS = "s3/bucketCorsConfiguration:BucketCorsConfiguration"


def deploy_with_page(settings: Mapping[str, Any] | None = None) -> Deployment:
    return deploy({"api.web_page": True, "auth.type": "api_key", **(settings or {})})


def outputs(deployment: Deployment) -> dict[str, Any]:
    (found,) = deployment.component_outputs.values()
    return found


def methods(deployment: Deployment) -> dict[tuple[str, str], RegisteredResource]:
    """(method, path) -> the method."""
    paths, found = rest_paths(deployment), deployment.resources_of("apigateway/method:Method")
    return {(item.inputs["httpMethod"], paths[item.inputs["resourceId"]]): item for item in found}


def test_without_it_there_is_nothing_of_it(deployment: Deployment) -> None:
    assert not [item.name for item in deployment.resources if "page" in item.name]
    assert "webPageUrl" not in outputs(deployment)
    assert PAGE not in outputs(deployment)["functionNames"]


@pytest.mark.parametrize("auth", ["api_key", "none"])
def test_the_page_is_open_and_the_api_stays_as_it_was(auth: str) -> None:
    deployment = deploy_with_page({"auth.type": auth})
    found = methods(deployment)
    page = found.pop(("GET", "/page/{file}"))
    assert (page.inputs["authorization"], page.inputs["apiKeyRequired"]) == ("NONE", False)
    assert {item.inputs["apiKeyRequired"] for item in found.values()} == {auth == "api_key"}
    assert page.name in depends_on(deployment, deployment.resource("apigateway/deployment:Deployment"))


def test_it_is_called_by_its_own_path_alone() -> None:
    deployment = deploy_with_page()
    name = function(deployment, PAGE).inputs["name"]
    (permission,) = [
        item.inputs
        for item in deployment.resources_of("lambda/permission:Permission")
        if item.inputs["function"] == name
    ]
    assert permission["sourceArn"].endswith(":rest123/v1/GET/page/*")
    assert callers(deployment)[name, "apigateway.amazonaws.com"] == {permission["sourceArn"]}


def test_its_function_may_write_its_log_and_nothing_else() -> None:
    statements = deploy_with_page({"observability.tracing": False}).statements(hyphenated(PAGE))
    assert [statement["Sid"] for statement in statements] == ["Logs"]


@pytest.mark.parametrize("auth", ["api_key", "none"])
def test_its_function_is_told_what_it_reads(auth: str) -> None:
    variables = environment(deploy_with_page({"auth.type": auth}), PAGE)
    assert set(variables) == {field.name.upper() for field in dataclasses.fields(Settings)}
    assert config.load(Settings, variables).rest_auth == auth


def test_its_url_is_an_output() -> None:
    assert outputs(deploy_with_page())["webPageUrl"] == f"{API}/v1/page/index.html"
    assert outputs(deploy_with_page({"api.stage_name": "live"}))["webPageUrl"] == f"{API}/live/page/index.html"


@pytest.mark.parametrize(
    ("cors_origins", "allowed_origins"),
    [([], [API]), ([OTHER], [OTHER, API]), (["*"], ["*"])],
    ids=["none", "one", "all"],
)
def test_it_may_fetch_copies(cors_origins: list[str], allowed_origins: list[str]) -> None:
    (rule,) = deploy_with_page({"api.cors_origins": cors_origins}).resource(CORS).inputs["corsRules"]
    assert rule["allowedOrigins"] == allowed_origins


def test_the_owner_of_a_given_bucket_is_told_so() -> None:
    deployment = deploy_with_page({"storage.bucket": "reports"})
    assert not deployment.resources_of(CORS)
    assert outputs(deployment)["bucketRules"]["corsRule"]["AllowedOrigins"] == [API]


def test_functions_answer_no_other_page_for_it() -> None:
    """The page is of the API's own origin, for which a browser asks nobody."""
    assert json.loads(environment(deploy_with_page(), "get_download")["CORS_ORIGINS"]) == []
    assert not [path for method, path in methods(deploy_with_page()) if method == "OPTIONS"]


def test_switching_it_on_is_deployed() -> None:
    kind = "apigateway/deployment:Deployment"
    triggers = [
        deploy_with_page({"api.web_page": on}).resource(kind).inputs["triggers"]["redeployment"] for on in (True, False)
    ]
    assert len(set(triggers)) == 2
