"""The local cloud itself: the emulator's life, the stand-ins on it, and the commands that `make` calls."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pulumi.provider.experimental import provider as api

from integration_tests.support.leaks import leaks
from integration_tests.support.sockets import Socket
from integration_tests.support.waiting import gone, wait_for
from integration_tests.support.written import lines_of
from localcloud.aws import Aws
from localcloud.emulator import Emulator
from localcloud.engine import Deployment, Registration
from localcloud.errors import EmulatorError
from localcloud.program import deploy
from localcloud.provider import AwsProvider
from localcloud.stack import LOCAL_CONFIG
from localcloud.values import from_plain, plain_map

TOP = Path(__file__).parents[1]
ORIGINS = {"local": {"baseUrl": "http://127.0.0.1:9/", "allowHttp": True}}
KEY, OTHER_KEY = (f"arn:aws:kms:us-east-1:000000000000:key/{one * 8}-12ab-34cd-56ef-1234567890ab" for one in "12")
FULL: dict[str, object] = {
    "origins": ORIGINS,
    "restAuth": "api_key",
    "accessLogs": True,
    "manageApiGatewayAccount": True,
    "corsOrigins": ["https://app.example.com"],
    "kmsKeyArn": KEY,
    "requestConcurrency": 5,
    "webPage": True,
}
OTHER_AUTH: dict[str, object] = {
    "origins": ORIGINS,
    "restAuth": "authorizer",
    "authorizer": {"userPoolArns": ["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_AbCdEf123"]},
}
OWNER = """
import io, sys, zipfile
from localcloud.aws import Aws
from localcloud.emulator import Emulator
emulator = Emulator().start()
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w") as archive:
    archive.writestr("f.py", "def handler(event, context): pass")
