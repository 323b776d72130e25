"""The clouds that the suite deploys to: an emulator of its own, a running LocalStack, or a sandbox account."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from localstack_client.config import get_service_endpoint

from integration_tests.support import aws_request_problems, function_server
from integration_tests.support.errors import MissingError, RefusedTargetError
from local_provider.aws import Aws
from localcloud.emulator import Emulator

FUNCTION_SERVER = Path(function_server.__file__)
RETRY_WAITS = "0.1"  # scale of waits and back-offs in the emulator's Step Functions


class Target(StrEnum):
    """The kinds of cloud."""

    EMULATOR = "emulator"
    LOCALSTACK = "localstack"
    AWS = "aws"


@dataclass(frozen=True)
class Cloud:
    """A running cloud.

    Attributes:
        endpoint: its URL, None on AWS.
        log_path: the log of the suite's own emulator.
        service_endpoints: service -> URL, for services that run elsewhere.
        settings: settings that every stack there needs.
    """

    target: Target
    region: str
    endpoint: str | None = None
    log_path: Path | None = None
    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)
    service_endpoints: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    _clients: dict[tuple[str, str | None], Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def execute_api_url(self) -> str:
        """The URL of APIs that have no host names of their own."""
        return f"{self.endpoint}/_aws/execute-api"

    @property
    def credentials(self) -> Credentials:
        """The credentials of the suite."""
        if self.endpoint:
            return Credentials(self.access_key_id, self.secret_access_key)
        credentials = boto3.Session().get_credentials()
        assert credentials is not None
        return credentials.get_frozen_credentials()

    def client(self, service: str, endpoint: str | None = None) -> Any:
        """Return the boto3 client of a service; the same one at every call."""
        key = service, endpoint
        if key not in self._clients:
            url = endpoint or self.endpoint
            if self.endpoint and url:
                keys = self.access_key_id, self.secret_access_key
                client = Aws(url, self.region, *keys, service_endpoints=self.service_endpoints).client(service)
            else:
                client = boto3.client(service, self.region, endpoint_url=url, config=Config(max_pool_connections=32))
            self._clients[key] = client
        return self._clients[key]


def emulated(emulator: Emulator) -> Cloud:
    """Return an emulator as a cloud, with its root key."""
    keys = emulator.access_key_id, emulator.secret_access_key
    return Cloud(Target.EMULATOR, emulator.region, emulator.endpoint, emulator.log_path, *keys)


@contextmanager
def throttling_cloud(folder: Path, env: Mapping[str, str] | None = None) -> Iterator[Cloud]:
    """Run an emulator that throttles functions as AWS does."""
    log, observer = folder / "emulator.log", Path(__file__).with_name("throttling.py")
    with Emulator(log, env=dict(env or {}), observe=True, observer=observer) as emulator:
        yield emulated(emulator)


@contextmanager
def cloud_with_unscaled_waits(folder: Path) -> Iterator[Cloud]:
    """Run an emulator whose waits last as long as on AWS."""
    env = aws_request_problems.environment()
    with Emulator(folder / "emulator.log", env=env, observe=True, observer=FUNCTION_SERVER) as emulator:
        yield emulated(emulator)


@contextmanager
def open_cloud(target: Target, *, folder: Path, account: str | None = None) -> Iterator[Cloud]:
    """Open the cloud of a target; an emulator ends with the context.

    Raises:
        MissingError: this machine lacks something that the target needs.
        RefusedTargetError: the credentials are of another account than `account`.
    """
    if target is Target.EMULATOR:
        env = {"SFN_WAIT_SCALE": RETRY_WAITS, **aws_request_problems.environment()}
        with Emulator(folder / "emulator.log", env=env, observe=True, observer=FUNCTION_SERVER) as emulator:
            yield emulated(emulator)
    elif target is Target.LOCALSTACK:
        yield _localstack()
    else:
        yield _sandbox(account)


def _localstack() -> Cloud:
    endpoint = str(get_service_endpoint("s3")).rstrip("/")
    parts = urlsplit(endpoint)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    try:
        connection.request("GET", "/_localstack/health")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        raise MissingError(
            f"Nothing answers on {endpoint}: start LocalStack (`localstack start -d`; WebSocket APIs need its paid "
            "image) or MiniStack (`.venv/bin/python -m localcloud emulator`)."
        ) from None
    finally:
        connection.close()
    key, secret = (os.environ.get(name, "test") for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    settings = {"cloud.sliceExecutionType": "STANDARD"}  # LocalStack refuses EXPRESS in a Distributed Map
    return Cloud(Target.LOCALSTACK, "us-east-1", endpoint, None, key, secret, settings=settings)


def _sandbox(account: str | None) -> Cloud:
    session = boto3.Session()
    if session.region_name is None or session.get_credentials() is None:
        raise MissingError("There are no AWS credentials or no region: set AWS_PROFILE and AWS_REGION.")
    try:
        actual = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise MissingError(f"AWS does not accept these credentials ({type(error).__name__}): sign in again.") from None
    if actual != account:
        raise RefusedTargetError(f"The credentials are of account {actual}; --aws-account allows {account} only.")
    return Cloud(Target.AWS, session.region_name)
