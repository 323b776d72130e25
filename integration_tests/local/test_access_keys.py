"""The access keys that a running emulator accepts: its own random one, and those that its IAM and STS issued."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from integration_tests.local.programs import python
from integration_tests.support.attacks import (
    BUCKET,
    CONTENT,
    FUNCTIONS,
    KEY,
    archive,
    client,
    code,
    create_role,
    create_user,
    forged_query,
    presigned,
    root_of,
    send,
    session_of,
)
from localcloud.emulator import Emulator

pytestmark = pytest.mark.security


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        running.aws().client("s3").create_bucket(Bucket=BUCKET)
        running.aws().client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT)
        yield running


@pytest.fixture(scope="module")
def role(emulator: Emulator) -> str:
    return create_role(emulator)


def test_keys_that_sts_and_iam_issued_pass(emulator: Emulator, role: str) -> None:
    issued = {
        ":root": root_of(emulator),
        ":assumed-role/worker/session": session_of(emulator, role),
        ":user/alice": create_user(emulator, "alice"),
    }
    for end, caller in issued.items():
        assert client(emulator, caller, "sts").get_caller_identity()["Arn"].endswith(end)
        assert client(emulator, caller, "s3").get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == CONTENT
        assert client(emulator, caller, "dynamodb").list_tables()["TableNames"] == []
        for version in ("s3v4", "s3"):
            assert send(emulator, "GET", presigned(emulator, caller, version=version))[::2] == (200, CONTENT)


def test_a_key_that_iam_took_back_is_refused(emulator: Emulator) -> None:
    bob = create_user(emulator, "bob")
    assert client(emulator, bob, "sts").get_caller_identity()["Arn"].endswith(":user/bob")
    emulator.aws().client("iam").delete_access_key(UserName="bob", AccessKeyId=bob.access_key)
    with pytest.raises(ClientError, match="UnknownAccessKey"):
        client(emulator, bob, "sts").get_caller_identity()


@pytest.mark.parametrize("key", ["test", "000000000000", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"])
@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("s3", "list_buckets"),
        ("lambda", "list_functions"),
        ("dynamodb", "list_tables"),
        ("iam", "list_users"),
        ("sts", "get_caller_identity"),
        ("sqs", "list_queues"),
        ("stepfunctions", "list_state_machines"),
        ("apigateway", "get_rest_apis"),
        ("logs", "describe_log_groups"),
        ("secretsmanager", "list_secrets"),
    ],
)
def test_boto3_reads_why_another_key_is_refused(emulator: Emulator, service: str, operation: str, key: str) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client(emulator, Credentials(key, "test"), service), operation)()
    error = refused.value.response["Error"]
    assert error["Code"] == "UnknownAccessKey"
    assert "python -m localcloud env" in error["Message"]


def test_every_way_to_carry_a_wrong_key_is_refused(emulator: Emulator) -> None:
    """Signature Version 2 in header and URL, forms, no credentials, and two keys are refused."""
    root, query = emulator.access_key_id, forged_query("test", "s3")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    part = "--x\r\nContent-Disposition: form-data; name="
    posted = f'{part}"x-amz-credential"\r\n\r\ntest/x\r\n{part}"key"\r\n\r\nk\r\n--x--\r\n'.encode()
    for expected, answer in {
        "CredentialsMissing": [
            send(emulator, "GET", "/files/report"),
            send(emulator, "POST", "/", form, b"Action=ListUsers&Version=2010-05-08&AWSAccessKeyId=test"),
            send(emulator, "POST", "/files", {"Content-Type": "multipart/form-data; boundary=x"}, posted),
            send(emulator, "POST", "/", {"Authorization": "Bearer x", **form}, b"Action=ListUsers&Version=2010-05-08"),
            send(emulator, "GET", "/latest/meta-data/iam/security-credentials/worker"),
        ],
        "CredentialsUnreadable": [
            send(emulator, "GET", "/files/report", {"Authorization": f"AWS {root}:c2lnbmF0dXJl"}),
            send(emulator, "GET", f"/files/report?AWSAccessKeyId={root}&Signature=x"),
            send(emulator, "GET", f"/?AWSAccessKeyId={root}&Signature=x&SignatureVersion=2&Action=ListUsers"),
            send(emulator, "GET", f"/files/report?{query}&X-Amz-Credential={root}"),
            send(emulator, "GET", f"/files/report?{query}", {"Authorization": "Bearer x"}),
        ],
        "UnknownAccessKey": [
            send(emulator, "GET", "/files/report?AWSAccessKeyId=test&Signature=x&Expires=9999999999"),
            send(emulator, "GET", f"/files/report?{query}"),
            send(emulator, "POST", f"/?Action=ListUsers&Version=2010-05-08&{forged_query('test', 'iam')}"),
            send(emulator, "POST", f"/_aws/execute-api/api/v1/@connections/id?{forged_query('test', 'execute-api')}"),
            send(emulator, "POST", f"/_aws/execute-api/api/v1/downloads?{forged_query('test', 'execute-api')}"),
        ],
    }.items():
        assert [code(response) for response in answer] == [expected] * len(answer)


def test_a_known_key_of_a_role_is_worth_nothing_without_its_secret(emulator: Emulator, role: str) -> None:
    """Every pre-signed URL names such a key; the emulator checks its signature wherever it is."""
    key = session_of(emulator, role).access_key
    for service in ("s3", "lambda"):
        query = forged_query(key, service)
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "AWS x:y"}):
            status, _, body = send(emulator, "GET", f"{FUNCTIONS}/?{query}", headers)
            assert status in (400, 403), body
            assert b"Functions" not in body
    for query in (forged_query(key, "s3"), f"AWSAccessKeyId={key}&Signature=x&Expires=9999999999"):
        assert send(emulator, "GET", f"/files/report?{query}")[0] in (400, 403)
        status, _, body = send(emulator, "GET", f"{FUNCTIONS}/?{query}")
        assert (status in (400, 403), b"Functions" in body) == (True, False)


def test_the_session_of_a_function_cannot_be_computed(emulator: Emulator, role: str) -> None:
    """The emulator would derive key, secret and token from two ARNs that anyone can guess."""
    functions = emulator.aws().client("lambda")
    arn = functions.create_function(
        FunctionName="worker",
        Runtime="python3.13",
        Handler="f.handler",
        Role=role,
        Code={
            "ZipFile": archive(
                "import boto3\ndef handler(e, c): return boto3.client('sts').get_caller_identity()['Arn']"
            )
        },
    )["FunctionArn"]
    try:
        answer = json.loads(functions.invoke(FunctionName="worker")["Payload"].read())
        assert answer.endswith(":assumed-role/worker/worker"), "and the function works"
        digest = hashlib.sha256(f"{arn}:{role}".encode()).hexdigest()
        guessed = Credentials(
            f"ASIA{digest[:16].upper()}",
            hashlib.sha256(f"secret:{digest}".encode()).hexdigest(),
            hashlib.sha256(f"token:{digest}".encode()).hexdigest(),
        )
        request = AWSRequest("GET", f"{emulator.endpoint}{FUNCTIONS}/")
        SigV4Auth(guessed, "lambda", "us-east-1").add_auth(request)
        assert code(send(emulator, "GET", f"{FUNCTIONS}/", dict(request.headers))) == "UnknownAccessKey"
    finally:
        functions.delete_function(FunctionName="worker")


def test_a_large_body_streams_through_and_a_refused_one_leaves_the_answer_readable(emulator: Emulator) -> None:
    content = b"x" * (24 << 20)
    s3 = emulator.aws().client("s3")
    s3.put_object(Bucket="files", Key="large", Body=content)
    assert s3.get_object(Bucket="files", Key="large")["Body"].read() == content
    s3.delete_object(Bucket="files", Key="large")
    wrong = client(emulator, Credentials("test", "test"), "s3")
    with pytest.raises(ClientError, match="UnknownAccessKey"):
        wrong.put_object(Bucket="files", Key="large", Body=content)


def test_a_bucket_as_a_host_name_is_this_machines(emulator: Emulator) -> None:
    request = AWSRequest("GET", f"http://files.localhost:{emulator.port}/report")
    request.headers["Host"] = f"files.localhost:{emulator.port}"
    S3SigV4QueryAuth(root_of(emulator), "s3", "us-east-1").add_auth(request)
    target = request.url.partition(f":{emulator.port}")[2]
    assert code(send(emulator, "GET", "/report", {"Host": f"files.localhost:{emulator.port}"})) == "CredentialsMissing"
    assert send(emulator, "GET", target, {"Host": f"files.localhost:{emulator.port}"})[::2] == (200, CONTENT)


def test_other_users_see_no_key(emulator: Emulator) -> None:
    listed = subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True, check=True).stdout
    assert "filtered_emulator" in listed
    secrets = emulator.access_key_id, emulator.secret_access_key
    assert len(set(secrets)) == 2
    assert [
        secret for secret in secrets if secret in listed or secret in emulator.log_path.read_text(encoding="utf-8")
    ] == []
    directory = emulator.log_path.parent
    assert (directory.stat().st_mode & 0o077, emulator.log_path.stat().st_mode & 0o077) == (0, 0)


def test_each_run_has_a_key_of_its_own() -> None:
    first, second = Emulator(), Emulator()
    assert first.access_key_id != second.access_key_id
    assert len(first.access_key_id) >= 32, "160 random bits"


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AUTH"])
def test_it_does_not_start_open(missing: str) -> None:
    env = {"AWS_ACCESS_KEY_ID": "LOCALKEY", "AUTH": "true", "PATH": "/usr/bin:/bin", "BIND_HOST": "127.0.0.1"}
    env[missing] = ""
    started = python("-P", "localcloud/filtered_emulator.py", env=env, stderr=subprocess.PIPE)
    assert "has to" in started.communicate(timeout=30)[1]
    assert started.returncode == 1
