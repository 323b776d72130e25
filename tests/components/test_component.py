"""The component as a Pulumi resource: token, parents, tags, outputs, and two components in one stack."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import async_download
import pulumi
import pytest
from async_download import AsyncDownload
from async_download.component import OUTPUTS
from async_download.settings.checks import camel
from async_download.settings.tags import MAX_TAGS

from tests.components.support.harness import (
    COMPONENT,
    ORIGINS,
    Cloud,
    Deployment,
    RegisteredResource,
    deploy,
    run,
)

EVERYTHING: dict[str, Any] = {
    "auth.type": "api_key",
    "observability.access_logs": True,
    "observability.manage_api_gateway_account": True,
    "api.cors_origins": ["https://app.example.com"],
    "api.web_page": True,
}
UNTAGGABLE = [
    "apigateway/account:Account",
    "apigateway/deployment:Deployment",
    "apigateway/integration:Integration",
    "apigateway/integrationResponse:IntegrationResponse",
    "apigateway/method:Method",
    "apigateway/methodSettings:MethodSettings",
    "apigateway/methodResponse:MethodResponse",
    "apigateway/model:Model",
    "apigateway/requestValidator:RequestValidator",
    "apigateway/resource:Resource",
    "apigateway/response:Response",
    "apigateway/usagePlanKey:UsagePlanKey",
    "apigatewayv2/integration:Integration",
    "apigatewayv2/route:Route",
    "cloudwatch/eventTarget:EventTarget",
    "iam/rolePolicy:RolePolicy",
    "lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "lambda/permission:Permission",
    "s3/bucketCorsConfiguration:BucketCorsConfiguration",
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "s3/bucketOwnershipControls:BucketOwnershipControls",
    "s3/bucketPolicy:BucketPolicy",
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "sqs/queuePolicy:QueuePolicy",
]


@pytest.fixture(scope="module")
def everything() -> Deployment:
    """Deploy with every setting that adds resources."""
    return deploy(EVERYTHING | {"tags": {"team": "reporting", "Stack": "mine"}})


def test_what_the_package_exports() -> None:
    names = "AsyncDownload AsyncDownloadArgs Authorizer AuthorizerKind ExecutionType InvalidSetting Origin RestAuth"
    assert async_download.__all__ == names.split()
    assert all(inspect.getdoc(getattr(async_download, name)) for name in async_download.__all__)


def test_the_token_names_package_and_class(deployment: Deployment) -> None:
    (component,) = [resource for resource in deployment.resources if not resource.custom]
    assert component.type == COMPONENT
    assert component.name == "files"


def test_every_child_is_a_child_of_the_component(everything: Deployment) -> None:
    (component,) = [resource for resource in everything.resources if not resource.custom]
    assert {resource.parent for resource in everything.custom} == {component.urn}


def test_every_resource_that_can_carry_tags_carries_them(everything: Deployment) -> None:
    tags = {"Project": "async-download", "Stack": "mine", "Component": "files", "team": "reporting"}
    tagged = {resource.type for resource in everything.custom if "tags" in resource.inputs}
    assert {resource.type for resource in everything.custom} - tagged == {f"aws:{kind}" for kind in UNTAGGABLE}
    for resource in everything.custom:
        assert resource.inputs.get("tags", tags) == tags, resource.name


def test_the_types_left_without_tags_have_none_in_the_provider() -> None:
    import pulumi_aws as aws

    for kind in UNTAGGABLE:
        module, name = kind.split("/")[0], kind.split(":")[1]
        resource = getattr(getattr(aws, {"lambda": "lambda_"}.get(module, module)), name)
        assert "tags" not in inspect.signature(resource._internal_init).parameters, kind


def test_tags_fit_beside_those_of_the_component() -> None:
    tags = {f"k{number}": "v" for number in range(MAX_TAGS)}
    assert len(deploy({"tags": tags}).resource("s3/bucket:Bucket").inputs["tags"]) <= 50


def test_outputs_are_registered_in_camel_case(deployment: Deployment) -> None:
    (outputs,) = deployment.component_outputs.values()
    assert set(outputs) == {camel(output) for output in OUTPUTS} - {"apiKeyId", "webPageUrl"}  # not in every stack
    place = "execute-api.eu-west-1.amazonaws.com/v1"
    assert outputs["apiUrl"] == f"https://rest123.{place}"
    assert outputs["downloadUrl"] == f"https://rest123.{place}/download"
    assert outputs["webSocketUrl"] == f"wss://sock456.{place}"
    assert outputs["bucketName"] == "files-copies-1234567"
    assert outputs["functionNames"]["copy"] == "async-download-test-files-copy"


def test_the_api_key_is_an_output_where_there_is_one(everything: Deployment) -> None:
    (outputs,) = everything.component_outputs.values()
    assert outputs["apiKeyId"] == "files-rest-key-id"


def test_register_outputs_is_the_last_thing_that_the_constructor_does(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def recorded(kind: type, name: str, label: Callable[[Any, Any], str]) -> None:
        original = getattr(kind, name)

        def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
            calls.append(label(self, args))
            return original(self, *args, **kwargs)

        monkeypatch.setattr(kind, name, wrapper)

    recorded(pulumi.CustomResource, "__init__", lambda _, args: str(args[0]))
    recorded(AsyncDownload, "register_outputs", lambda *_: "register_outputs")
    deploy(EVERYTHING, fresh=True)
    assert len(calls) > 100
    assert calls.index("register_outputs") == len(calls) - 1


def test_the_constructor_reads_like_a_table_of_contents() -> None:
    lines = inspect.getsource(AsyncDownload.__init__).splitlines()
    assert len(lines) <= 40


def test_nothing_is_created_inside_an_apply(everything: Deployment) -> None:
    """Computed values are unknown in a preview: resources created in an apply would be missing there."""
    previewed = deploy(EVERYTHING, cloud=Cloud(preview=True))
    assert sorted(resource.name for resource in previewed.custom) == sorted(
        resource.name for resource in everything.custom
    )


def two(*names: str) -> Deployment:
    """Deploy components with these names in one stack."""

    def program() -> None:
        for name in names:
            AsyncDownload(name, {"origins": ORIGINS})

    return run(program)


def physical(resource: RegisteredResource) -> str:
    return str(resource.inputs["name"])


def test_two_components_side_by_side_share_nothing() -> None:
    deployment = two("reports", "images")
    urns = [resource.urn for resource in deployment.resources]
    assert len(urns) == len(set(urns)) == 2 * len(deploy().resources)
    named_types = ["iam/role:Role", "lambda/function:Function", "dynamodb/table:Table", "cloudwatch/logGroup:LogGroup"]
    named_types += ["sfn/stateMachine:StateMachine", "cloudwatch/eventRule:EventRule", "sqs/queue:Queue"]
    for kind in named_types:
        names = [physical(resource) for resource in deployment.resources_of(kind)]
        assert len(names) == len(set(names)), kind


@pytest.mark.parametrize("stack", ["test", "a-stage-with-a-very-long-name-indeed-it-is-" + "x" * 40])
def test_names_stay_within_what_aws_allows(stack: str) -> None:
    deployment = deploy(EVERYTHING, stack=stack)
    limits = {
        "iam/role:Role": 64,
        "lambda/function:Function": 64,
        "cloudwatch/eventRule:EventRule": 64,
        "sfn/stateMachine:StateMachine": 80,
        "sqs/queue:Queue": 80,
        "lambda/permission:Permission": 100,
    }
    for kind, limit in limits.items():
        key = "statementId" if kind.startswith("lambda/permission") else "name"
        names = [str(resource.inputs[key]) for resource in deployment.resources_of(kind)]
        assert names
        assert all(0 < len(name) <= limit for name in names), kind
        assert len(names) == len(set(names))


def test_the_prefix_of_names_can_be_chosen() -> None:
    assert (
        physical(deploy({"name_prefix": "shop"}).resource("sfn/stateMachine:StateMachine", "transfer"))
        == "shop-transfer"
    )


def test_a_resource_with_a_fixed_name_is_deleted_before_it_is_replaced(everything: Deployment) -> None:
    """Two resources with one name cannot exist at once."""
    unique = ["iam/role:Role", "lambda/function:Function", "dynamodb/table:Table", "cloudwatch/logGroup:LogGroup"]
    unique += ["sfn/stateMachine:StateMachine", "cloudwatch/eventRule:EventRule", "sqs/queue:Queue"]
    for resource in everything.custom:
        if resource.type.removeprefix("aws:") in unique and "api-gateway" not in resource.name:
            assert resource.delete_before_replace, resource.name


def test_computed_strings_are_accepted_where_strings_are() -> None:
    def args() -> dict[str, Any]:
        return {
            "storage.bucket": pulumi.Output.from_input("reports"),
            "origins": {"reports": {"base_url": pulumi.Output.from_input("https://reports.example.com/")}},
            "tags": {"team": pulumi.Output.from_input("reporting")},
        }

    deployment = deploy(args)
    copy = deployment.resource("lambda/function:Function", "copy")
    assert copy.origins["reports"]["base_url"] == "https://reports.example.com/"
    assert copy.inputs["environment"]["variables"]["BUCKET"] == "reports"
    assert deployment.resource("sqs/queue:Queue").inputs["tags"]["team"] == "reporting"
