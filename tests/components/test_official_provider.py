"""Inputs that the program registers match the schema of the pinned pulumi-aws SDK."""

from __future__ import annotations

import inspect
from typing import Any

import pulumi_aws as aws
import pytest
from async_download.settings.checks import camel

from local_provider.pulumi_names import is_deprecated, property_names
from local_provider.schema import check_inputs, classes_of
from tests.components.support.harness import deploy
from tests.components.support.variants import variants
from tests.components.test_program import stack_file

VARIANTS = variants() | {"no slices": {"copying.slice_threshold_mb": 0}}
every_variant = pytest.mark.parametrize("args", VARIANTS.values(), ids=VARIANTS)


def plain(value: Any) -> Any:
    """Return the value with whole numbers as integers: the wire format has only floats."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def deprecated_names(token: str) -> set[str]:
    """Return the deprecated inputs of a resource type."""
    arguments = classes_of(token)[1]
    names = property_names(arguments)
    return {name for python_name, name in names.items() if is_deprecated(vars(arguments)[python_name].fget)}


@every_variant
def test_every_input_is_one_that_the_sdk_has(args: dict[str, Any]) -> None:
    """The check covers names, nested names, types and missing required inputs."""
    registered = deploy(args).custom
    assert len(registered) > 100
    wrong = {item.name: problems for item in registered if (problems := check_inputs(item.type, plain(item.inputs)))}
    assert wrong == {}


@every_variant
def test_nothing_deprecated_is_used(args: dict[str, Any]) -> None:
    used = {item.name: deprecated_names(item.type) & set(item.inputs) for item in deploy(args).custom}
    assert {name: inputs for name, inputs in used.items() if inputs} == {}
    assert "acl" in deprecated_names("aws:s3/bucket:Bucket"), "the check finds nothing at all"


def test_a_misspelt_nested_input_would_be_found() -> None:
    function = deploy({}).resource("lambda/function:Function", "copy")
    inputs = plain(function.inputs) | {"environment": {"variabels": {}}}
    (problem,) = check_inputs(function.type, inputs)
    assert problem.property == "environment.variabels"


def test_the_local_stage_sets_every_skip_flag_of_the_provider() -> None:
    settings = [camel(name) for name in inspect.signature(aws.ProviderArgs.__init__).parameters]
    skips = {f"aws:{name}" for name in settings if name.startswith("skip")}
    config = stack_file("local")
    assert skips == {key for key in config if key.startswith("aws:skip")}
    assert all(config[skip] is True for skip in skips)
    assert {key.removeprefix("aws:") for key in config if key.startswith("aws:")} <= set(settings)


def test_the_local_stage_names_endpoints_that_the_provider_knows() -> None:
    services = {camel(name.rstrip("_")) for name in inspect.signature(aws.ProviderEndpointArgs.__init__).parameters}
    (endpoints,) = stack_file("local")["aws:endpoints"]
    assert set(endpoints) <= services
