"""Run LocalStack's interpreter as Step Functions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.session import Session

from integration_tests.parity.servers import serving
from runtime.adapters import aws
from tools.parity.implementations import STEP_FUNCTIONS

REGION = "us-east-1"
PROGRAM = Path(__file__).with_name("step_functions_server.py")
SETTINGS = {
    "GATEWAY_SERVER": "hypercorn",  # the default one listens on every address
    "SERVICES": "stepfunctions",
    "STRICT_SERVICE_LOADING": "1",
    "EAGER_SERVICE_LOADING": "0",
    "DISABLE_EVENTS": "1",
    "SKIP_SSL_CERT_DOWNLOAD": "1",
    "DNS_ADDRESS": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@contextmanager
def running(
    responses: Mapping[str, Any], endpoints: Mapping[str, str], credentials: tuple[str, str], port: int
) -> Iterator[str]:
    """Run the interpreter; give its URL.

    Args:
        responses: mocked responses of tasks, in the form of Step Functions Local.
        endpoints: name of a service -> URL, for the tasks that are not mocked, events and logs.
        credentials: id and secret of the key for these endpoints.
        port: its port.
    """
    key_id, secret = credentials
    with serving(
        lambda server: [
            *("env", f"GATEWAY_LISTEN=127.0.0.1:{server.port}"),
            *(f"FILESYSTEM_ROOT={server.folder}/files", f"SFN_MOCK_CONFIG={server.folder}/responses.json"),
            *(str(STEP_FUNCTIONS.executable), str(PROGRAM)),
        ],
        environment={
            **SETTINGS,
            "ENDPOINTS": json.dumps(dict(endpoints)),
            "ENDPOINTS_KEY_ID": key_id,
            "ENDPOINTS_SECRET": secret,
        },
        port=port,
        prepare=lambda server: _write(server.folder / "responses.json", responses),
    ) as server:
        yield f"http://127.0.0.1:{server.port}"


def _write(file: Path, responses: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(responses), encoding="utf-8")


def client(service: str, url: str) -> Any:
    """Return a client that does not use the adapters."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, region_name=REGION, endpoint_url=url, **keys)


def events(client: Any, execution_arn: str) -> list[dict[str, Any]]:
    """Return the history of an execution."""
    results = client.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
    return [event for page in results for event in page["events"]]


def states_entered(events: list[dict[str, Any]]) -> list[str]:
    """Return the names of the states that were entered, in order."""
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def use(monkeypatch: pytest.MonkeyPatch, url: str, dynamodb_url: str) -> None:
    """Point the adapters of the runtime to the interpreter and to DynamoDB until the test ends."""
    session = Session()
    session.set_credentials("test", "test")
    session.set_config_variable("region", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_url)
    monkeypatch.setattr(aws, "session", lambda: session)
    monkeypatch.setattr(aws, "_clients", {})
