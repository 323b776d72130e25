"""Run a function as Lambda does: AWS's Python runtime client under AWS's Runtime Interface Emulator."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from async_download.names import hyphenated

from integration_tests.parity.servers import Server, free_port, serving
from tests.components.support.harness import Deployment
from tools.parity.implementations import EMULATOR, LAMBDA_CLIENT

INVOCATION = "/2015-03-31/functions/function/invocations"
EMULATOR_PREFIXES = ("START ", "END ", "REPORT ")
RAPID_MARK = " (rapid) "


@dataclass(frozen=True)
class Function:
    """A running function."""

    server: Server

    def invoke(self, event: Any) -> Any:
        """Invoke the handler; return its result, or Lambda's object for its exception."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            connection.request("POST", INVOCATION, json.dumps(event))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    @property
    def log_lines(self) -> list[str]:
        """The log lines of function and runtime client, without those of the emulator."""
        lines = self.server.log.splitlines()
        return [line for line in lines if line and not line.startswith(EMULATOR_PREFIXES) and RAPID_MARK not in line]


@contextmanager
def running(
    key: str, deployed: Deployment, endpoint: str, variables: Mapping[str, str] | None = None
) -> Iterator[Function]:
    """Run the function of a handler: the files of its archive, its registered settings, Python 3.13.

    Args:
        key: the handler, e.g. `deliver`.
        deployed: the component whose function it is.
        endpoint: the URL where it reaches AWS.
        variables: replace some of its registered environment.
    """
    inputs = deployed.resource("lambda/function:Function", hyphenated(key)).inputs
    runtime_api = free_port()
    with serving(
        lambda server: [
            *("sh", "-c", 'cd task && exec "$0" "$@"', str(EMULATOR.executable)),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{server.port}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime_api}"),
            *(str(LAMBDA_CLIENT.executable), "-m", "awslambdaric", inputs["handler"]),
        ],
        environment=_environment(inputs, endpoint) | dict(variables or {}),
        prepare=lambda server: _unpack(inputs["code"], server.folder / "task"),
    ) as server:
        yield Function(server)


def _unpack(archive: pulumi.AssetArchive, folder: Path) -> None:
    for name, asset in archive.assets.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(asset, pulumi.StringAsset):
            target.write_text(asset.text, encoding="utf-8")
        else:
            shutil.copyfile(asset.path, target)  # type: ignore[union-attr]


def _environment(inputs: Mapping[str, Any], endpoint: str) -> dict[str, str]:
    logging = inputs["loggingConfig"]
    registered = dict(inputs["environment"]["variables"])
    if "MANAGEMENT_URL" in registered:
        registered["MANAGEMENT_URL"] = endpoint
    return {
        **registered,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": inputs["name"],
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(int(inputs["timeout"])),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(int(inputs["memorySize"])),
        "AWS_LAMBDA_LOG_FORMAT": logging["logFormat"],
        "AWS_LAMBDA_LOG_LEVEL": logging.get("applicationLogLevel") or "INFO",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
