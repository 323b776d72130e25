"""Requests that a web page or another user of the machine sends to a running emulator."""

from __future__ import annotations

import http.client
import io
import socket
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import boto3
from botocore.config import Config
from botocore.credentials import Credentials

from localcloud.emulator import Emulator

FOREIGN = "https://attacker.example"
FUNCTIONS = "/2015-03-31/functions"
BUCKET, KEY, CONTENT = "files", "report", b"content"
_NO_HEADERS: Mapping[str, str] = {}
TRUST = '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}'
_ALL = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
Answer = tuple[int, dict[str, str], bytes]


def send(
    emulator: Emulator, method: str, target: str, headers: Mapping[str, str] = _NO_HEADERS, body: bytes | None = None
) -> Answer:
    """Send one request unchanged; return status, headers in lower case, and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=30)
    try:
        connection.request(method, target, body=body, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def code(answer: Answer) -> str:
    """Return the code of a refusal by the filter; any other answer fails the test."""
    status, headers, body = answer
    assert status == 403, (status, body)
    assert not [name for name in headers if name.startswith("access-control-")]
    return headers.get("x-amzn-errortype", f"not the filter's: {body!r}")


def handshake(emulator: Emulator, path: str, **headers: str) -> bytes:
    """Send a WebSocket handshake; return status line, headers, and the body that comes with them."""
    lines = {
        "Host": f"127.0.0.1:{emulator.port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
    } | headers
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\n{text}\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer and (more := connection.recv(65536)):
            answer += more
        return answer


def forged_query(key: str, service: str = "lambda") -> str:
    """Return the query of a request with a forged signature: MiniStack does not check signatures of a root key."""
    now = datetime.now(UTC)
    return urlencode(
        {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{key}/{now:%Y%m%d}/us-east-1/{service}/aws4_request",
            "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}",
            "X-Amz-Expires": "900",
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Signature": "0" * 64,
        }
    )


def archive(code: str) -> bytes:
    """Return the zip archive of a function whose module is `f`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("f.py", code)
    return packed.getvalue()


def root_of(emulator: Emulator) -> Credentials:
    """Return the root key of the emulator."""
    return Credentials(emulator.access_key_id, emulator.secret_access_key)


def create_role(emulator: Emulator) -> str:
    """Create a role that is allowed everything; return its ARN."""
    iam = emulator.aws().client("iam")
    arn = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName="worker", PolicyName="all", PolicyDocument=_ALL)
    return str(arn)


def session_of(emulator: Emulator, role: str) -> Credentials:
    """Assume a role; return the session's credentials."""
    issued = emulator.aws().client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    return Credentials(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])


def create_user(emulator: Emulator, name: str) -> Credentials:
    """Create a user that is allowed everything; return the user's access key."""
    iam = emulator.aws().client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=_ALL)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def client(emulator: Emulator, keys: Credentials, service: str, version: str | None = None) -> Any:
    """Create a boto3 client that signs with these keys, in a version of the signature other than 4 if one is named."""
    session = boto3.Session(keys.access_key, keys.secret_key, keys.token, region_name=emulator.region)
    usual = "s3v4" if service == "s3" else "v4"
    config = Config(
        signature_version=version or usual, s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}
    )
    return session.client(service, endpoint_url=emulator.endpoint, config=config)


def presigned(emulator: Emulator, keys: Credentials, operation: str = "get_object", version: str = "s3v4") -> str:
    """Return path and query of a pre-signed URL of the object."""
    url = client(emulator, keys, "s3", version).generate_presigned_url(operation, Params={"Bucket": BUCKET, "Key": KEY})
    return str(url).removeprefix(emulator.endpoint)
