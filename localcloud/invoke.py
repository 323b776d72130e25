"""`make invoke`: one handler, run by this process with the environment and the permissions of the deployed function."""

import importlib
import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_provider.aws import Aws
from localcloud.deployed_origins import VARIABLE, write_origins
from localcloud.errors import UsageError
from localcloud.outputs_file import read_running
from localcloud.paths import WORD


@dataclass
class Context:
    """The context that Lambda passes with the event; its time limit starts when it is created."""

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    seconds: float
    function_version: str = "$LATEST"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    _start: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that the function has left."""
        return max(0, round((self.seconds - (time.monotonic() - self._start)) * 1000))


def invoke(handler: str, event_file: Path, changes: list[str], debug: int | None, directory: Path = WORD) -> int:
    """Run `runtime.handlers.<handler>.handler` and print its result as JSON.

    Args:
        handler: name of the handler, e.g. `deliver`.
        event_file: the event, JSON.
        changes: `path.to.key=value` each, set in the event.
        debug: port on which to wait for a debugger first.
        directory: where the stack left word of itself.

    Raises:
        NotRunningError: No stack is running.
        UsageError: There is no such handler, or the event is not one.
    """
    outputs = read_running(directory)
    event = read_event(event_file, changes)
    names: Mapping[str, str] = outputs["functionNames"]
    if handler not in names:
        raise UsageError(f"There is no handler {handler}; there are {', '.join(sorted(names))}.")
    aws = Aws(outputs["awsEndpoint"], outputs["region"], outputs["accessKeyId"], outputs["secretAccessKey"])
    function = aws.client("lambda").get_function_configuration(FunctionName=names[handler])
    os.environ.update(_environment(aws, function))
    context = Context(
        function["FunctionName"], function["FunctionArn"], str(function["MemorySize"]), float(function["Timeout"])
    )
    with tempfile.TemporaryDirectory() as folder:
        if VARIABLE in os.environ:
            os.environ.update(write_origins(outputs["origins"], Path(folder)))
        if debug is not None:
            _wait_for_debugger(debug)
        result = importlib.import_module(f"runtime.handlers.{handler}").handler(event, context)
    print(json.dumps(result, indent=2))
    return 0


def read_event(path: Path, changes: list[str]) -> Any:
    """Read an event from a file and set values in it: `requestContext.connectionId=abc`.

    Raises:
        UsageError: The file is not there or is not JSON, or a change is not `key=value`.
    """
    try:
        event = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"The event {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The event {path} is not JSON: {error}.") from error
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise UsageError(f"{change!r} sets nothing: write path.to.key=value.")
        _put(event, name.split("."), value)
    return event


def _put(event: Any, keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        if not isinstance(event.get(key), dict):
            event[key] = {}
        event = event[key]
    event[keys[-1]] = value


def _environment(aws: Aws, function: Mapping[str, Any]) -> dict[str, str]:
    """Return the function's environment variables and credentials of its role, so that it has the same permissions."""
    session = aws.client("sts").assume_role(RoleArn=function["Role"], RoleSessionName="local-invoke")["Credentials"]
    return {
        **function.get("Environment", {}).get("Variables", {}),
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_REGION": aws.region,
        "AWS_DEFAULT_REGION": aws.region,
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
        "AWS_LAMBDA_FUNCTION_NAME": function["FunctionName"],
    }


def _wait_for_debugger(port: int) -> None:
    import debugpy

    debugpy.listen(("127.0.0.1", port))
    print(f"Waiting for a debugger on port {port} (VS Code: Attach to handler) …", file=sys.stderr, flush=True)
    debugpy.wait_for_client()
