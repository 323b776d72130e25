"""The web page: a function without permissions, an open path, and CORS for the copies."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest
from async_download.bundle import PAGE

from runtime import config
from runtime.handlers.web_page import Settings
from tests.components.functions.test_functions import depends_on, environment
from tests.components.support.harness import Deployment, RegisteredResource, deploy
from tests.components.support.service_permissions import rest_paths

OTHER = "https://app.example.com"
API = "https://rest123.execute-api.eu-west-1.amazonaws.com"
CORS = "s3/bucketCorsConfiguration:BucketCorsConfiguration"


def deploy_with_page(settings: Mapping[str, Any] | None = None) -> Deployment:
    return deploy({"api.web_page": True, "auth.type": "api_key", **(settings or {})})


def outputs(deployment: Deployment) -> dict[str, Any]:
    (values,) = deployment.component_outputs.values()
    return values


def methods(deployment: Deployment) -> dict[tuple[str, str], RegisteredResource]:
    """Return the methods by HTTP method and path."""
    paths, resources = rest_paths(deployment), deployment.resources_of("apigateway/method:Method")
    return {(item.inputs["httpMethod"], paths[item.inputs["resourceId"]]): item for item in resources}


@pytest.mark.parametrize("auth", ["api_key", "none"])
def test_the_page_is_open_and_the_api_stays_as_it_was(auth: str) -> None:
    deployment = deploy_with_page({"auth.type": auth})
    api_methods = methods(deployment)
    page = api_methods.pop(("GET", "/page/{file}"))
    assert (page.inputs["authorization"], page.inputs["apiKeyRequired"]) == ("NONE", False)
    assert {item.inputs["apiKeyRequired"] for item in api_methods.values()} == {auth == "api_key"}
    assert page.name in depends_on(deployment, deployment.resource("apigateway/deployment:Deployment"))


@pytest.mark.parametrize("auth", ["api_key", "none"])
def test_the_environment_of_the_function_holds_exactly_its_settings(auth: str) -> None:
    variables = environment(deploy_with_page({"auth.type": auth}), PAGE)
    assert set(variables) == {field.name.upper() for field in dataclasses.fields(Settings)}
    assert config.load(Settings, variables).rest_auth == auth


@pytest.mark.parametrize(
    ("cors_origins", "allowed_origins"),
    [([], [API]), ([OTHER], [OTHER, API]), (["*"], ["*"])],
    ids=["none", "one", "all"],
)
def test_the_page_may_fetch_copies(cors_origins: list[str], allowed_origins: list[str]) -> None:
    (rule,) = deploy_with_page({"api.cors_origins": cors_origins}).resource(CORS).inputs["corsRules"]
    assert rule["allowedOrigins"] == allowed_origins


def test_the_owner_of_a_given_bucket_is_told_so() -> None:
    deployment = deploy_with_page({"storage.bucket": "reports"})
    assert not deployment.resources_of(CORS)
    assert outputs(deployment)["bucketRules"]["corsRule"]["AllowedOrigins"] == [API]


def test_functions_allow_no_cors_origin_for_the_page() -> None:
    """The page has the API's own origin, for which browsers need no CORS headers."""
    assert json.loads(environment(deploy_with_page(), "get_download")["CORS_ORIGINS"]) == []
    assert not [path for method, path in methods(deploy_with_page()) if method == "OPTIONS"]