trust = '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}'
role = Aws(emulator.endpoint).client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
function = {"FunctionName": "f", "Runtime": "python3.13", "Handler": "f.handler", "Role": role}
client = Aws(emulator.endpoint).client("lambda")
client.create_function(**function, Code={"ZipFile": packed.getvalue()})
client.invoke(FunctionName="f")
print(emulator.endpoint, emulator.log_path.parent, flush=True)
sys.stdin.read()
"""


def processes() -> dict[int, tuple[int, int]]:
    """Process -> its parent and its process group; zombies are none."""
    ps = ["ps", "-A", "-o", "pid=,ppid=,pgid=,stat="]
    listed = subprocess.run(ps, capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return {int(row[0]): (int(row[1]), int(row[2])) for row in rows if not row[3].startswith("Z")}


def family(pid: int) -> set[int]:
    """The processes that descend from one."""
    found = {pid}
    for _ in range(4):
        found |= {one for one, (parent, _) in processes().items() if parent in found}
    return found - {pid}


def python(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """A program of ours, in a process group of its own."""
    command = [sys.executable, "-u", *arguments]
    return subprocess.Popen(command, cwd=TOP, text=True, start_new_session=True, **options)


def answers(endpoint: str) -> bool:
    """Tell whether something listens there."""
    host, _, port = endpoint.removeprefix("http://").partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


# The emulator's life


def test_it_enforces_iam_and_is_gone_when_stopped() -> None:
    """An unsigned call is refused; afterwards neither its port nor its directory is there."""
    with Emulator() as emulator:
        Aws(emulator.endpoint).client("s3").create_bucket(Bucket="private")
        assert get(f"{emulator.endpoint}/private")[0] == 403
        endpoint, directory = emulator.endpoint, emulator.log_path.parent
        assert emulator.is_running()
    assert not answers(endpoint)
    assert not directory.exists()
    assert not emulator.is_running()


def test_its_log_is_kept_where_it_is_told(tmp_path: Path) -> None:
    """Beyond its end; and it can be started again."""
    emulator = Emulator(log_path=tmp_path / "logs" / "emulator.log")
    for _ in range(2):
        with emulator:
            Aws(emulator.endpoint).client("sqs").create_queue(QueueName="noted")
        assert "SQS queue created: noted" in (tmp_path / "logs" / "emulator.log").read_text()


def test_an_early_end_is_told_with_its_log() -> None:
    """And nothing waits until the deadline."""
    with pytest.raises(EmulatorError, match="ended with exit code 1 while starting") as failed:
        Emulator(env={"GATEWAY_PORT": "none"}).start()
    assert "ValueError: invalid literal" in str(failed.value)


def test_a_place_where_no_log_can_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is left of the attempt."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "file").touch()
    with pytest.raises(EmulatorError, match=r"cannot be started: .*File exists"):
        Emulator(log_path=tmp_path / "file" / "emulator.log").start()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_port_in_use_is_told() -> None:
    """Also when what listens there is an emulator, which answers like ours."""
    with Emulator() as first, pytest.raises(EmulatorError, match=f"{first.port} is already in use"):
        Emulator(port=first.port).start()


def test_two_emulators_know_nothing_of_each_other() -> None:
    """Each has its own port and its own state."""
    with Emulator() as one, Emulator() as other:
        Aws(one.endpoint).client("sqs").create_queue(QueueName="q")
        assert not Aws(other.endpoint).client("sqs").list_queues().get("QueueUrls")


def test_what_it_writes_is_in_its_directory() -> None:
    """The keys of user pools, too, which it would else share with every other emulator."""
    with Emulator() as emulator:
        Aws(emulator.endpoint).client("cognito-idp").create_user_pool(PoolName="pool")
        assert list(emulator.log_path.parent.rglob("cognito-rsa-key.pem"))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_its_owner(end: signal.Signals) -> None:
    """Emulator, functions and directory go, however the owner ends, and without its help."""
    with python("-c", OWNER, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        endpoint, directory = owner.stdout.readline().split()
        descendants = family(owner.pid)
        assert len(descendants) >= 3, "supervisor, emulator and a function"
        os.kill(owner.pid, end)
        wait_for(lambda: descendants & processes().keys(), deadline=5, until=gone)
    assert not answers(endpoint)
    wait_for(Path(directory).exists, deadline=5, until=gone)


# The stand-ins


Full = tuple[list[Deployment], AwsProvider]


@contextmanager
def full_deployment() -> Iterator[Full]:
    """Every resource type that the program knows, in two stacks: an API has one auth."""
    with Emulator() as emulator:
        stacks = {"full": FULL, "other-auth": OTHER_AUTH}
        made = [deploy(emulator, stack=name, config={**LOCAL_CONFIG, **config}) for name, config in stacks.items()]
        yield made, AwsProvider(Aws(emulator.endpoint))


@pytest.fixture(scope="module")
def full() -> Iterator[Full]:
    """Deployments for the tests that leave them as they were."""
    with full_deployment() as made:
        yield made


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


DENIED = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
CHANGED: dict[str, dict[str, Any]] = {
    "aws:apigateway/apiKey:ApiKey": {"description": "new", "tags": {"a": "1"}},
    "aws:apigateway/authorizer:Authorizer": {
        "authorizerResultTtlInSeconds": 60,
        "identitySource": "method.request.header.X-Token",
    },
    "aws:apigateway/deployment:Deployment": {"description": "new"},
    "aws:apigateway/integration:Integration": {"timeoutMilliseconds": 5000},
    "aws:apigateway/integrationResponse:IntegrationResponse": {
        "responseParameters": {"method.response.header.Access-Control-Max-Age": "'1'"}
    },
    "aws:apigateway/methodResponse:MethodResponse": {
        "responseParameters": {"method.response.header.Access-Control-Max-Age": True}
    },
    "aws:apigateway/method:Method": {"authorization": "AWS_IAM", "apiKeyRequired": False},
    "aws:apigateway/methodSettings:MethodSettings": {
        "settings": {"throttlingRateLimit": 5.0, "throttlingBurstLimit": 6}
    },
    "aws:apigateway/model:Model": {"schema": '{"type": "object"}'},
    "aws:apigateway/requestValidator:RequestValidator": {"validateRequestBody": False},
    "aws:apigateway/response:Response": {"responseTemplates": {"application/json": "{}"}},
    "aws:apigateway/restApi:RestApi": {"description": "new", "tags": {"a": "1"}},
    "aws:apigateway/stage:Stage": {"description": "new", "tags": {"a": "1"}},
    "aws:apigateway/usagePlan:UsagePlan": {"description": "new", "throttleSettings": {"rateLimit": 1, "burstLimit": 2}},
    "aws:apigatewayv2/api:Api": {"description": "new", "tags": {"a": "1"}},
    "aws:apigatewayv2/integration:Integration": {"timeoutMilliseconds": 5000},
    "aws:apigatewayv2/route:Route": {"operationName": "new"},
    "aws:apigatewayv2/stage:Stage": {"description": "new", "tags": {"a": "1"}},
    "aws:cloudwatch/eventRule:EventRule": {"description": "new", "state": "DISABLED"},
    "aws:cloudwatch/eventTarget:EventTarget": {"retryPolicy": {"maximumRetryAttempts": 1}},
    "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": 3, "tags": {"a": "1"}},
    "aws:dynamodb/table:Table": {
        "pointInTimeRecovery": {"enabled": True},
        "serverSideEncryption": {"enabled": True, "kmsKeyArn": OTHER_KEY},
        "tags": {"a": "1"},
    },
    "aws:iam/role:Role": {"description": "new", "tags": {"a": "1"}},
    "aws:iam/rolePolicy:RolePolicy": {"policy": DENIED},
    "aws:lambda/function:Function": {"timeout": 7, "environment": {"variables": {"A": "1"}}, "tags": {"a": "1"}},
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {"maximumRetryAttempts": 0},
    "aws:s3/bucket:Bucket": {"tags": {"a": "1"}},
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {"rule": {"objectOwnership": "ObjectWriter"}},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"blockPublicAcls": False},
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": {
        "corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["*"], "maxAgeSeconds": 5}]
    },
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
        "rules": [{"id": "new", "status": "Enabled", "filter": {"prefix": "p/"}, "expiration": {"days": 2}}]
    },
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "rules": [
            {
                "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": OTHER_KEY},
                "bucketKeyEnabled": False,
            }
        ]
    },
    "aws:sfn/stateMachine:StateMachine": {"definition": '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'},
    "aws:sqs/queue:Queue": {"kmsMasterKeyId": OTHER_KEY, "messageRetentionSeconds": 60, "tags": {"a": "1"}},
}
UNCHANGEABLE = {
    "aws:apigateway/account:Account": "its only input is the role",
    "aws:apigateway/resource:Resource": "the emulator does not rename paths below",
    "aws:apigateway/usagePlanKey:UsagePlanKey": "every change replaces it",
    "aws:lambda/permission:Permission": "every change replaces it",
    "aws:s3/bucketPolicy:BucketPolicy": "like a role's policy",
    "aws:sqs/queuePolicy:QueuePolicy": "like a role's policy",
}


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


def test_what_is_removed_is_gone() -> None:
    """Seen as gone, and removed twice without an error; only what shall stay stays."""
    with full_deployment() as (deployments, provider):
        for deployment in deployments:
            deployment.destroy()
        left = set()
        for one in custom(deployments):
            if seen(provider, one, one.outputs).resource_id:
                left.add(one.name)
            else:
                asyncio.run(provider.delete(api.DeleteRequest(one.urn, one.id, wire(one.outputs), 0)))
    assert left == {f"files-api-gateway-{part}" for part in ("role", "policy", "account")}


def test_drift_is_seen_and_mended(full: Full) -> None:
    """What somebody changed behind the engine's back."""
    deployments, provider = full
    function = next(one for one in custom(deployments) if one.name == "files-copy")
    provider.aws.client("lambda").update_function_configuration(FunctionName=function.id, Timeout=3)
    answer = seen(provider, function, function.outputs)
    assert changes(provider, function, answer.properties, function.inputs) == ["timeout"]
    mended = updated(provider, function, answer.properties, function.inputs)
    assert plain_map(mended.properties)["timeout"] == function.inputs["timeout"]


