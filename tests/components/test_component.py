"""The component as a Pulumi resource: token, parents, tags, outputs, and two components in one stack."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import async_download
import pulumi
import pytest
from async_download import AsyncDownload
from async_download.settings.tags import MAX_TAGS

from local_provider.schema import input_types
from tests.components.support.harness import ORIGINS, Cloud, Deployment, RegisteredResource, deploy, run

EVERYTHING: dict[str, Any] = {
    "auth.type": "api_key",
    "observability.access_logs": True,
    "observability.manage_api_gateway_account": True,
    "api.cors_origins": ["https://app.example.com"],
    "api.web_page": True,
}

LENGTHS = {  # types with fixed names, and the maximum length of a name
    "cloudwatch/eventRule:EventRule": 64,
    "cloudwatch/logGroup:LogGroup": 512,
    "dynamodb/table:Table": 255,
    "iam/role:Role": 64,
    "lambda/function:Function": 64,
    "lambda/permission:Permission": 100,
    "sfn/stateMachine:StateMachine": 80,
    "sqs/queue:Queue": 80,
}


@pytest.fixture(scope="module")
def everything() -> Deployment:
    """Deploy with every setting that adds resources."""
    return deploy(EVERYTHING | {"tags": {"team": "reporting", "Stack": "mine"}})


def test_what_the_package_exports() -> None:
    names = "AsyncDownload AsyncDownloadArgs Authorizer AuthorizerKind ExecutionType InvalidSetting Origin RestAuth"
    assert async_download.__all__ == names.split()
    assert all(inspect.getdoc(getattr(async_download, name)) for name in async_download.__all__)


def test_every_resource_that_can_carry_tags_carries_them(everything: Deployment) -> None:
    tags = {"Project": "async-download", "Stack": "mine", "Component": "files", "team": "reporting"}
    for resource in everything.custom:
        expected = tags if "tags" in input_types(resource.type) else None
        assert resource.inputs.get("tags") == expected, resource.name


def test_tags_fit_beside_those_of_the_component() -> None:
    tags = {f"k{number}": "v" for number in range(MAX_TAGS)}
    assert len(deploy({"tags": tags}).resource("s3/bucket:Bucket").inputs["tags"]) <= 50


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


def name_of(resource: RegisteredResource) -> str:
    """Return the name that is unique in the account, or in the policy of its function."""
    return str(resource.inputs.get("statementId") or resource.inputs["name"])


def test_two_components_side_by_side_share_nothing() -> None:
    deployment = two("reports", "images")
    urns = [resource.urn for resource in deployment.resources]
    assert len(urns) == len(set(urns)) == 2 * len(deploy().resources)
    for kind in LENGTHS.keys() - {"lambda/permission:Permission"}:  # their ids are unique in a function's policy
        names = [name_of(resource) for resource in deployment.resources_of(kind)]
        assert len(names) == len(set(names)), kind


@pytest.mark.parametrize(("name", "stack"), [("files", "test"), ("files", "s" * 80), ("f" * 90, "s" * 40)])
def test_names_stay_within_what_aws_allows(name: str, stack: str) -> None:
    """test_names.py has the names of buckets."""
    deployment = deploy(EVERYTHING, name=name, stack=stack)
    for kind, limit in LENGTHS.items():
        names = [name_of(resource) for resource in deployment.resources_of(kind)]
        assert names
        assert all(0 < len(name) <= limit for name in names), kind
        assert len(names) == len(set(names))


def test_a_resource_with_a_fixed_name_is_deleted_before_it_is_replaced(everything: Deployment) -> None:
    """Two resources with one name cannot exist at once."""
    for resource in (resource for kind in LENGTHS for resource in everything.resources_of(kind)):
        if "api-gateway" not in resource.name and not resource.type.endswith(":Permission"):
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
