"""The program itself: configuration in, one component, outputs out."""

from __future__ import annotations

import ast
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from async_download import AsyncDownloadArgs, InvalidSetting
from async_download.checks import camel
from async_download.component import OUTPUTS
from async_download.settings import FLAGS, NUMBERS, TEXTS
from async_download.stack_config import UnknownConfigKeyError

from tests.components.support.harness import COMPONENT, REPOSITORY, Deployment, deploy_program

NAMESPACE = "async-download"
ORIGINS = {"reports": {"baseUrl": "https://reports.example.com/exports/"}}
PROJECT: dict[str, Any] = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text())
KINDS = {"integer": int, "boolean": bool, "string": str, "object": dict, "array": list}


def as_engine(values: dict[str, Any]) -> dict[str, str]:
    """Configuration as the engine hands it to a program: strings, structures as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def stack_file(stack: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((REPOSITORY / f"Pulumi.{stack}.yaml").read_text())["config"]
    return config


def configured(values: dict[str, Any], stack: str = "test") -> Deployment:
    """The defaults of Pulumi.yaml, then values of a stack."""
    defaults = {f"{NAMESPACE}:{key}": item["default"] for key, item in PROJECT["config"].items() if "default" in item}
    given = {key if ":" in key else f"{NAMESPACE}:{key}": value for key, value in values.items()}
    return deploy_program(as_engine(defaults | given), stack=stack)


@cache
def shipped(stack: str) -> Deployment:
    """A stack file as it is."""
    return configured(stack_file(stack), stack)


def test_one_component_and_its_outputs() -> None:
    deployment = configured({"origins": ORIGINS})
    assert [item.type for item in deployment.resources if not item.custom] == [COMPONENT]
    assert set(deployment.exports) == {camel(output) for output in OUTPUTS}
    assert deployment.exports["downloadUrl"].endswith("/v1/download")
    assert deployment.exports["apiKeyId"] is None
    assert deployment.exports["apiKeyIds"] == {}


def test_every_setting_is_declared_with_its_kind_and_described() -> None:
    declared = PROJECT["config"]
    assert list(declared) == [camel(field) for field in AsyncDownloadArgs.__annotations__ if field]
    assert all(item["description"] for item in declared.values())
    for key, item in declared.items():
        if "default" in item:
            assert isinstance(item["default"], KINDS[item["type"]]), key


def test_defaults_are_those_of_the_component() -> None:
    wanted: dict[str, Any] = {name: limits[0] for name, limits in NUMBERS.items()} | FLAGS
    wanted |= {name: text[0] for name, text in TEXTS.items()} | {"rest_auth": "iam", "bucket": "", "tags": {}}
    wanted |= {"cors_origins": [], "authorizer": {}, "api_keys": {}, "kms_key_arn": ""}
    wanted |= {"vpc_subnet_ids": [], "vpc_security_group_ids": [], "slice_execution_type": "EXPRESS"}
    declared = {key: item["default"] for key, item in PROJECT["config"].items() if "default" in item}
    assert declared == {camel(name): value for name, value in wanted.items()}
    assert "default" not in PROJECT["config"]["origins"], "without a default the engine asks for it"


def test_the_program_runs_with_the_tools_of_its_lock_file() -> None:
    assert PROJECT["runtime"] == {"name": "python", "options": {"toolchain": "uv", "virtualenv": ".venv"}}
    assert PROJECT["name"] == NAMESPACE


def test_configuration_reaches_the_component() -> None:
    deployment = configured(
        {
            "origins": {
                "reports": ORIGINS["reports"] | {"defaultPath": "latest.csv", "allowPrivate": ["10.0.0.0/8"]},
                "local": {"baseUrl": "http://127.0.0.1:9000/", "allowHttp": True},
            },
            "copyMemoryMb": 2048,
            "corsOrigins": ["https://app.example.com"],
            "webPage": True,
            "tracing": False,
            "tags": {"costCentre": "4711"},
            "restAuth": "api_key",
            "stageName": "live",
        }
    )
    function = deployment.resource("lambda/function:Function", "copy")
    copy, origins = function.inputs, function.origins
    assert origins["reports"]["default_path"] == "latest.csv"
    assert origins["reports"]["allow_private"] == ["10.0.0.0/8"]
    assert origins["local"]["allow_http"] is True
    assert copy["memorySize"] == 2048
    get = deployment.resource("lambda/function:Function", "get-download").inputs
    assert json.loads(get["environment"]["variables"]["CORS_ORIGINS"]) == ["https://app.example.com"]
    assert copy["tracingConfig"] == {"mode": "PassThrough"}
    assert copy["tags"]["costCentre"] == "4711"
    assert deployment.exports["apiUrl"].endswith("/live")
    assert deployment.exports["apiKeyId"]
    assert deployment.exports["webPageUrl"].endswith("/live/page/index.html")


def test_header_names_stay_as_they_are_written() -> None:
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reports-a1B2c3"
    origins = {"reports": ORIGINS["reports"] | {"secretHeaders": {"X-Api-Key": secret}}}
    copy = configured({"origins": origins}).resource("lambda/function:Function", "copy")
    assert copy.origins["reports"]["secret_headers"] == {"X-Api-Key": secret}


def test_a_ca_bundle_is_spelt_as_in_other_settings() -> None:
    bundle = "arn:aws:ssm:eu-west-1:123456789012:parameter/certificates/internal-ca"
    origins = {"reports": ORIGINS["reports"] | {"caBundle": bundle}}
    copy = configured({"origins": origins}).resource("lambda/function:Function", "copy")
    assert copy.origins["reports"]["ca_bundle"] == bundle


def test_the_functions_read_which_redirects_to_follow() -> None:
    redirects = {"redirects": "any", "redirectHosts": ["store.example.com"]}
    origins = {"reports": ORIGINS["reports"], "store": ORIGINS["reports"] | redirects}
    copy = configured({"origins": origins}).resource("lambda/function:Function", "copy")
    assert copy.origins["store"]["redirects"] == "any"
    assert copy.origins["store"]["redirect_hosts"] == ["store.example.com"]
    assert not {"redirects", "redirect_hosts"} & set(copy.origins["reports"])  # the default takes no room


@pytest.mark.parametrize(
    ("config", "wrong", "right"),
    [
        ({"maxConections": 3}, "maxConections", "maxConnections"),
        ({"max_connections": 3}, "max_connections", "maxConnections"),
        ({"orgins": {}}, "orgins", "origins"),
        ({"origins": {"reports": {"baseURL": "https://x.example/"}}}, "origins.reports.baseURL", "baseUrl"),
        ({"origins": {"reports": {"base_url": "https://x.example/"}}}, "origins.reports.base_url", "baseUrl"),
    ],
)
def test_a_misspelt_key_is_refused_with_the_nearest_right_one(config: dict[str, Any], wrong: str, right: str) -> None:
    with pytest.raises(UnknownConfigKeyError) as refused:
        configured({"origins": ORIGINS} | config)
    assert wrong in str(refused.value)
    assert refused.value.nearest.endswith(right)
    assert refused.value.nearest in str(refused.value)


def test_keys_of_other_namespaces_are_not_ours_to_judge() -> None:
    assert configured({"origins": ORIGINS, "aws:regoin": "eu-west-1", "other:thing": "x"}).exports


def test_a_wrong_value_says_which_key() -> None:
    with pytest.raises(InvalidSetting, match=r"maxConnections.* is 0"):
        configured({"origins": ORIGINS, "maxConnections": 0})


def test_missing_origins_are_said() -> None:
    with pytest.raises(InvalidSetting, match="origins"):
        configured({})


def test_configuration_in_the_environment_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({f"{NAMESPACE}:tracingg": "true"}))
    with pytest.raises(UnknownConfigKeyError, match="tracing"):
        configured({"origins": ORIGINS})


@pytest.mark.parametrize("stack", ["dev", "local"])
def test_the_shipped_stacks_deploy(stack: str) -> None:
    assert shipped(stack).exports["apiUrl"]


def test_the_shipped_stage_for_aws_is_private_and_encrypted_on_the_way() -> None:
    deployment = shipped("dev")
    assert not deployment.warnings
    assert all(
        item.inputs["authorization"] == "AWS_IAM" for item in deployment.resources_of("apigateway/method:Method")
    )
    assert "PlainHttp" in deployment.resource("s3/bucketPolicy:BucketPolicy").inputs["policy"]


def test_the_local_stage_talks_to_one_emulator_only() -> None:
    config = stack_file("local")
    (endpoints,) = config["aws:endpoints"]
    assert set(endpoints.values()) == {"http://localhost:4566"}
    for check in ("CredentialsValidation", "MetadataApiCheck", "RegionValidation", "RequestingAccountId"):
        assert config[f"aws:skip{check}"] is True
    assert config["aws:s3UsePathStyle"] is True
    assert config[f"{NAMESPACE}:executeApiUrl"].endswith("/_aws/execute-api")


def test_the_local_stage_names_an_endpoint_for_every_service_in_use() -> None:
    config = stack_file("local")
    used = {item.type.split(":")[1].split("/")[0] for item in shipped("local").custom}
    named = {"cloudwatch": {"cloudwatchlogs", "eventbridge"}}
    wanted = {service for kind in used for service in named.get(kind, {kind})} | {"sts"}
    assert set(config["aws:endpoints"][0]) == wanted


def test_every_shipped_stack_uses_known_keys_only() -> None:
    for path in sorted(REPOSITORY.glob("Pulumi.*.yaml")):
        keys = [key.split(":")[1] for key in yaml.safe_load(path.read_text())["config"] if key.startswith(NAMESPACE)]
        assert set(keys) <= set(PROJECT["config"]), path.name


def test_the_program_is_thin() -> None:
    assert len((REPOSITORY / "__main__.py").read_text().splitlines()) <= 40


def sources() -> list[Path]:
    return [*sorted((REPOSITORY / "components").rglob("*.py")), REPOSITORY / "__main__.py"]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_the_component_knows_no_emulator_and_imports_nothing_of_ours(path: Path) -> None:
    text = path.read_text()
    for word in ("localstack", "ministack", "emulator", "4566"):
        assert word not in text.lower()
    modules = [node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    modules += [name.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for name in node.names]
    ours = {
        "runtime",
        "localcloud",
        "local_provider",
        "integration_tests",
        "benchmarks",
        "client",
        "async_download_client",
        "tests",
    }
    assert not {module.split(".")[0] for module in modules} & ours
    assert "__future__" not in modules, "the schema cannot read such annotations"
