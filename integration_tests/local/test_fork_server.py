"""The processes that servers fork for Pulumi's engine and for the emulator's functions."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from integration_tests.support import fork_server
from integration_tests.support.clouds import Cloud
from integration_tests.support.functions import small_function
from integration_tests.support.pulumi_cli import TOP, plugin_server_address
from integration_tests.support.waiting import wait_for

PROBE = """
import os
import sys

def handler(event, context):
    if "exit" in event:
        os._exit(event["exit"])
    loaded = sorted({"botocore.session", "integration_tests"} & {*sys.modules})
    return {"pid": os.getpid(), "name": os.environ["AWS_LAMBDA_FUNCTION_NAME"], "loaded": loaded}
"""


def start(address: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-S", fork_server.__file__, address, *arguments]
    env = {**os.environ, "PYTHONPATH": str(TOP)}
    return subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)


def plugin(address: str) -> subprocess.Popen[bytes]:
    return start(address, "-m", "local_provider.plugin", "127.0.0.1:9")


def is_closed(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


def test_each_start_is_a_process_of_its_own_that_ends_when_it_is_killed() -> None:
    with plugin(plugin_server_address()) as first, plugin(plugin_server_address()) as second:
        assert first.stdout is not None
        assert second.stdout is not None
        ports = int(first.stdout.readline()), int(second.stdout.readline())
        assert ports[0] != ports[1]
        first.kill()
        wait_for(lambda: is_closed(ports[0]), 30)
        assert not is_closed(ports[1])
        second.terminate()
        assert second.wait(30) == 1
        assert is_closed(ports[1]), "the end of the process is that of the plugin"


def test_a_plugin_without_a_server_loads_the_stand_in_itself() -> None:
    with plugin("/nowhere") as alone:
        assert alone.stdout is not None
        port = int(alone.stdout.readline())
        assert not is_closed(port)
        alone.kill()


def test_a_program_that_fails_ends_with_its_traceback_and_status(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import sys\nraise ValueError(sys.argv[1])", encoding="utf-8")
    with start(plugin_server_address(), str(program), "reason") as failing:
        assert b"ValueError: reason" in failing.communicate()[1]
    assert failing.returncode == 1


def test_a_function_has_botocore_its_own_variables_and_a_process_that_is_replaced(cloud: Cloud, tmp_path: Path) -> None:
    source = tmp_path / "probe.py"
    source.write_text(PROBE, encoding="utf-8")
    functions = cloud.client("lambda")

    def call(arn: str, **event: int) -> dict[str, object]:
        answer = functions.invoke(FunctionName=arn, Payload=json.dumps(event))
        content: dict[str, object] = json.loads(answer["Payload"].read())
        return content

    with small_function(cloud, source, "handler") as arn:
        first = call(arn)
        assert first["name"] == arn.rpartition(":")[2]
        assert first["loaded"] == ["botocore.session"]
        assert call(arn)["pid"] == first["pid"]
        assert "errorMessage" in call(arn, exit=3)
        assert call(arn)["pid"] != first["pid"]
