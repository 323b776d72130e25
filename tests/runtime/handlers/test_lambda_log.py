"""The log of a function under AWS's Python runtime: its own lines, and each failed task once."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from tests.runtime.test_architecture import HANDLERS, ROOT

TASKS = sorted({"copy", "copy_slice", "complete", "deliver", "fail", "close"} & set(HANDLERS))
EVENT = {"executionArn": "arn:aws:states:eu-west-1:123456789012:execution:files:a", "slice": 0, "slices": [0]}
EVENT |= {"connectionIds": ["a"], "since": "2026-01-01T00:00:00.000Z"}
SETTINGS = {
    "DOWNLOADS_TABLE": "downloads",
    "CONNECTIONS_TABLE": "connections",
    "MANAGEMENT_URL": "https://127.0.0.1:1",
    "IDLE_CLOSER_ARN": "arn:closing",
    "CLOSE_IDLE_SECONDS": "0",
    "MAX_DOWNLOADS_PER_CALLER": "0",
    "DAILY_BYTES_PER_CALLER": "0",
    "BUCKET": "bucket",
    "SIGNER_ROLE_ARN": "arn:aws:iam::123456789012:role/signer",
    "URL_EXPIRES_SECONDS": "900",
}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}


@pytest.fixture(params=["stand-in", "awslambdaric"])
def runtime(request: pytest.FixtureRequest) -> list[str]:
    """Return the arguments for the stand-in, or for AWS's own runtime client where it is installed."""
    if request.param == "stand-in":
        return []
    if importlib.util.find_spec("awslambdaric") is None:
        pytest.skip("awslambdaric is not installed; `.tools/bin/uv pip install awslambdaric==4.2.2` enables it")
    return ["awslambdaric"]


def log_of_calls(
    runtime: list[str], handlers: Sequence[str], event: dict[str, Any], environment: dict[str, str]
) -> list[Any]:
    """Return the lines that one call of each handler logs, each of them a JSON object."""
    variables = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    variables |= {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
    process = subprocess.run(
        [sys.executable, "-m", "tests.runtime.support.lambda_runtime", ",".join(handlers), json.dumps(event), *runtime],
        cwd=ROOT,
        env=variables | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in process.stdout.splitlines()]


def test_failed_task_is_logged_once_with_its_error_type(runtime: list[str]) -> None:
    """The state machine gets the same type. A warning before it says which download the task was for."""
    lines = log_of_calls(runtime, TASKS, EVENT, {})
    errors = [line for line in lines if line["level"] == "ERROR"]
    assert [line["errorType"] for line in errors] == ["ConfigError"] * len(TASKS)
    assert all("is missing" in line["errorMessage"] for line in errors)
    warnings = [(line["step"], line["downloadId"], line["fault"]) for line in lines if line["level"] == "WARN"]
    assert warnings == [("taskFailed", "a", "internal")] * len(TASKS)
    assert len(lines) == 2 * len(TASKS)


def test_library_error_is_logged_with_its_place_and_without_its_message(runtime: list[str]) -> None:
    """Botocore and Python put values into their messages."""
    warning, line = log_of_calls(runtime, ["deliver"], {}, SETTINGS)
    assert (warning["step"], warning["errorType"]) == ("taskFailed", "KeyError")
    assert (line["errorType"], line["errorMessage"]) == ("TransferError", "KeyError")
    assert any("handlers/deliver.py" in frame for frame in line["stackTrace"])


def test_info_lines_of_botocore_are_not_logged(runtime: list[str]) -> None:
    """At INFO it logs where it found credentials and an endpoint."""
    environment = SETTINGS | CREDENTIALS | {"AWS_ENDPOINT_URL": "https://127.0.0.1:1", "AWS_LAMBDA_FUNCTION_NAME": "f"}
    lines = log_of_calls(runtime, ["deliver"], {}, environment)
    assert [line for line in lines if str(line.get("logger", "")).startswith(("botocore", "urllib3"))] == []
    assert [line["level"] for line in lines if line["level"] not in ("INFO", "WARN")] == ["ERROR"]
