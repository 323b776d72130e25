"""The component as every other Pulumi language sees it."""

from __future__ import annotations

import inspect
import json
import runpy
import typing
from enum import Enum
from importlib.metadata import version
from typing import Any

import pulumi
import pytest
import yaml
from async_download import AsyncDownloadArgs, Origin, RestAuth, args
from async_download.component import OUTPUTS
from async_download.plugin import Plugin
from async_download.settings.checks import camel

from tests.components.support.harness import COMPONENT, REPOSITORY, Deployment, deploy, run

TYPES: list[Any] = [item for item in vars(args).values() if typing.is_typeddict(item) and item is not AsyncDownloadArgs]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """What the plugin tells the engine."""
    text: Any = Plugin("0.0.0").schema
    read: dict[str, Any] = json.loads(text)
    return read


@pytest.fixture(scope="module")
def component(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the component's part of the schema."""
    resource: dict[str, Any] = schema["resources"][COMPONENT]
    return resource


def test_inputs_are_the_arguments(component: dict[str, Any]) -> None:
    assert set(component["inputProperties"]) == {camel(field) for field in AsyncDownloadArgs.__annotations__}
    assert component["requiredInputs"] == ["origins"]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_fields_of_an_object(schema: dict[str, Any], kind: type) -> None:
    described = schema["types"][f"async-download:index:{kind.__name__}"]
    assert set(described["properties"]) == {camel(field) for field in kind.__annotations__}
    assert described.get("required", []) == (["baseUrl"] if kind is Origin else [])


OPTIONAL_OUTPUTS = {  # those of settings that are off by default
    "apiDomainTarget",
    "apiDomainZoneId",
    "apiKeyId",
    "executeApiUrl",
    "logGroupPrefix",
    "restDeploymentTriggers",
    "webPageUrl",
    "webSocketDomainTarget",
    "webSocketDomainZoneId",
    "webSocketExecuteApiUrl",
}


def test_outputs_are_the_components(component: dict[str, Any]) -> None:
    assert set(component["properties"]) == {camel(output) for output in OUTPUTS}
    assert set(component["required"]) == set(component["properties"]) - OPTIONAL_OUTPUTS


def test_everything_is_documented_and_optional_inputs_say_their_default(schema: dict[str, Any]) -> None:
    component = schema["resources"][COMPONENT]
    objects = [item for item in schema["types"].values() if item["type"] == "object"]
    fields = [
        (name, field, name in required)
        for properties, required in (
            (component["inputProperties"], component["requiredInputs"]),
            *((item["properties"], item.get("required", [])) for item in objects),
        )
        for name, field in properties.items()
    ]
    assert len(fields) > 60
    for name, field, required in fields:
        assert field["description"], name
        assert required or "Default: " in field["description"] or "$ref" in field, name
    assert all(field["description"] for field in component["properties"].values())


def test_no_other_package_is_pulled_in(schema: dict[str, Any]) -> None:
    assert "/aws/" not in json.dumps(schema)


def strings_and_shapes(annotation: Any) -> list[Any]:
    """All nodes of an annotation."""
    nodes = [annotation]
    for inner in typing.get_args(annotation):
        nodes += strings_and_shapes(inner)
    return nodes


@pytest.mark.parametrize("kind", [AsyncDownloadArgs, *TYPES])
def test_only_strings_are_inputs_and_nothing_is_lost_on_the_wire(kind: Any) -> None:
    """Lists and maps of enums lose their values, and an output for a whole object breaks."""
    for field, annotation in kind.__annotations__.items():
        text = str(annotation)
        for input_of in ("Output[dict", "Output[list", "Output[int", "Output[bool", "Output[async_download"):
            assert input_of not in text, field
        for node in strings_and_shapes(annotation):
            assert typing.get_origin(node) not in (typing.Literal, typing.Annotated, tuple), field
            if typing.get_origin(node) in (list, dict):
                inner = typing.get_args(node)[-1]
                assert not (inspect.isclass(inner) and issubclass(inner, Enum)), field


def test_the_plugin_hosts_the_component(monkeypatch: pytest.MonkeyPatch) -> None:
    hosted: list[tuple[Plugin, list[str]]] = []
    monkeypatch.setattr("pulumi.provider.main", lambda plugin, argv: hosted.append((plugin, argv)))
    monkeypatch.setattr("sys.argv", ["components", "127.0.0.1:1"])
    runpy.run_path(str(REPOSITORY / "components" / "__main__.py"), run_name="__main__")
    ((plugin, argv),) = hosted
    assert isinstance(plugin, Plugin)
    assert plugin.version == version("async-download")
    assert argv == ["127.0.0.1:1"]


def test_the_go_sdk_gets_arguments_for_what_only_maps_hold(schema: dict[str, Any]) -> None:
    """Without them it would not compile: `undefined: OriginArgs`."""
    assert schema["language"]["go"]["generateExtraInputTypes"] is True


def test_the_plugin_runs_with_the_tools_of_the_lock_file() -> None:
    plugin = yaml.safe_load((REPOSITORY / "components" / "PulumiPlugin.yaml").read_text(encoding="utf-8"))
    assert plugin == {"runtime": {"name": "python", "options": {"toolchain": "uv"}}}


def test_arguments_from_another_language_make_the_same_stack_as_from_python() -> None:
    """There keys are in camelCase, whole numbers are floats and enums are strings."""
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reports-a1B2c3"

    def remote() -> None:
        provider = Plugin("0.0.0")
        base_url = pulumi.Output.from_input("https://reports.example.com/")
        origin = {"baseUrl": base_url, "secretHeaders": {"X-Api-Key": secret}, "allowPrivate": ["10.0.0.0/8"]}
        inputs: dict[str, Any] = {"origins": {"reports": origin}, "observability": {"tracing": False}}
        inputs |= {"auth": {"type": "api_key", "apiKeys": {"batch": {"requestsPerDay": 9.0}}}}
        inputs |= {"copying": {"memoryMb": 2048.0}, "tags": {"costCentre": "4711"}}
        inputs |= {"api": {"stageName": "live", "corsOrigins": ["https://app.example.com"]}}
        inputs |= {"cloud": {"sliceExecutionType": "STANDARD"}}
        provider.construct("files", COMPONENT, inputs)

    python = deploy(
        {
            "origins": {
                "reports": {
                    "base_url": "https://reports.example.com/",
                    "secret_headers": {"X-Api-Key": secret},
                    "allow_private": ["10.0.0.0/8"],
                }
            },
            "auth.type": RestAuth.API_KEY,
            "auth.api_keys": {"batch": {"requests_per_day": 9}},
            "cloud.slice_execution_type": "STANDARD",
            "observability.tracing": False,
            "copying.memory_mb": 2048,
            "tags": {"costCentre": "4711"},
            "api.stage_name": "live",
            "api.cors_origins": ["https://app.example.com"],
        }
    )
    assert registered(run(remote)) == registered(python)


def registered(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """Name -> inputs, without the archive, which compares by identity."""
    return {
        f"{item.type}::{item.name}": {key: value for key, value in item.inputs.items() if key != "code"}
        for item in deployment.resources
    }
