"""The program itself: configuration in, one component, outputs out."""

from __future__ import annotations

import ast
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from async_download import AsyncDownloadArgs, InvalidSetting
from async_download.component import OUTPUTS
from async_download.settings.checks import camel
from async_download.stack_config import UnknownConfigKeyError

from localcloud.config import nested
from tests.components.support.declarations import DECLARED
from tests.components.support.harness import COMPONENT, REPOSITORY, Deployment, deploy_program

NAMESPACE = "async-download"
ORIGINS = {"reports": {"baseUrl": "https://reports.example.com/exports/"}}
PROJECT: dict[str, Any] = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text(encoding="utf-8"))


def as_engine(values: dict[str, Any]) -> dict[str, str]:
    """Configuration as the engine hands it to a program: strings, structures as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def stack_file(stack: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((REPOSITORY / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    return config


def configured(values: dict[str, Any], stack: str = "test") -> Deployment:
    """The defaults of Pulumi.yaml, then values of a stack."""
    defaults = {f"{NAMESPACE}:{key}": item["default"] for key, item in PROJECT["config"].items() if "default" in item}
    values_of_stack = {key if ":" in key else f"{NAMESPACE}:{key}": value for key, value in nested(values).items()}
    return deploy_program(as_engine(defaults | values_of_stack), stack=stack)


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


def test_pulumi_yaml_declares_the_arguments_of_the_component() -> None:
    declared = PROJECT["config"]
    assert list(declared) == [camel(field) for field in AsyncDownloadArgs.__annotations__]
    assert all(item["description"] for item in declared.values())
    assert "default" not in declared["origins"], "without a default the engine asks for it"
    for key, item in declared.items():
        assert key == "origins" or not item["default"], "the component has the defaults of the fields"


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
            "copying.memoryMb": 2048,
            "api.corsOrigins": ["https://app.example.com"],
            "api.webPage": True,
            "api.stageName": "live",
            "observability.tracing": False,
            "tags": {"costCentre": "4711"},
            "auth.type": "api_key",
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


def test_the_functions_read_the_fields_of_an_origin() -> None:
    """Names of headers stay as they are written, and defaults take no room."""
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reports-a1B2c3"
    bundle = "arn:aws:ssm:eu-west-1:123456789012:parameter/certificates/internal-ca"
    store: dict[str, object] = {"redirects": "any", "redirectHosts": ["store.example.com"], "caBundle": bundle}
    store |= {"secretHeaders": {"X-Api-Key": secret}}
    origins = {"reports": ORIGINS["reports"], "store": ORIGINS["reports"] | store}
    copy = configured({"origins": origins}).resource("lambda/function:Function", "copy")
    base_url = ORIGINS["reports"]["baseUrl"]
    assert copy.origins == {
        "reports": {"base_url": base_url},
        "store": {
            "base_url": base_url,
            "redirects": "any",
            "redirect_hosts": ["store.example.com"],
            "ca_bundle": bundle,
            "secret_headers": {"X-Api-Key": secret},
        },
    }


@pytest.mark.parametrize(
    ("config", "wrong", "right"),
    [
        ({"copying.concurency": 3}, "copying.concurency", "copying.concurrency"),
        ({"copying.memory_mb": 512}, "copying.memory_mb", "copying.memoryMb"),
        ({"copying.tracing": True}, "copying.tracing", "observability.tracing"),
        ({"webSocket": {}}, "webSocket", "websocket"),
        ({"orgins": {}}, "orgins", "origins"),
        ({"origins": {"reports": {"baseURL": "https://x.example/"}}}, "origins.reports.baseURL", "baseUrl"),
        ({"auth.authorizer": {"functionArns": "x"}}, "auth.authorizer.functionArns", "auth.authorizer.functionArn"),
        ({"origins": {"reports": {"base_url": "https://x.example/"}}}, "origins.reports.base_url", "baseUrl"),
    ],
)
def test_a_misspelt_key_is_refused_with_the_nearest_right_one(config: dict[str, Any], wrong: str, right: str) -> None:
    with pytest.raises(UnknownConfigKeyError) as refused:
        configured({"origins": ORIGINS} | config)
    assert wrong in str(refused.value)
    assert refused.value.nearest.endswith(right)
    assert refused.value.nearest in str(refused.value)


FIELDS = Counter(path.rpartition(".")[2] for path in DECLARED)
WITHOUT_GROUPS = {
    "copyConcurrency": "copying.concurrency",
    "copyMemoryMb": "copying.memoryMb",
    "copyReservedConcurrency": "copying.reservedConcurrency",
    "objectExpiryDays": "retention.objectExpirationDays",
    "vpcSubnetIds": "vpc.subnetIds",
    **{
        camel(path.rpartition(".")[2]): ".".join(map(camel, path.split(".")))
        for path in DECLARED
        if "." in path and FIELDS[path.rpartition(".")[2]] == 1
    },
}


@pytest.mark.parametrize(("key", "path"), WITHOUT_GROUPS.items(), ids=WITHOUT_GROUPS)
def test_a_field_without_its_group_is_refused_with_its_path(key: str, path: str) -> None:
    with pytest.raises(UnknownConfigKeyError) as refused:
        configured({"origins": ORIGINS, key: "1"})
    assert refused.value.nearest == f"{NAMESPACE}:{path}"


def test_keys_of_other_namespaces_are_not_ours_to_judge() -> None:
    assert configured({"origins": ORIGINS, "aws:regoin": "eu-west-1", "other:thing": "x"}).exports


def test_a_wrong_value_says_which_key() -> None:
    with pytest.raises(InvalidSetting, match=r"websocket.maxConnectionsPerDownload.* is 0"):
        configured({"origins": ORIGINS, "websocket.maxConnectionsPerDownload": 0})


def test_missing_origins_are_said() -> None:
    with pytest.raises(InvalidSetting, match="origins"):
        configured({})


def test_configuration_in_the_environment_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({f"{NAMESPACE}:tracingg": "true"}))
    with pytest.raises(UnknownConfigKeyError, match="tracing"):
        configured({"origins": ORIGINS})


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
    assert config[f"{NAMESPACE}:cloud"]["executeApiUrl"].endswith("/_aws/execute-api")


def test_the_local_stage_names_an_endpoint_for_every_service_in_use() -> None:
    config = stack_file("local")
    used = {item.type.split(":")[1].split("/")[0] for item in shipped("local").custom}
    named = {"cloudwatch": {"cloudwatchlogs", "eventbridge"}}
    services = {service for kind in used for service in named.get(kind, {kind})} | {"sts"}
    assert set(config["aws:endpoints"][0]) == services


def test_every_shipped_stack_uses_known_keys_only() -> None:
    for path in sorted(REPOSITORY.glob("Pulumi.*.yaml")):
        keys = [
            key.split(":")[1]
            for key in yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
            if key.startswith(NAMESPACE)
        ]
        assert set(keys) <= set(PROJECT["config"]), path.name


def test_the_program_is_thin() -> None:
    assert len((REPOSITORY / "__main__.py").read_text(encoding="utf-8").splitlines()) <= 40


def sources() -> list[Path]:
    return [*sorted((REPOSITORY / "components").rglob("*.py")), REPOSITORY / "__main__.py"]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_the_component_knows_no_emulator_and_imports_nothing_of_ours(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for word in ("localstack", "ministack", "emulator", "4566"):
        assert word not in text.lower()
    modules = [node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    modules += [name.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for name in node.names]
    ours = "runtime localcloud local_provider integration_tests benchmarks client async_download_client tests"
    assert not {module.split(".")[0] for module in modules} & set(ours.split())
    assert "__future__" not in modules, "the schema cannot read such annotations"
