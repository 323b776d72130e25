"""Web pages of other origins: what gateway, functions and bucket let them read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from async_download.api import cors

from runtime.logic.requests.cors import EXPOSED
from tests.components.functions.test_functions import depends_on, environment
from tests.components.support.harness import Deployed, Registered, deploy
from tests.components.support.service_permissions import rest_paths

PAGE, OTHER = "https://app.example.com", "https://admin.example.com"
PREFLIGHTS = {"/downloads": {"POST"}, "/download": {"GET"}, "/downloads/{id}": {"GET", "DELETE"}}


def with_pages(*pages: str, **args: Any) -> Deployed:
    return deploy({"cors_origins": list(pages)} | args)


def options(deployed: Deployed, kind: str) -> dict[str, Registered]:
    """Path -> what answers OPTIONS there."""
    paths, found = rest_paths(deployed), deployed.all(f"apigateway/{kind}")
    return {paths[item.inputs["resourceId"]]: item for item in found if item.inputs["httpMethod"] == "OPTIONS"}


def answers(deployed: Deployed) -> dict[str, dict[str, str]]:
    """Path -> headers of the answer to OPTIONS."""
    parts = options(deployed, "integrationResponse:IntegrationResponse")
    return {
        path: {name.removeprefix("method.response.header."): value.strip("'") for name, value in headers.items()}
        for path, item in parts.items()
        if (headers := item.inputs["responseParameters"])
    }


def test_without_pages_there_is_nothing_for_them(deployed: Deployed) -> None:
    assert not options(deployed, "method:Method")
    assert not deployed.all("s3/bucketCorsConfiguration:BucketCorsConfiguration")
    assert "access-control" not in json.dumps([i.inputs for i in deployed.all("apigateway/response:Response")]).lower()
    (outputs,) = deployed.component_outputs.values()
    assert "corsRule" not in outputs["bucketRules"]


@pytest.mark.parametrize("auth", ["iam", "api_key", "none"])
def test_the_gateway_answers_every_path_that_a_page_asks_about(auth: str) -> None:
    """Without credentials, since a browser sends none; and by itself, without a function."""
    deployed = with_pages(PAGE, rest_auth=auth)
    methods = options(deployed, "method:Method")
    assert set(methods) == set(answers(deployed)) == set(PREFLIGHTS)
    assert {item.inputs["authorization"] for item in methods.values()} == {"NONE"}
    assert {item.inputs["apiKeyRequired"] for item in methods.values()} == {False}
    integrations = options(deployed, "integration:Integration")
    assert {item.inputs["type"] for item in integrations.values()} == {"MOCK"}
    for path, headers in answers(deployed).items():
        assert headers["Access-Control-Allow-Origin"] == PAGE
        assert set(headers["Access-Control-Allow-Methods"].split(",")) == PREFLIGHTS[path] | {"OPTIONS"}
        asked = {name.lower() for name in headers["Access-Control-Allow-Headers"].split(",")}
        assert {"authorization", "content-type", "idempotency-key", "x-api-key", "x-download-ticket"} <= asked
        declared = options(deployed, "methodResponse:MethodResponse")[path].inputs["responseParameters"]
        assert set(declared) == {f"method.response.header.{name}" for name in headers}
    parts = [*methods.values(), *options(deployed, "integrationResponse:IntegrationResponse").values()]
    awaited = depends_on(deployed, deployed.one("apigateway/deployment:Deployment"))
    assert {item.name for item in parts} <= awaited


def test_what_the_gateway_answers_by_itself_can_be_read() -> None:
    for item in with_pages(PAGE).all("apigateway/response:Response"):
        headers = item.inputs["responseParameters"]
        assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == f"'{PAGE}'"
        assert "Retry-After" in headers["gatewayresponse.header.Access-Control-Expose-Headers"]
        if item.inputs["responseType"] == "THROTTLED":
            assert headers["gatewayresponse.header.Retry-After"] == "'1'"


@pytest.mark.parametrize("pages", [(PAGE, OTHER), ("*",)])
def test_an_answer_that_cannot_choose_between_pages_is_for_all(pages: tuple[str, ...]) -> None:
    """It holds no secret: that is for functions to decide, which know who asks."""
    deployed = with_pages(*pages)
    assert {headers["Access-Control-Allow-Origin"] for headers in answers(deployed).values()} == {"*"}
    assert json.loads(environment(deployed, "get_download")["CORS_ORIGINS"]) == list(pages)


def test_functions_and_gateway_expose_the_same_headers() -> None:
    assert cors.EXPOSED == EXPOSED


def test_pages_fetch_copies_also_piece_by_piece() -> None:
    (rule,) = with_pages(PAGE, OTHER).one("s3/bucketCorsConfiguration:BucketCorsConfiguration").inputs["corsRules"]
    assert rule["allowedOrigins"] == [PAGE, OTHER]
    assert rule["allowedMethods"] == ["GET", "HEAD"]
    assert {"Range", "If-Match"} <= set(rule["allowedHeaders"])
    assert {"ETag", "Content-Range"} <= set(rule["exposeHeaders"])


def test_the_owner_of_a_given_bucket_is_told_the_rule() -> None:
    deployed = with_pages(PAGE, bucket="reports")
    assert not deployed.all("s3/bucketCorsConfiguration:BucketCorsConfiguration")
    (outputs,) = deployed.component_outputs.values()
    rule = outputs["bucketRules"]["corsRule"]
    (ours,) = with_pages(PAGE).one("s3/bucketCorsConfiguration:BucketCorsConfiguration").inputs["corsRules"]
    assert rule.pop("ID") == ours.pop("id")
    assert {name[0].lower() + name[1:]: value for name, value in rule.items()} == ours


def test_changed_pages_are_deployed() -> None:
    kind = "apigateway/deployment:Deployment"
    seen = [with_pages(*pages).one(kind).inputs["triggers"]["redeployment"] for pages in ((), (PAGE,), (OTHER,))]
    assert len(set(seen)) == 3