# The commands


@contextmanager
def serving(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """`make local` without make, with its word in a directory of the test's own."""
    where = ["--directory", str(directory)]
    process = python("-m", "localcloud", "serve", *where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def until(process: subprocess.Popen[str], words: str) -> str:
    """What it prints, up to the line with these words."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    pytest.fail(f"{words!r} was never printed, but:\n{''.join(lines)}")


def command(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    with python("-m", "localcloud", *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors


def get(url: str) -> tuple[int, bytes]:
    """Status and body."""
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("GET", f"/{path}")
    with connection.getresponse() as answer:
        return answer.status, answer.read()


def test_the_stack_stays_up_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """It says where it is, shows what happens, serves the other commands, and leaves nothing behind."""
    where = ["--directory", str(tmp_path)]
    with serving(tmp_path) as process:
        welcome = until(process, "What happens:")
        outputs = json.loads((tmp_path / "outputs.json").read_text())
        assert {outputs["apiUrl"], outputs["webSocketUrl"], outputs["webPageUrl"]} <= set(welcome.split())
        assert json.loads(get(f"{outputs['webPageUrl']}config.json")[1])["apiUrl"] == outputs["apiUrl"]
        assert {"awsEndpoint", "region", "accessKeyId", "secretAccessKey", "bucketName"} <= outputs.keys()

        status, body = get(outputs["downloadUrl"])
        asked = json.loads(body)
        assert status == 200
        shown = until(process, "GET /download -> 200") + until(process, "succeeded")
        ticket = asked["webSocketEndpoint"].partition("ticket=")[2]
        with Socket(asked["webSocketEndpoint"]) as client:
            url = client.receive("ready")["url"]
        assert get(url)[0] == 200
        shown += until(process, "S3")
        files = {path.name: list(lines_of(path)) for path in tmp_path.iterdir()}
        assert {"emulator.log", "outputs.json"} <= set(files)
        secret, signature = ticket.partition(".")[2], parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]
        assert leaks({**files, "printed": [("", welcome + shown)]}, {secret, signature}) == []
        assert f"{asked['downloadId']} at Copy" in shown

        assert asked["executionArn"] in command("tables", *where)[1]
        sets = [f"--set=pathParameters.id={asked['downloadId']}", f"--set=headers.x-download-ticket={ticket}"]
        code, printed, _ = command("invoke", "get_download", "events/get_download.json", *sets, *where)
        assert (code, json.loads(json.loads(printed)["body"])["status"]) == (0, "READY")
        code, _, said = command("invoke", "unknown", "events/deliver.json", *where)
        assert (code, said[:31]) == (1, "error: There is no handler unkn")
        assert "is running already" in command("serve", *where)[2]

        os.killpg(process.pid, signal.SIGINT)  # Ctrl-C reaches every process of the terminal's group
        assert "Traceback" not in until(process, "Stopped; nothing is left running.")
        assert process.wait(timeout=10) == 0
    assert not answers(outputs["awsEndpoint"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["emulator.log"]
    assert "No local stack is running" in command("tables", *where)[2]


def test_a_signal_stops_the_stack_while_it_starts(tmp_path: Path) -> None:
    """As well as when it is up; nothing is written then."""
    with serving(tmp_path) as process:
        until(process, "Starting the emulator")
        process.send_signal(signal.SIGTERM)
        assert "Traceback" not in until(process, "Stopped; nothing is left running.")
        assert process.wait(timeout=10) == 0
    assert not (tmp_path / "outputs.json").exists()


def test_a_handler_waits_for_a_debugger(tmp_path: Path, full: Full) -> None:
    """`--debug` listens before the handler is imported."""
    (deployment, _), provider = full
    keys = {"accessKeyId": "test", "secretAccessKey": "test"}
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
