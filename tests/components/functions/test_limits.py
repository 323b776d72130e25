"""Limits of Lambda's environment and of IAM's policies, and the errors for settings that exceed them."""

from __future__ import annotations

import json
import re
from typing import Any

import pulumi
import pytest
from async_download import InvalidSetting, limits
from async_download.functions import ALL_FUNCTIONS
from async_download.names import hyphenated

from tests.components.support.harness import Cloud, deploy
from tests.components.support.variants import EXISTING_BUCKET, NON_DEFAULT
from tests.components.test_settings import SECRET, settings

REGION = "ap-southeast-2"  # a long name
NAME = "n" * 64  # the maximum length of the names of functions and roles


def in_region(args: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with their topics, certificates and keys in the region of the stack."""
    moved: dict[str, Any] = json.loads(json.dumps(args).replace(f":{Cloud().region}:", f":{REGION}:"))
    return moved


def secret(number: int) -> str:
    """Return the ARN of a secret."""
    return f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:async-download/reports-{number:03}/token-a1B2c3"


def origins(count: int, *, secrets: int = 0, computed: bool = False) -> dict[str, Any]:
    """Return origins with URLs of a usual length, the first ones with a secret each."""
    described: dict[str, Any] = {}
    for number in range(count):
        url: Any = f"https://warehouse-{number:03}.reports.internal.example.com/exports/finance/2026/"
        headers: Any = {"Authorization": secret(number)} if number < secrets else {}
        if computed:
            url, headers = pulumi.Output.from_input(url), {k: pulumi.Output.from_input(v) for k, v in headers.items()}
        described[f"warehouse-{number:03}"] = {"base_url": url, "secret_headers": headers}
    return {"origins": described}


@pytest.mark.parametrize(
    ("variables", "size"),
    [
        ({}, len("{}")),
        ({"A": "b", "C": "d"}, len('{"A":"b","C":"d"}')),
        ({"A": '["x"]'}, len('{"A":"[\\"x\\"]"}')),
        ({"A": "\\"}, len('{"A":"\\\\"}')),
        ({"A": "\n"}, len('{"A":"\\n"}')),
        ({"A": "ü€"}, len('{"A":"\\u00fc\\u20ac"}')),
    ],
)
def test_an_environment_is_measured_as_json(variables: dict[str, str], size: int) -> None:
    """Names, quotes, colons, commas and escapes count."""
    assert limits.environment_size(variables) == size


def test_a_measured_environment_is_never_smaller_than_in_utf8() -> None:
    variables = {"A": '"\\ü€😀', "B": "x"}
    utf8 = json.dumps(variables, separators=(",", ":"), ensure_ascii=False).encode()
    assert limits.environment_size(variables) >= len(utf8)


def test_an_environment_of_exactly_four_kilobytes_fits() -> None:
    rest_bytes = limits.environment_size({"API_URL": ""})
    assert limits.check_environment("f", {"API_URL": "x" * (4096 - rest_bytes)})
    with pytest.raises(InvalidSetting, match="4097"):
        limits.check_environment("f", {"API_URL": "x" * (4097 - rest_bytes)})
    with pytest.raises(InvalidSetting, match="4097"):
        limits.check_environment("f", {"API_URL": "x" * (4095 - rest_bytes) + '"'})


def test_the_longest_variable_names_its_setting() -> None:
    """The length includes escapes, as Lambda counts it."""
    with pytest.raises(
        InvalidSetting, match=r"api.cors_origins \(api.corsOrigins\) .* of get_download.* shorten it.* 4096"
    ):
        limits.check_environment("get_download", {"CORS_ORIGINS": '"' * 2000, "API_URL": "x" * 3000})
    with pytest.raises(InvalidSetting, match=r"name_prefix \(namePrefix\)"):
        limits.check_environment("get_download", {"DOWNLOADS_TABLE": "x" * 5000})


def test_a_url_that_does_not_fit_is_refused_at_deploy_time() -> None:
    url = "http://127.0.0.1:4566/" + "x" * 2000
    with pytest.raises(
        ValueError, match=r"cloud.execute_api_url \(cloud.executeApiUrl\) .*request_download.*shorten it"
    ):
        deploy({"cloud.execute_api_url": url}, fresh=True)


@pytest.mark.parametrize("args", [NON_DEFAULT, NON_DEFAULT | EXISTING_BUCKET], ids=["everything", "in a given bucket"])
def test_every_environment_fits_with_long_names(args: dict[str, Any]) -> None:
    """The variants have every setting, and as many CORS origins, with their escaped quotes, as are accepted."""
    cors_origins = [f"http://{number:03}" for number in range(57)]
    long = {
        "name_prefix": NAME,
        "storage.prefix": "p" * 255 + "/",
        "api.stage_name": "s" * 64,
        "api.cors_origins": cors_origins,
    }
    assert settings(long)
    with pytest.raises(InvalidSetting, match=r"api\.cors_origins"):
        settings({"api.cors_origins": [*cors_origins, "http://057"]})
    deployment = deploy(in_region(args | long), cloud=Cloud(region=REGION))
    sizes = {
        function.name: limits.environment_size(function.inputs["environment"]["variables"])
        for function in deployment.resources_of("lambda/function:Function")
    }
    assert 1000 < max(sizes.values()) < 2000, sizes


def test_two_hundred_origins_deploy_and_are_in_no_environment() -> None:
    deployment = deploy(origins(200, secrets=5))
    for key in ("copy", "copy_slice", "request_download"):
        function = deployment.resource("lambda/function:Function", hyphenated(key))
        assert len(function.origins) == 200
        assert limits.environment_size(function.inputs["environment"]["variables"]) < 1500
    last = deployment.resource("lambda/function:Function", "copy").origins["warehouse-199"]["base_url"]
    assert last.startswith("https://warehouse-199.")


def test_a_secret_that_origins_share_counts_once() -> None:
    shared = origins(200)["origins"]
    for described in shared.values():
        described["secret_headers"] = {"Authorization": SECRET}
    deployment = deploy({"origins": shared})
    (statement,) = [item for item in deployment.statements("copy") if item["Sid"] == "Secrets"]
    assert statement["Resource"] == [SECRET]


def test_too_many_secrets_for_a_policy_are_refused_with_the_number_that_fits() -> None:
    with pytest.raises(
        InvalidSetting, match=r"origins is '200 different secrets .* fit; let origins name the same ARN"
    ) as refused:
        settings(origins(200, secrets=200))
    fitting = int(re.findall(r"into which (\d+)", str(refused.value))[0])
    assert fitting >= 25
    assert settings(origins(200, secrets=fitting))
    with pytest.raises(InvalidSetting):
        settings(origins(200, secrets=fitting + 1))


def test_computed_secrets_that_do_not_fit_are_refused_when_they_are_known() -> None:
    with pytest.raises(ValueError, match="200 different secrets"):
        deploy(lambda: origins(200, secrets=200, computed=True))


@pytest.mark.parametrize("args", [NON_DEFAULT, NON_DEFAULT | EXISTING_BUCKET], ids=["everything", "in a given bucket"])
def test_every_role_fits_with_as_many_secrets_as_are_accepted(args: dict[str, Any]) -> None:
    """The policies of a role have at most 10,240 characters, with all settings and the longest names."""
    with pytest.raises(InvalidSetting) as refused:
        settings(origins(200, secrets=200))
    many = int(re.findall(r"into which (\d+)", str(refused.value))[0])
    args = args | {"name_prefix": NAME, "storage.prefix": "p" * 255 + "/", "api.stage_name": "s" * 64}
    args |= origins(many, secrets=many)
    deployment = deploy(in_region(args), cloud=Cloud(region=REGION))
    for key in ALL_FUNCTIONS:
        size = limits.policy_size(deployment.statements(hyphenated(key)))
        assert size + 50 < limits.ROLE_POLICY_CHARACTERS, f"{key}: {size}"  # 50 for the rest of the document
    assert limits.policy_size(deployment.statements("copy")) > 6000, "the secrets are in it"


def test_a_policy_is_measured_without_white_space() -> None:
    assert limits.policy_size([{"Sid": "A", "Action": ["a", "b"]}]) == len('[{"Sid":"A","Action":["a","b"]}]')
