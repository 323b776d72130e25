"""The component in other programs: as a remote component, from TypeScript, and from its wheel."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import automation

from integration_tests.engine.conftest import Config
from integration_tests.support.clouds import Cloud
from integration_tests.support.journeys.basic import receive_failed, receive_ready
from integration_tests.support.pulumi_cli import PROJECT, TOP, install_component, run
from integration_tests.support.rest import Exchange
from integration_tests.support.settings import FILES
from integration_tests.support.stack import Stack
from integration_tests.support.wheels import wheel
from localcloud.config import nested
from tools.release.packages import COMPONENT
from tools.release.requirements import uv

HERE = Path(__file__).parent
TOKEN = "async-download:index:AsyncDownload"


def journey(cloud: Cloud, outputs: dict[str, Any]) -> None:
    client = Stack(cloud, outputs, origin=FILES)
    receive_ready.run(client, 20)
    receive_failed.run(client, 20)


def test_a_python_program_uses_it_as_a_remote_component(empty: automation.Stack, config: Config, cloud: Cloud) -> None:
    class Remote(pulumi.ComponentResource):
        apiUrl: pulumi.Output[str]  # noqa: N815  (as the engine names it)

        def __init__(self) -> None:
            outputs = dict.fromkeys(("apiUrl", "webSocketUrl", "downloadsTableName", "connectionsTableName"))
            inputs: pulumi.Inputs = {**nested(config), **outputs}
            options = pulumi.ResourceOptions(version=install_component(empty))
            super().__init__(TOKEN, "files", inputs, options, remote=True)
            for name in outputs:
                pulumi.export(name, getattr(self, name))

    def program() -> None:
        Remote()

    empty.workspace.program = program
    journey(cloud, {name: output.value for name, output in empty.up().outputs.items()})


def test_a_typescript_program_uses_it_as_a_remote_component(
    empty: automation.Stack, config: Config, cloud: Cloud, tmp_path: Path
) -> None:
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("There is no Node.js: install it (https://nodejs.org) to run the component from TypeScript.")
    for name in ("program.ts", "package.json"):
        shutil.copy(HERE / "typescript" / name, tmp_path)
    run(empty, "npm", "install", "--silent", "--no-audit", "--no-fund", folder=tmp_path)
    settings = {
        "stack": empty.name,
        "project": PROJECT,
        "folder": empty.workspace.work_dir,
        "version": install_component(empty),
        "component": nested(config),
    }
    printed = run(empty, "npx", "tsx", "program.ts", json.dumps(settings), folder=tmp_path)
    journey(cloud, json.loads(printed.splitlines()[-1]))


def test_its_wheel_alone_serves_a_second_different_stack(
    empty: automation.Stack, config: Config, cloud: Cloud, tmp_path: Path
) -> None:
    run(empty, uv(), "venv", "--quiet", tmp_path / "venv", folder=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    run(empty, uv(), "pip", "install", "--quiet", "--python", python, wheel(COMPONENT), folder=tmp_path)
    settings = {"stack": empty.name, "folder": empty.workspace.work_dir, "component": nested(config)}
    program: list[str | Path] = [python, "-I", HERE / "wheel_program.py", json.dumps(settings)]
    outputs = json.loads(run(empty, *program, folder=tmp_path).splitlines()[-1])
    assert "site-packages" in outputs["runtime"]
    for side in ("left", "right"):
        journey(cloud, outputs[side])
        with Exchange("GET", outputs[side]["webPageUrl"]) as answer:
            assert answer.read() == (TOP / "client" / "web" / "index.html").read_bytes()
    names = [outputs[side]["downloadsTableName"] for side in ("left", "right")]
    assert names == ["reports-downloads", "ledgers-downloads"]
    dynamodb = cloud.client("dynamodb")
    arn = dynamodb.describe_table(TableName=names[1])["Table"]["TableArn"]
    tags = dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]
    assert {"Key": "team", "Value": "ledgers"} in tags
