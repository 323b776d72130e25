"""CORS: responses and copies that web pages of other origins may read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from async_download.api import cors

from runtime.logic.requests.cors import EXPOSED
from tests.components.functions.test_functions import depends_on, environment
from tests.components.support.harness import Deployment, RegisteredResource, deploy
from tests.components.support.service_permissions import rest_paths

ORIGIN, OTHER_ORIGIN = "https://app.example.com", "https://admin.example.com"
PREFLIGHTS = {"/downloads": {"POST"}, "/download": {"GET"}, "/downloads/{id}": {"GET", "DELETE"}}


def deploy_with_origins(*origins: str, settings: Mapping[str, Any] | None = None) -> Deployment:
    return deploy({"api.cors_origins": list(origins), **(settings or {})})


def options(deployment: Deployment, kind: str) -> dict[str, RegisteredResource]:
    """Return the resources for OPTIONS by their paths."""
    paths, resources = rest_paths(deployment), deployment.resources_of(f"apigateway/{kind}")
    return {paths[item.inputs["resourceId"]]: item for item in resources if item.inputs["httpMethod"] == "OPTIONS"}


def answers(deployment: Deployment) -> dict[str, dict[str, str]]:
    """Return the headers of the response to OPTIONS by path."""
    parts = options(deployment, "integrationResponse:IntegrationResponse")
    return {
        path: {name.removeprefix("method.response.header."): value.strip("'") for name, value in headers.items()}
        for path, item in parts.items()
        if (headers := item.inputs["responseParameters"])
    }


@pytest.mark.parametrize("auth", ["iam", "api_key", "none"])
def test_the_gateway_answers_options_for_every_path(auth: str) -> None:
    """It needs no credentials, since browsers send none, and no function."""
    deployment = deploy_with_origins(ORIGIN, settings={"auth.type": auth})
    methods = options(deployment, "method:Method")
    assert set(methods) == set(answers(deployment)) == set(PREFLIGHTS)
    assert {item.inputs["authorization"] for item in methods.values()} == {"NONE"}
    assert {item.inputs["apiKeyRequired"] for item in methods.values()} == {False}
    integrations = options(deployment, "integration:Integration")
    assert {item.inputs["type"] for item in integrations.values()} == {"MOCK"}
    for path, headers in answers(deployment).items():
        assert headers["Access-Control-Allow-Origin"] == ORIGIN
        assert set(headers["Access-Control-Allow-Methods"].split(",")) == PREFLIGHTS[path] | {"OPTIONS"}
        allowed_headers = {name.lower() for name in headers["Access-Control-Allow-Headers"].split(",")}
        assert {"authorization", "content-type", "idempotency-key", "x-api-key", "x-download-ticket"} <= allowed_headers
        declared = options(deployment, "methodResponse:MethodResponse")[path].inputs["responseParameters"]
        assert set(declared) == {f"method.response.header.{name}" for name in headers}
    parts = [*methods.values(), *options(deployment, "integrationResponse:IntegrationResponse").values()]
    awaited = depends_on(deployment, deployment.resource("apigateway/deployment:Deployment"))
    assert {item.name for item in parts} <= awaited


def test_pages_can_read_the_gateways_own_responses() -> None:
    for item in deploy_with_origins(ORIGIN).resources_of("apigateway/response:Response"):
        headers = item.inputs["responseParameters"]
        assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == f"'{ORIGIN}'"
        assert "Retry-After" in headers["gatewayresponse.header.Access-Control-Expose-Headers"]
        if item.inputs["responseType"] == "THROTTLED":
            assert headers["gatewayresponse.header.Retry-After"] == "'1'"


@pytest.mark.parametrize("origins", [(ORIGIN, OTHER_ORIGIN), ("*",)])
def test_the_gateway_allows_every_origin_where_there_are_several(origins: tuple[str, ...]) -> None:
    """Its own responses hold no secret; functions allow the origin of the request."""
    deployment = deploy_with_origins(*origins)
    assert {headers["Access-Control-Allow-Origin"] for headers in answers(deployment).values()} == {"*"}
    assert json.loads(environment(deployment, "get_download")["CORS_ORIGINS"]) == list(origins)


def test_functions_and_gateway_expose_the_same_headers() -> None:
    assert cors.EXPOSED_HEADERS == EXPOSED


def test_pages_may_fetch_copies_by_ranges() -> None:
    (rule,) = (
        deploy_with_origins(ORIGIN, OTHER_ORIGIN)
        .resource("s3/bucketCorsConfiguration:BucketCorsConfiguration")
        .inputs["corsRules"]
    )
    assert rule["allowedOrigins"] == [ORIGIN, OTHER_ORIGIN]
    assert rule["allowedMethods"] == ["GET", "HEAD"]
    assert {"Range", "If-Match"} <= set(rule["allowedHeaders"])
    assert {"ETag", "Content-Range"} <= set(rule["exposeHeaders"])


def test_the_rules_for_an_existing_bucket_hold_the_cors_rule() -> None:
    deployment = deploy_with_origins(ORIGIN, settings={"storage.bucket": "reports"})
    assert not deployment.resources_of("s3/bucketCorsConfiguration:BucketCorsConfiguration")
    (outputs,) = deployment.component_outputs.values()
    rule = outputs["bucketRules"]["corsRule"]
    (ours,) = (
        deploy_with_origins(ORIGIN).resource("s3/bucketCorsConfiguration:BucketCorsConfiguration").inputs["corsRules"]
    )
    assert rule.pop("ID") == ours.pop("id")
    assert {name[0].lower() + name[1:]: value for name, value in rule.items()} == ours
