"""The stand-in provider creates, reads, updates and removes every resource type on the emulator."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi.provider.experimental import provider as api

from integration_tests.local.changed import CHANGED, KEY, UNCHANGEABLE
from integration_tests.local.programs import answers, python, until
from local_provider.aws import Aws
from local_provider.engine import Deployment
from local_provider.monitor import Registration
from local_provider.provider import AwsProvider
from local_provider.values import from_plain, plain_map
from localcloud.emulator import Emulator
from localcloud.program import deploy
from localcloud.stack import LOCAL_CONFIG

ORIGINS = {"local": {"baseUrl": "http://127.0.0.1:9/", "allowHttp": True}}
CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"
FULL: dict[str, object] = {
    "origins": ORIGINS,
    "auth.type": "api_key",
    "auth.apiKeys": {"reporting": {"requestsPerDay": 1000}},
    "observability.accessLogs": True,
    "observability.manageApiGatewayAccount": True,
    "api.domainName": "files.example.com",
    "api.certificateArn": CERTIFICATE,
    "api.disableExecuteApiEndpoint": True,
    "websocket.domainName": "sockets.example.com",
    "websocket.certificateArn": CERTIFICATE,
    "observability.logGroupPrefix": "/company/files",
    "protection.permissionsBoundaryArn": "arn:aws:iam::aws:policy/AdministratorAccess",
    "protection.rolePath": "/company/files/",
    "observability.alarms.topicArn": "arn:aws:sns:us-east-1:000000000000:operators",
    "observability.dashboard": True,
    "api.corsOrigins": ["https://app.example.com"],
    "encryption.kmsKeyArn": KEY,
    "api.reservedConcurrency": 5,
    "api.webPage": True,
}
OTHER_AUTH: dict[str, object] = {
    "origins": ORIGINS,
    "auth.type": "authorizer",
    "auth.authorizer": {"userPoolArns": ["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_AbCdEf123"]},
}
Full = tuple[list[Deployment], AwsProvider]


@pytest.fixture(scope="module")
def full() -> Iterator[Full]:
    """Deploy two stacks that together have every resource type; the last test destroys them."""
    with Emulator() as emulator:
        stacks = {"full": {**FULL, "api.webAclArn": create_web_acl(emulator.aws())}, "other-auth": OTHER_AUTH}
        deployments = [
            deploy(emulator, stack=name, config={**LOCAL_CONFIG, **config}) for name, config in stacks.items()
        ]
        yield deployments, AwsProvider(emulator.aws())


def create_web_acl(aws: Aws) -> str:
    """Create a web ACL that allows everything, and return its ARN."""
    metrics = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "company"}
    acl = aws.client("wafv2").create_web_acl(
        Name="company", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=metrics
    )
    return str(acl["Summary"]["ARN"])


def wire(plain: Any) -> Any:
    return {name: from_plain(value) for name, value in plain.items()}


def aws_resources(deployments: list[Deployment]) -> list[Registration]:
    return [
        resource for deployment in deployments for resource in deployment.resources if resource.type.startswith("aws:")
    ]


def read(provider: AwsProvider, resource: Registration, state: Any) -> api.ReadResponse:
    return provider.read(api.ReadRequest(resource.urn, resource.id, wire(state), wire(resource.inputs)))


def changes(provider: AwsProvider, resource: Registration, state: Any, inputs: Any) -> list[str]:
    return provider.diff(api.DiffRequest(resource.urn, resource.id, state, wire(inputs), [])).diffs


def test_what_is_made_is_what_is_read(full: Full) -> None:
    deployments, provider = full
    for resource in aws_resources(deployments):
        answer = read(provider, resource, resource.outputs)
        assert answer.resource_id == resource.id, f"{resource.type} {resource.name} is not found"
        outputs = {name: value for name, value in plain_map(answer.properties).items() if name != "code"}
        assert outputs == {name: value for name, value in resource.outputs.items() if name != "code"}, resource.type
        assert changes(provider, resource, answer.properties, resource.inputs) == [], resource.type


def updated(provider: AwsProvider, resource: Registration, old: Any, new: Any) -> api.ReadResponse:
    """Update a resource and return the state that is read afterwards."""
    request = api.UpdateRequest(resource.urn, resource.id, old, wire(new), 0, [], False)
    return read(provider, resource, plain_map(provider.update(request).properties))


def test_a_change_in_place_is_what_is_read(full: Full) -> None:
    deployments, provider = full
    by_name = [  # they register in any order; the first stack's are preferred
        resource
        for deployment in reversed(deployments)
        for resource in sorted(aws_resources([deployment]), key=lambda resource: resource.name, reverse=True)
    ]
    by_type = {resource.type: resource for resource in by_name}
    assert by_type.keys() == CHANGED.keys() | UNCHANGEABLE.keys()
    for kind, changed in CHANGED.items():
        resource, new = by_type[kind], {**by_type[kind].inputs, **changed}
        assert changes(provider, resource, wire(resource.outputs), new) == sorted(changed), kind
        after = updated(provider, resource, wire(resource.outputs), new)
        assert changes(provider, resource, after.properties, new) == [], kind
        back = updated(provider, resource, after.properties, resource.inputs)
        assert changes(provider, resource, back.properties, resource.inputs) == [], kind


def test_drift_is_seen_and_mended(full: Full) -> None:
    deployments, provider = full
    function = next(resource for resource in aws_resources(deployments) if resource.name == "files-copy")
    provider.aws.client("lambda").update_function_configuration(FunctionName=function.id, Timeout=3)
    answer = read(provider, function, function.outputs)
    assert changes(provider, function, answer.properties, function.inputs) == ["timeout"]
    mended = updated(provider, function, answer.properties, function.inputs)
    assert plain_map(mended.properties)["timeout"] == function.inputs["timeout"]


def test_a_handler_waits_for_a_debugger(tmp_path: Path, full: Full) -> None:
    (deployment, _), provider = full
    keys = {"accessKeyId": provider.aws.access_key_id, "secretAccessKey": provider.aws.secret_access_key}
    content = {**deployment.outputs, "awsEndpoint": provider.aws.endpoint, "region": provider.aws.region, **keys}
    (tmp_path / "outputs.json").write_text(json.dumps(content), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["invoke", "deliver", "events/deliver.json", f"--debug={port}", f"--directory={tmp_path}"]
    with python("-m", "localcloud", *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        until(process, f"Waiting for a debugger on port {port}")
        assert answers(f"http://127.0.0.1:{port}")
        assert process.poll() is None
        process.kill()


def test_what_is_removed_is_gone(full: Full) -> None:
    deployments, provider = full
    for deployment in deployments:
        deployment.destroy()
    left = set()
    for resource in aws_resources(deployments):
        if read(provider, resource, resource.outputs).resource_id:
            left.add(resource.name)
        else:
            provider.delete(api.DeleteRequest(resource.urn, resource.id, wire(resource.outputs), 0))
    assert left == {f"files-api-gateway-{part}" for part in ("role", "policy", "account")}
