"""The stand-ins for the AWS provider, of every resource type: what they make, read, change and remove."""

from __future__ import annotations

import asyncio
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
from local_provider.engine import Deployment, Registration
from local_provider.provider import AwsProvider
from local_provider.values import from_plain, plain_map
from localcloud.emulator import Emulator
from localcloud.program import deploy
from localcloud.stack import LOCAL_CONFIG

ORIGINS = {"local": {"baseUrl": "http://127.0.0.1:9/", "allowHttp": True}}
FULL: dict[str, object] = {
    "origins": ORIGINS,
    "auth.type": "api_key",
    "auth.apiKeys": {"reporting": {"requestsPerDay": 1000}},
    "observability.accessLogs": True,
    "observability.manageApiGatewayAccount": True,
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
    """Every resource type that the program knows, in two stacks: an API has one auth. The last test destroys them."""
    with Emulator() as emulator:
        stacks = {"full": FULL, "other-auth": OTHER_AUTH}
        made = [deploy(emulator, stack=name, config={**LOCAL_CONFIG, **config}) for name, config in stacks.items()]
        yield made, AwsProvider(emulator.aws())


def wire(plain: Any) -> Any:
    return {name: from_plain(value) for name, value in plain.items()}


def custom(deployments: list[Deployment]) -> list[Registration]:
    return [one for deployment in deployments for one in deployment.resources if one.type.startswith("aws:")]


def seen(provider: AwsProvider, one: Registration, state: Any) -> api.ReadResponse:
    return asyncio.run(provider.read(api.ReadRequest(one.urn, one.id, wire(state), wire(one.inputs))))


def changes(provider: AwsProvider, one: Registration, state: Any, inputs: Any) -> list[str]:
    return asyncio.run(provider.diff(api.DiffRequest(one.urn, one.id, state, wire(inputs), []))).diffs


def test_what_is_made_is_what_is_read(full: Full) -> None:
    """A refresh right after a deployment finds no difference, whatever the type."""
    deployments, provider = full
    for one in custom(deployments):
        answer = seen(provider, one, one.outputs)
        assert answer.resource_id == one.id, f"{one.type} {one.name} is not found"
        outputs = {name: value for name, value in plain_map(answer.properties).items() if name != "code"}
        assert outputs == {name: value for name, value in one.outputs.items() if name != "code"}, one.type
        assert changes(provider, one, answer.properties, one.inputs) == [], one.type


def updated(provider: AwsProvider, one: Registration, old: Any, new: Any) -> api.ReadResponse:
    """The resource after a change in place, as it is read then."""
    request = api.UpdateRequest(one.urn, one.id, old, wire(new), 0, [], False)
    return seen(provider, one, plain_map(asyncio.run(provider.update(request)).properties))


def test_a_change_in_place_is_what_is_read(full: Full) -> None:
    """Every type: a change is seen as just that, is made, is there, and can be taken back."""
    deployments, provider = full
    by_name = [  # they register in any order; the first stack's are preferred
        one
        for deployment in reversed(deployments)
        for one in sorted(custom([deployment]), key=lambda one: one.name, reverse=True)
    ]
    found = {one.type: one for one in by_name}
    assert found.keys() == CHANGED.keys() | UNCHANGEABLE.keys()
    for kind, changed in CHANGED.items():
        one, new = found[kind], {**found[kind].inputs, **changed}
        assert changes(provider, one, wire(one.outputs), new) == sorted(changed), kind
        after = updated(provider, one, wire(one.outputs), new)
        assert changes(provider, one, after.properties, new) == [], kind
        back = updated(provider, one, after.properties, one.inputs)
        assert changes(provider, one, back.properties, one.inputs) == [], kind


def test_drift_is_seen_and_mended(full: Full) -> None:
    """What somebody changed behind the engine's back."""
    deployments, provider = full
    function = next(one for one in custom(deployments) if one.name == "files-copy")
    provider.aws.client("lambda").update_function_configuration(FunctionName=function.id, Timeout=3)
    answer = seen(provider, function, function.outputs)
    assert changes(provider, function, answer.properties, function.inputs) == ["timeout"]
    mended = updated(provider, function, answer.properties, function.inputs)
    assert plain_map(mended.properties)["timeout"] == function.inputs["timeout"]


def test_a_handler_waits_for_a_debugger(tmp_path: Path, full: Full) -> None:
    """`--debug` listens before the handler is imported."""
    (deployment, _), provider = full
    keys = {"accessKeyId": provider.aws.access_key_id, "secretAccessKey": provider.aws.secret_access_key}
    content = {**deployment.outputs, "awsEndpoint": provider.aws.endpoint, "region": provider.aws.region, **keys}
    (tmp_path / "outputs.json").write_text(json.dumps(content))
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
    """Seen as gone, and removed twice without an error; only what shall stay stays."""
    deployments, provider = full
    for deployment in deployments:
        deployment.destroy()
    left = set()
    for one in custom(deployments):
        if seen(provider, one, one.outputs).resource_id:
            left.add(one.name)
        else:
            asyncio.run(provider.delete(api.DeleteRequest(one.urn, one.id, wire(one.outputs), 0)))
    assert left == {f"files-api-gateway-{part}" for part in ("role", "policy", "account")}
