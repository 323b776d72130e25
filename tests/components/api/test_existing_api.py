"""Routes that are added to an existing REST API."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from async_download import InvalidSetting
from async_download.settings import resolve

from localcloud.config import nested
from tests.components.functions.test_functions import depends_on
from tests.components.support.harness import ORIGINS, Deployment, deploy, run
from tests.components.support.variants import EXISTING_API, REST_DOMAIN, WEB_ACL
from tools.readme_tables import TOP

ID, ROOT = EXISTING_API["api.rest_api_id"], EXISTING_API["api.root_resource_id"]
URL = f"https://{ID}.execute-api.eu-west-1.amazonaws.com/v1/company"
ARN = f"arn:aws:execute-api:eu-west-1:123456789012:{ID}"


@pytest.fixture(scope="module")
def existing() -> Deployment:
    """Deploy into an existing API, with a page and CORS."""
    return deploy(
        EXISTING_API | {"auth.type": "none", "api.web_page": True, "api.cors_origins": ["https://app.example.com"]}
    )


def outputs(deployment: Deployment) -> dict[str, Any]:
    (found,) = deployment.component_outputs.values()
    return found


def test_routes_are_under_the_resource_and_urls_have_its_path(existing: Deployment) -> None:
    parents = {
        item.inputs["pathPart"]: item.inputs["parentId"]
        for item in existing.resources_of("apigateway/resource:Resource")
    }
    assert {part for part, parent in parents.items() if parent == ROOT} == {"download", "downloads", "page"}
    found = outputs(existing)
    assert found["apiUrl"] == URL
    assert found["downloadUrl"] == f"{URL}/download"
    assert found["webPageUrl"] == f"{URL}/page/index.html"
    function = existing.resource("lambda/function:Function", "request-download").inputs
    assert function["environment"]["variables"]["API_URL"] == URL
    (rule,) = existing.resource("s3/bucketCorsConfiguration:BucketCorsConfiguration").inputs["corsRules"]
    assert rule["allowedOrigins"] == ["https://app.example.com", f"https://{ID}.execute-api.eu-west-1.amazonaws.com"]


def test_functions_may_be_invoked_by_the_paths_of_the_existing_api(existing: Deployment) -> None:
    sources = {item.inputs["sourceArn"] for item in existing.resources_of("lambda/permission:Permission")}
    assert {source for source in sources if ID in source} == {
        f"{ARN}/v1/POST/company/downloads",
        f"{ARN}/v1/GET/company/download",
        f"{ARN}/v1/GET/company/downloads/*",
        f"{ARN}/v1/DELETE/company/downloads/*",
        f"{ARN}/v1/GET/company/page/*",
    }


def test_everything_is_added_to_the_existing_api_and_what_is_its_owners_is_left_alone(existing: Deployment) -> None:
    added = [item for item in existing.custom if item.type.startswith("aws:apigateway/")]
    assert {item.inputs["restApi"] for item in added} == {ID}
    assert {item.type.partition(":")[2].partition("/")[2].partition(":")[0] for item in added} == {
        "integration",
        "integrationResponse",
        "method",
        "methodResponse",
        "resource",
    }
    for method in existing.resources_of("apigateway/method:Method"):
        assert not {"requestValidatorId", "requestModels"} & set(method.inputs), method.name


def test_the_owners_deployment_is_made_after_all_routes_and_anew_when_they_change() -> None:
    """The example passes the triggers on, and names no dependency."""
    program = TOP / "examples" / "existing-api" / "__main__.py"

    def example() -> None:
        exec(compile(program.read_text(encoding="utf-8"), "example", "exec"), {"__name__": "__main__"})  # noqa: S102

    deployed = run(example)
    deployment = deployed.resource("apigateway/deployment:Deployment", None)
    routes = [
        item.name
        for item in deployed.custom
        if item.type.startswith("aws:apigateway/") and item.name.startswith("files-rest-")
    ]
    assert "files-rest-post-downloads-integration" in routes
    assert set(routes) <= depends_on(deployed, deployment)
    assert set(deployment.inputs["triggers"]) == {"redeployment", "others"}
    variants: list[dict[str, Any]] = [
        {},
        {"name_prefix": "other"},
        {"auth.type": "none"},
        {"api.cors_origins": ["https://app.example.com"]},
    ]
    triggers = [outputs(deploy(EXISTING_API | args))["restDeploymentTriggers"]["redeployment"] for args in variants]
    assert len(set(triggers)) == len(variants)


def test_an_authorizer_is_added_to_the_existing_api() -> None:
    function = "arn:aws:lambda:eu-west-1:123456789012:function:authorize"
    deployment = deploy(EXISTING_API | {"auth.type": "authorizer", "auth.authorizer": {"function_arn": function}})
    assert deployment.resource("apigateway/authorizer:Authorizer").inputs["restApi"] == ID
    permission = deployment.resource("lambda/permission:Permission", "rest-authorizer-permission").inputs
    assert permission["sourceArn"] == f"{ARN}/authorizers/files-rest-authorizer-id"
    assert set(outputs(deployment)["restDeploymentTriggers"]) == {"redeployment", "authorizer"}


def test_there_is_no_alarm_on_the_stage_of_another_owner() -> None:
    topic = {"observability.alarms.topic_arn": "arn:aws:sns:eu-west-1:123456789012:operators"}
    alarms = [
        {item.name for item in deploy(args | topic).resources_of("cloudwatch/metricAlarm:MetricAlarm")}
        for args in ({}, EXISTING_API)
    ]
    assert {name for name in alarms[0] - alarms[1] if "rest" in name} == alarms[0] - alarms[1] != set()


def test_without_an_existing_api_there_are_no_triggers(deployment: Deployment) -> None:
    assert "restDeploymentTriggers" not in outputs(deployment)


def test_ids_may_be_computed() -> None:
    computed = deploy(lambda: {name: pulumi.Output.from_input(value) for name, value in EXISTING_API.items()})
    assert outputs(computed)["apiUrl"] == URL


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({"api.rest_api_id": ID}, r"api\.root_resource_id .*required, since api\.rest_api_id is set"),
        ({"api.root_resource_id": ROOT}, r"api\.rest_api_id .*required, since api\.root_resource_id is set"),
        (EXISTING_API | {"api.rest_api_id": "arn:aws:x"}, r"api\.rest_api_id .*the id of a REST API"),
        (EXISTING_API | {"api.root_resource_id": "/files"}, r"api\.root_resource_id .*the id of a resource"),
        (EXISTING_API | REST_DOMAIN, r"api\.certificate_arn .*belong to their owner"),
        (EXISTING_API | {"api.web_acl_arn": WEB_ACL}, r"api\.web_acl_arn .*belong to their owner"),
        (EXISTING_API | {"api.disable_execute_api_endpoint": True}, r"disable_execute_api_endpoint .*belong to"),
        (EXISTING_API | {"auth.type": "api_key"}, r"auth\.type .*iam, authorizer or none with api\.rest_api_id"),
    ],
)
def test_half_an_api_and_what_is_its_owners_are_refused(args: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidSetting, match=sentence):
        resolve("files", nested({"origins": ORIGINS, **args}))


def test_a_resource_with_parameters_is_refused() -> None:
    """Functions name the URLs of downloads, and a parameter has no value there."""
    with pytest.raises(ValueError, match=r"root_resource_id .*'/\{tenant\}'.* without parameters"):
        deploy(EXISTING_API | {"api.root_resource_id": "par4m"}, fresh=True)
